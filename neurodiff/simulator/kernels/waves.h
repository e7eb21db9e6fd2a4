// One step of both waves and of learning, in one pass over the weights.
//
// A weight is read once and written once in a step. What it learned in the step before is added when
// it is read; then it serves both sums:
//
//     w(t)        = w(t-1) - (rate row_met(t-1) col_met(t-1) + decay w(t-1))
//     col_sum    += w(t) row_now(t)        drive of the postsynaptic units
//     row_sum    += w(t) col_now(t)        feedback of the presynaptic units
//
// Rows are presynaptic units, columns postsynaptic ones. All that differs between networks is data:
// `blocks` has a line of `Block` for each projection, made by neurodiff.simulator.kernels.blocks.
// `real` is the type of the weights; signals are double.

enum Form { DENSE = 0, SPARSE = 1, DRAWN = 2 };
enum Moves { FIXED = 0, NOW = 1, BEFORE = 2 };

// Where a vector is read: `shift` is added to the unit, or is where the index of each edge begins.
struct Reading { int64_t array, shift, moves; };

struct Block {
    int64_t form, first_row, rows, first_column, columns, first_edge;
    int64_t bundle, drives, returns, learns;
    int64_t start, stop, late, late_index;
    Reading row_now, column_now, row_met, column_met;
    int64_t row_starts, edge_columns;
};

struct Rule { double rate, decay; };

// A ring buffer: each value is written twice, `length` rows apart, so that no read wraps around.
struct Past { double* values; const double* source; int64_t width, length; };

struct Network {
    double* const* arrays;          // what readings may name
    Past activity, error;           // arrays[0] and arrays[1]
    real* const* weights;           // by bundle
    double *drive, *feedback;       // (n_units), (n_errors)
    const Block* blocks;
    const Rule* rules;              // by block
    int64_t n_blocks, n_inputs, threads, longest;
    const int32_t* index;
    real* scratch;                  // threads * (4 * longest + n_units) + n_errors
    int64_t n_followers;            // backward weights that follow the signs of forward ones
    const int32_t* followed;        // (n_followers)
    const double* scale;
    const Record* records;          // each has a file of its own, by its number
    int64_t n_records;
    double* const* signals;         // what records may name
    const int8_t* folder;           // where the files are
};

inline int64_t row_of(const Past& past, int64_t step) {
    return past.width * ((step + past.length) % past.length);
}

inline void remember(const Past& past, int64_t step) {
    double* place = past.values + row_of(past, step);
    for (int64_t i = 0; i < past.width; i++)
        place[i] = place[i + past.width * past.length] = past.source[i];
}

inline const double* vector_of(const Network& net, const Reading& from, int64_t unit, int64_t step) {
    const double* values = net.arrays[from.array] + unit;
    if (from.moves == FIXED) return values;
    const Past& past = from.array == 0 ? net.activity : net.error;
    return values + row_of(past, from.moves == NOW ? step : step - 1);
}

inline const double* as_real(const double* values, double*, int64_t) { return values; }
inline const float* as_real(const double* values, float* copy, int64_t n) {
    for (int64_t i = 0; i < n; i++) copy[i] = (float)values[i];
    return copy;
}

#ifdef NEURODIFF_PASS

// Whether the step before learned.
inline bool learned(const Block& block, int64_t before, int64_t late) {
    return block.learns && before >= 0 && before >= block.start + late && before < block.stop + late;
}

struct Vectors { const real *row_now, *column_now, *row_met, *column_met; };

// What decay leaves of a weight. Compilers like to multiply by 1 - decay, which float32 rounds the same
// way in every step: 200 steps of a decay of 5e-4 would be off by 5e-6.
inline real lessened(real value, real decay) {
#if defined(FP_FAST_FMA) && defined(FP_FAST_FMAF)
    return std::fma(-decay, value, value);
#else
    return value - decay * value;
#endif
}

template <int ROWS, bool LEARN, bool DECAY, bool DRIVE, bool BACK>
inline void dense_rows(real* __restrict__ w, int64_t columns, int64_t row, const Vectors& v, real decay,
                       real rate, real* __restrict__ column_sum, real* __restrict__ row_sum) {
    const real* __restrict__ met = v.column_met;
    const real* __restrict__ back = v.column_now;
    real moved[ROWS], sent[ROWS], sum[ROWS];
    for (int k = 0; k < ROWS; k++) {
        moved[k] = LEARN ? rate * v.row_met[row + k] : 0;
        sent[k] = DRIVE ? v.row_now[row + k] : 0;
        sum[k] = 0;
    }
    for (int64_t c = 0; c < columns; c++) {
        real driven = 0;
        for (int k = 0; k < ROWS; k++) {
            real value = w[k * columns + c];
            if (LEARN) {
                value = (DECAY ? lessened(value, decay) : value) - moved[k] * met[c];
                w[k * columns + c] = value;
            }
            if (DRIVE) driven += value * sent[k];
            if (BACK) sum[k] += value * back[c];
        }
        if (DRIVE) column_sum[c] += driven;
    }
    if (BACK) for (int k = 0; k < ROWS; k++) row_sum[row + k] += sum[k];
}

template <bool LEARN, bool DECAY, bool DRIVE, bool BACK>
void dense(const Block& b, real* w, int64_t begin, int64_t end, const Vectors& v, real decay, real rate,
           real* column_sum, real* row_sum) {
    int64_t row = begin;
    for (; row + 4 <= end; row += 4)
        dense_rows<4, LEARN, DECAY, DRIVE, BACK>(w + row * b.columns, b.columns, row, v, decay, rate,
                                                 column_sum, row_sum);
    for (; row < end; row++)
        dense_rows<1, LEARN, DECAY, DRIVE, BACK>(w + row * b.columns, b.columns, row, v, decay, rate,
                                                 column_sum, row_sum);
}

template <bool LEARN, bool DRIVE, bool BACK>
void sparse(const Network& net, const Block& b, real* __restrict__ w, int64_t begin, int64_t end,
            const Vectors& v, real decay, real rate, real* __restrict__ column_sum,
            real* __restrict__ row_sum) {
    const int32_t* starts = net.index + b.row_starts;
    const int32_t* __restrict__ columns = net.index + b.edge_columns;
    for (int64_t row = begin; row < end; row++) {
        const real moved = LEARN ? rate * v.row_met[row] : 0, sent = DRIVE ? v.row_now[row] : 0;
        real sum = 0;
        for (int64_t s = starts[row]; s < starts[row + 1]; s++) {
            const int32_t c = columns[s];
            real value = w[s];
            if (LEARN) w[s] = value = lessened(value, decay) - moved * v.column_met[c];
            if (DRIVE) column_sum[c] += value * sent;
            if (BACK) sum += value * v.column_now[c];
        }
        if (BACK) row_sum[row] += sum;
    }
}

struct Drawn { const double* values; const int32_t* index; };

inline Drawn drawn_of(const Network& net, const Reading& from, int64_t step) {
    return Drawn{vector_of(net, from, 0, step), net.index + from.shift};
}

// Every edge reads at an index of its own, and may learn from a step of its own on.
template <bool LEARN, bool DRIVE, bool BACK>
void drawn(const Network& net, const Block& b, const Rule& rule, real* __restrict__ w, int64_t step,
           int64_t begin, int64_t end, real* __restrict__ column_sum, real* __restrict__ row_sum) {
    const int32_t* starts = net.index + b.row_starts;
    const int32_t* __restrict__ columns = net.index + b.edge_columns;
    const Drawn row_now = drawn_of(net, b.row_now, step), column_now = drawn_of(net, b.column_now, step);
    const Drawn row_met = drawn_of(net, b.row_met, step), column_met = drawn_of(net, b.column_met, step);
    const int32_t* late = b.late_index >= 0 ? net.index + b.late_index : nullptr;
    const real decay = (real)rule.decay, rate = (real)rule.rate;
    for (int64_t row = begin; row < end; row++) {
        real sum = 0;
        for (int64_t s = starts[row]; s < starts[row + 1]; s++) {
            real value = w[s];
            if (LEARN && (!late || learned(b, step - 1, late[s]))) {
                w[s] = value = lessened(value, decay) -
                               rate * (real)row_met.values[row_met.index[s]] *
                                   (real)column_met.values[column_met.index[s]];
            }
            if (DRIVE) column_sum[columns[s]] += value * (real)row_now.values[row_now.index[s]];
            if (BACK) sum += value * (real)column_now.values[column_now.index[s]];
        }
        if (BACK) row_sum[row] += sum;
    }
}

template <bool LEARN, bool DRIVE, bool BACK>
void block_of_form(const Network& net, const Block& b, const Rule& rule, int64_t step, int64_t begin,
                   int64_t end, real* vectors, real* drive, real* feedback) {
    real* w = net.weights[b.bundle] + b.first_edge;
    real* column_sum = drive + b.first_column;
    real* row_sum = BACK ? feedback + (b.first_row - net.n_inputs) : nullptr;
    if (b.form == DRAWN) {
        drawn<LEARN, DRIVE, BACK>(net, b, rule, w, step, begin, end, column_sum, row_sum);
        return;
    }
    const int64_t n = net.longest;
    auto read = [&](bool wanted, const Reading& from, int64_t first, int64_t length, int place) {
        if (!wanted) return (const real*)nullptr;
        return as_real(vector_of(net, from, first + from.shift, step), vectors + place * n, length);
    };
    const Vectors v = {read(DRIVE, b.row_now, b.first_row, b.rows, 0),
                       read(BACK, b.column_now, b.first_column, b.columns, 1),
                       read(LEARN, b.row_met, b.first_row, b.rows, 2),
                       read(LEARN, b.column_met, b.first_column, b.columns, 3)};
    const real decay = (real)rule.decay, rate = (real)rule.rate;
    if (b.form == DENSE && LEARN && decay != 0)
        dense<LEARN, true, DRIVE, BACK>(b, w, begin, end, v, decay, rate, column_sum, row_sum);
    else if (b.form == DENSE)
        dense<LEARN, false, DRIVE, BACK>(b, w, begin, end, v, decay, rate, column_sum, row_sum);
    else
        sparse<LEARN, DRIVE, BACK>(net, b, w, begin, end, v, decay, rate, column_sum, row_sum);
}

void pass_block(const Network& net, const Block& b, const Rule& rule, int64_t step, int64_t begin,
                int64_t end, real* vectors, real* drive, real* feedback) {
    const bool learns = b.late_index >= 0 ? b.learns && step > 0 : learned(b, step - 1, b.late);
    typedef void (*Pass)(const Network&, const Block&, const Rule&, int64_t, int64_t, int64_t, real*,
                         real*, real*);
    static const Pass passes[8] = {
        block_of_form<false, false, false>, block_of_form<false, false, true>,
        block_of_form<false, true, false>,  block_of_form<false, true, true>,
        block_of_form<true, false, false>,  block_of_form<true, false, true>,
        block_of_form<true, true, false>,   block_of_form<true, true, true>};
    passes[4 * learns + 2 * b.drives + b.returns](net, b, rule, step, begin, end, vectors, drive,
                                                  feedback);
}

// Each thread takes the same part of the rows of every block, so that no two write one sum of rows.
void pass_bundle(const Network& net, int64_t bundle, int64_t step, real* feedback) {
    const int64_t threads = net.threads, part = 4 * net.longest + net.activity.width;
#ifdef NEURODIFF_THREADS
#pragma omp parallel for num_threads(threads) schedule(static, 1)
#endif
    for (int64_t k = 0; k < threads; k++) {
        real* vectors = net.scratch + k * part;
        for (int64_t i = 0; i < net.n_blocks; i++) {
            const Block& b = net.blocks[i];
            if (b.bundle == bundle)
                pass_block(net, b, net.rules[i], step, b.rows * k / threads, b.rows * (k + 1) / threads,
                           vectors, vectors + 4 * net.longest, feedback);
        }
    }
}

// Backward weights that are the signs of forward ones, times a scale.
inline void follow_signs(const Network& net) {
    for (int64_t k = 0; k < net.n_followers; k++) {
        const real w = net.weights[0][net.followed[k]];
        net.weights[1][k] = (real)net.scale[k] * ((w > 0) - (w < 0));
    }
}

inline bool any_learned(const Network& net, int64_t before) {
    for (int64_t i = 0; i < net.n_blocks; i++)
        if (net.blocks[i].bundle == 0 && learned(net.blocks[i], before, 0)) return true;
    return false;
}

double pass(const Network& net, int64_t step) {
    const int64_t n_units = net.activity.width, threads = net.threads;
    const int64_t part = 4 * net.longest + n_units;
    real* feedback = net.scratch + threads * part;
    if (step > 0) {
        remember(net.activity, step - 1);
        remember(net.error, step - 1);
    }
    for (int64_t i = 0; i < net.error.width; i++) feedback[i] = 0;
    for (int64_t k = 0; k < threads; k++)
        for (int64_t i = 0; i < n_units; i++) net.scratch[k * part + 4 * net.longest + i] = 0;
    pass_bundle(net, 0, step, feedback);
    if (net.n_followers && any_learned(net, step - 1)) follow_signs(net);
    if (net.weights[1]) pass_bundle(net, 1, step, feedback);
    for (int64_t i = 0; i < n_units; i++) {
        double sum = 0;
        for (int64_t k = 0; k < threads; k++) sum += net.scratch[k * part + 4 * net.longest + i];
        net.drive[i] = sum;
    }
    for (int64_t i = 0; i < net.error.width; i++) net.feedback[i] = feedback[i];
    return (double)step;
}

#endif
#ifdef NEURODIFF_KEEP

// The two factors of each connection of a block as they meet in this step, multiplied, row by row.
void append_products(Appended& file, const Network& net, const Block& b, int64_t step) {
    real* line = net.scratch;
    const double* row = vector_of(net, b.row_met, 0, step + 1);
    const double* column = vector_of(net, b.column_met, 0, step + 1);
    const int32_t *starts = net.index + b.row_starts, *columns = net.index + b.edge_columns;
    for (int64_t r = 0; r < b.rows; r++) {
        const int64_t begin = b.form == DENSE ? r * b.columns : starts[r];
        const int64_t end = b.form == DENSE ? begin + b.columns : starts[r + 1];
        for (int64_t s = begin; s < end; s++) {
            const int64_t c = b.form == DENSE ? s - begin : columns[s];
            const int64_t at_row =
                b.form == DRAWN ? net.index[b.row_met.shift + s] : b.first_row + b.row_met.shift + r;
            const int64_t at_column = b.form == DRAWN ? net.index[b.column_met.shift + s]
                                                      : b.first_column + b.column_met.shift + c;
            line[s - begin] = (real)(row[at_row] * column[at_column]);
        }
        file.write(line, end - begin);
    }
}

// The activities that meet errors, of the rows of each block, which is dense; errors; and outputs.
void append_factors(Appended& file, const Network& net, const Record& record, int64_t step) {
    int64_t left = record.size - net.error.width;
    for (int64_t i = 0; i < net.n_blocks; i++) {
        const Block& b = net.blocks[i];
        if (b.bundle != 0) continue;
        file.write(vector_of(net, b.row_met, b.first_row + b.row_met.shift, step + 1), b.rows);
        left -= b.rows;
    }
    file.write(net.error.source, net.error.width);
    file.write(net.activity.source + record.which, left);
}

// Append what is due in this step, with the weights as they are used in it.
double keep(const Network& net, int64_t step) {
    for (int64_t k = 0; k < net.n_records; k++) {
        const Record& record = net.records[k];
        if (!due(record, step)) continue;
        Appended file(net.folder, k, net.n_records);
        if (record.kind == SIGNAL) file.write(net.signals[record.which], record.size);
        if (record.kind == WEIGHTS) file.write(net.weights[record.which], record.size);
        if (record.kind == PRODUCTS)
            for (int64_t i = 0; i < net.n_blocks; i++)
                if (net.blocks[i].bundle == 0) append_products(file, net, net.blocks[i], step);
        if (record.kind == FACTORS) append_factors(file, net, record, step);
    }
    return (double)step;
}

#endif
