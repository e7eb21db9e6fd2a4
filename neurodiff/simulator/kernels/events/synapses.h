// What events do to the synapses that they reach. What each array holds, and why two copies of the
// weights make every event a walk along one row, is said in neurodiff/simulator/kernels/events.

enum Form { DENSE = 0, SPARSE = 1 };

struct Block {
    int64_t form, learns, returns;
    int64_t first_pre, n_pre, first_post, n_post;
    int64_t first_sender, n_forward, first_receiver, n_backward, first_target;
    int64_t forward_lags, backward_lags, by_sender, by_receiver;
    int64_t sender_starts, sender_units, receiver_starts, receiver_senders;
};

// A population that is no input; `start` counts error units.
struct Population { int64_t start, size, activation, output; };

// The events of the last steps, a row for each step: who sent, by their numbers, and what.
struct Ring { double *counts, *units, *values; int64_t length, width; };

struct Rule { double rate, decay; int64_t start, stop; };
struct Thresholds { double forward, error; int64_t average; double ahead, least; };

struct Network {
    const Block* blocks;
    int64_t n_blocks;
    const Population* populations;
    int64_t n_populations;
    const int32_t* index;
    int64_t n_units, n_inputs, renewed_every, biased;
    double least_left;
    Rule rule;
    Thresholds thresholds;
    Ring sent_x, sent_delta;
    double *by_sender, *by_receiver;
    double *arrived, *gathered, *returned, *met;      // of senders
    double *driven, *squares;                         // of targets
    double *arrived_back;                             // of receivers
    double* learned;                                  // of error units
    double *square, *meeting, *drift, *back_drift;    // of blocks
    double *left, *learning, *learning_before;        // one number each
    double *unit_sent, *unit_moved, *unit_times;      // of units
    double *error_sent, *error_times;                 // of error units
    double *tanh_before, *tanh_there;                 // of error units; see tanh.h
    double *mean_square, *least;                      // of populations
    double *a, *x;                                    // of units
    double *delta, *bias, *target;                    // of error units
    const double *has_bias, *u, *y;
    const int32_t* output;                            // place among the outputs of each error unit
    double* scratch;                                  // 2 numbers for each sender or unit
    double *forward, *backward;                       // whether events arrive in this step, by block
    double* of_errors;                                // sums of squares of errors, of populations
    double* const* signals;                           // what records may name
    const Record* records;
    int64_t n_records;
    const int8_t* folder;
};

struct Sent { const double *units, *values; int64_t n; };

// What units of a range sent in a step.
inline Sent sent_in(const Ring& ring, int64_t step, int64_t first, int64_t n) {
    const int64_t row = (step + ring.length) % ring.length;
    const double *units = ring.units + row * ring.width, *end = units + (int64_t)ring.counts[row];
    const double* begin = std::lower_bound(units, end, (double)first);
    const int64_t found = std::lower_bound(begin, end, (double)(first + n)) - begin;
    return Sent{begin, ring.values + row * ring.width + (begin - units), found};
}

inline double left_of(const Network& net, const Block& b) { return b.learns ? *net.left : 1.0; }
inline double rate_of(const Network& net, const Block& b) { return b.learns ? net.rule.rate : 0.0; }

// D of the receiving units, and X of the senders, of a block, as they were when `learning` was `time`.
inline const double* learned_at(const Network& net, const Block& b, double time, double* result) {
    const double *learned = net.learned + b.first_post, *sent = net.error_sent + b.first_post;
    for (int64_t i = 0; i < b.n_post; i++) result[i] = learned[i] + time * sent[i];
    return result;
}

inline const double* gathered_at(const Network& net, const Block& b, double time, double* result) {
    const double *gathered = net.gathered + b.first_sender, *arrived = net.arrived + b.first_sender;
    for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) result[p] = gathered[p] + time * arrived[p];
    return result;
}

// sum += change * row, and row += gain * along, of some rows at once.
template <int ROWS, bool LEARNS>
inline void walk(double* const* rows, const double* change, const double* gain, int64_t n,
                 const double* __restrict__ along, double* __restrict__ sum) {
    double* __restrict__ row[ROWS];
    for (int k = 0; k < ROWS; k++) row[k] = rows[k];
    for (int64_t i = 0; i < n; i++) {
        double added = 0;
        for (int k = 0; k < ROWS; k++) {
            double value = row[k][i];
            if (LEARNS) row[k][i] = value = value + gain[k] * along[i];
            added += change[k] * value;
        }
        sum[i] += added;
    }
}

template <bool LEARNS>
inline void walk_rows(double* const* rows, const double* change, const double* gain, int64_t n_rows,
                      int64_t n, const double* along, double* sum) {
    int64_t k = 0;
    for (; k + 4 <= n_rows; k += 4)
        walk<4, LEARNS>(rows + k, change + k, gain + k, n, along, sum);
    for (; k < n_rows; k++) walk<1, LEARNS>(rows + k, change + k, gain + k, n, along, sum);
}

// Rows of a matrix, collected until there are enough for one walk. They are asked for from memory when
// they are added, so that they are on their way while others are walked.
struct Rows {
    static const int AT_ONCE = 4, MOST = 2 * AT_ONCE;
    double* rows[MOST];
    double change[MOST], gain[MOST];
    int n;
};

inline void walk_some(Rows& at, int some, bool learns, int64_t n, const double* along, double* sum) {
    if (learns) walk_rows<true>(at.rows, at.change, at.gain, some, n, along, sum);
    else walk_rows<false>(at.rows, at.change, at.gain, some, n, along, sum);
    at.n -= some;
    for (int k = 0; k < at.n; k++) {
        at.rows[k] = at.rows[k + some];
        at.change[k] = at.change[k + some];
        at.gain[k] = at.gain[k + some];
    }
}

inline void add(Rows& at, double* row, double change, double gain, bool learns, int64_t n,
                const double* along, double* sum) {
#ifdef __GNUC__
    for (int64_t i = 0; i < n; i += 8) __builtin_prefetch(row + i, 0, 2);
#endif
    at.rows[at.n] = row;
    at.change[at.n] = change;
    at.gain[at.n++] = gain;
    if (at.n == Rows::MOST) walk_some(at, Rows::AT_ONCE, learns, n, along, sum);
}

// Errors that have come back to the senders of a matrix.
void take_back_dense(const Network& net, const Block& b, const Sent& events) {
    const int64_t n = b.n_pre;
    double *back = net.arrived_back + b.first_receiver, *returned = net.returned + b.first_sender;
    const double *sent = net.error_sent + b.first_post, rate = rate_of(net, b);
    // in the next step, rows take notice of what was sent only now, as if it had been in that step
    const bool late = b.learns && net.index[b.backward_lags] == 1;
    const double* before = late ? gathered_at(net, b, *net.learning_before, net.scratch) : nullptr;
    double moved = 0, meeting = 0;
    Rows rows;
    rows.n = 0;
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t i = (int64_t)events.units[k] - b.first_post;
        const double change = events.values[k] - back[i];
        moved += change * sent[i];
        add(rows, net.by_receiver + b.by_receiver + i * n, change, rate * change, late, n, before, returned);
        back[i] = events.values[k];
    }
    walk_some(rows, rows.n, late, n, before, returned);
    if (!b.learns) return;
    net.meeting[&b - net.blocks] += moved;
    const double* gathered = gathered_at(net, b, *net.learning, net.scratch);
    for (int64_t j = 0; j < n; j++) returned[j] -= rate * moved * gathered[j];
}

// Activities that have arrived at the receivers of a matrix.
void take_dense(const Network& net, const Block& b, const Sent& events) {
    const int64_t n = b.n_post, number = &b - net.blocks;
    double *arrived = net.arrived + b.first_sender, *gathered = net.gathered + b.first_sender;
    double *driven = net.driven + b.first_target, *returned = net.returned + b.first_sender;
    const double rate = rate_of(net, b);
    const double* learned = b.learns ? learned_at(net, b, *net.learning, net.scratch) : nullptr;
    double moved = 0;
    Rows rows;
    rows.n = 0;
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t j = (int64_t)events.units[k] - b.first_pre;
        const double value = events.values[k], change = value - arrived[j];
        // what the row gains is in the walk's sum already
        moved += rate * change * value;
        add(rows, net.by_sender + b.by_sender + j * n, change, rate * change, b.learns, n, learned, driven);
        net.square[number] += (value + arrived[j]) * change;
        gathered[j] -= *net.learning * change;
        returned[j] += net.back_drift[number] * change;
        arrived[j] = value;
    }
    walk_some(rows, rows.n, b.learns, n, learned, driven);
    for (int64_t i = 0; b.learns && i < n; i++) driven[i] -= moved * learned[i];
}

void take_back_sparse(const Network& net, const Block& b, const Sent& events, int64_t number) {
    const int32_t *starts = net.index + b.receiver_starts, *senders = net.index + b.receiver_senders;
    double *returned = net.returned + b.first_sender, *met = net.met + b.first_sender;
    const double *w = net.by_receiver + b.by_receiver, *gathered = net.gathered + b.first_sender;
    const double *arrived = net.arrived + b.first_sender, rate = rate_of(net, b), time = *net.learning;
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t i = (int64_t)events.units[k] - b.first_post, receiver = number * b.n_post + i;
        double& back = net.arrived_back[b.first_receiver + receiver];
        const double change = events.values[k] - back, sent = net.error_sent[b.first_post + i];
        for (int64_t s = starts[receiver]; s < starts[receiver + 1]; s++) {
            const int32_t p = senders[s];
            returned[p] += (w[s] - rate * sent * (gathered[p] + time * arrived[p])) * change;
            met[p] += sent * change;
        }
        back = events.values[k];
    }
}

void take_sparse(const Network& net, const Block& b, const Sent& events, int64_t number) {
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    double *driven = net.driven + b.first_target, *squares = net.squares + b.first_target;
    const double *learned = net.learned + b.first_post, *sent = net.error_sent + b.first_post;
    double* w = net.by_sender + b.by_sender;
    const double rate = rate_of(net, b), time = *net.learning;
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t sender = number * b.n_pre + (int64_t)events.units[k] - b.first_pre;
        double& arrived = net.arrived[b.first_sender + sender];
        const double change = events.values[k] - arrived, square = (events.values[k] + arrived) * change;
        for (int64_t s = starts[sender]; s < starts[sender + 1]; s++) {
            const int32_t i = posts[s];
            const double moved = rate * (learned[i] + time * sent[i]);
            driven[i] += (w[s] - arrived * moved) * change;
            if (b.learns) w[s] += change * moved;
            squares[i] += square;
        }
        net.gathered[b.first_sender + sender] -= time * change;
        arrived = events.values[k];
    }
}

// Error units have sent, and their own synapses learn from the new values from now on.
void meet_dense(const Network& net, const Block& b, const Sent& events, const double* change) {
    const int64_t number = &b - net.blocks;
    const bool late = !b.returns || net.index[b.backward_lags] == 1;
    const double* gathered = late ? nullptr : gathered_at(net, b, *net.learning, net.scratch + net.n_units);
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t i = (int64_t)events.units[k] - b.first_post;
        net.driven[b.first_target + i] += net.drift[number] * change[k];
        net.meeting[number] += net.arrived_back[b.first_receiver + i] * change[k];
        double* w = net.by_receiver + b.by_receiver + i * b.n_pre;
        for (int64_t j = 0; !late && j < b.n_pre; j++) w[j] += net.rule.rate * change[k] * gathered[j];
    }
}

void meet_sparse(const Network& net, const Block& b, const Sent& events, const double* change) {
    const int32_t *starts = net.index + b.receiver_starts, *senders = net.index + b.receiver_senders;
    double *w = net.by_receiver + b.by_receiver, *met = net.met + b.first_sender;
    const double *gathered = net.gathered + b.first_sender, *arrived = net.arrived + b.first_sender;
    for (int64_t k = 0; k < events.n; k++)
        for (int64_t number = 0; number < b.n_backward; number++) {
            const int64_t r = number * b.n_post + (int64_t)events.units[k] - b.first_post;
            const double back = net.arrived_back[b.first_receiver + r];
            for (int64_t s = starts[r]; s < starts[r + 1]; s++) {
                const int32_t p = senders[s];
                w[s] += net.rule.rate * change[k] * (gathered[p] + *net.learning * arrived[p]);
                met[p] += change[k] * back;
            }
        }
}

void meet(const Network& net, const Ring& ring, int64_t step, const double* change) {
    const Sent all = sent_in(ring, step, 0, ring.width);
    for (int64_t k = 0; k < all.n; k++) net.learned[(int64_t)all.units[k]] -= *net.learning * change[k];
    for (int64_t k = 0; k < net.n_blocks && all.n; k++) {
        const Block& b = net.blocks[k];
        const Sent events = sent_in(ring, step, b.first_post, b.n_post);
        const double* own = change + (events.units - all.units);
        if (!b.learns || !events.n) continue;
        if (b.form == DENSE) meet_dense(net, b, events, own);
        else if (b.returns) meet_sparse(net, b, events, own);
    }
}

void come_back(const Network& net, const Block& b, int64_t step) {
    net.backward[&b - net.blocks] = 0;
    for (int64_t k = 0; b.returns && k < b.n_backward; k++) {
        const int64_t sent = step - net.index[b.backward_lags + k];
        const Sent events = sent_in(net.sent_delta, sent, b.first_post, b.n_post);
        if (!events.n) continue;
        net.backward[&b - net.blocks] = 1;
        if (b.form == DENSE) take_back_dense(net, b, events);
        else take_back_sparse(net, b, events, k);
    }
}

void arrive(const Network& net, const Block& b, int64_t step) {
    net.forward[&b - net.blocks] = 0;
    for (int64_t k = 0; k < b.n_forward; k++) {
        const int64_t sent = step - net.index[b.forward_lags + k];
        const Sent events = sent_in(net.sent_x, sent, b.first_pre, b.n_pre);
        if (!events.n) continue;
        net.forward[&b - net.blocks] = 1;
        if (b.form == DENSE) take_dense(net, b, events);
        else take_sparse(net, b, events, k);
    }
}

// Weights of the row of a sender, by sender.
inline void weights_of_row(const Network& net, const Block& b, int64_t sender, double* w) {
    const double moved = rate_of(net, b) * net.arrived[b.first_sender + sender], left = left_of(net, b);
    const double *learned = net.learned + b.first_post, *sent = net.error_sent + b.first_post;
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    const int64_t begin = b.form == DENSE ? sender * b.n_post : starts[sender];
    const int64_t n = b.form == DENSE ? b.n_post : starts[sender + 1] - begin;
    const double* row = net.by_sender + b.by_sender + begin;
    for (int64_t s = 0; s < n; s++) {
        const int64_t i = b.form == DENSE ? s : posts[begin + s];
        w[s] = left * (row[s] - moved * (learned[i] + *net.learning * sent[i]));
    }
}

void renew_by_sender(const Network& net, const Block& b) {
    double *driven = net.driven + b.first_target, *squares = net.squares + b.first_target;
    double& square = net.square[&b - net.blocks];
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    for (int64_t i = 0; i < b.n_post; i++) driven[i] = squares[i] = 0;
    square = 0;
    for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) {
        const double arrived = net.arrived[b.first_sender + p];
        const int64_t begin = b.form == DENSE ? p * b.n_post : starts[p];
        const int64_t n = b.form == DENSE ? b.n_post : starts[p + 1] - begin;
        double* w = net.by_sender + b.by_sender + begin;
        weights_of_row(net, b, p, w);
        for (int64_t s = 0; s < n; s++) {
            const int64_t i = b.form == DENSE ? s : posts[begin + s];
            driven[i] += w[s] * arrived;
            squares[i] += arrived * arrived;
        }
        square += arrived * arrived;
    }
}

void renew_by_receiver(const Network& net, const Block& b) {
    double *returned = net.returned + b.first_sender, *met = net.met + b.first_sender;
    const double *gathered = net.gathered + b.first_sender, *arrived = net.arrived + b.first_sender;
    const int32_t *starts = net.index + b.receiver_starts, *senders = net.index + b.receiver_senders;
    const double rate = rate_of(net, b), left = left_of(net, b);
    for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) returned[p] = met[p] = 0;
    for (int64_t q = 0; q < b.n_post * b.n_backward; q++) {
        const double sent = net.error_sent[b.first_post + q % b.n_post];
        const double back = net.arrived_back[b.first_receiver + q];
        const int64_t begin = b.form == DENSE ? q * b.n_pre : starts[q];
        const int64_t n = b.form == DENSE ? b.n_pre : starts[q + 1] - begin;
        double* w = net.by_receiver + b.by_receiver + begin;
        for (int64_t s = 0; s < n; s++) {
            const int64_t p = b.form == DENSE ? s : senders[begin + s];
            w[s] = left * (w[s] - rate * sent * (gathered[p] + *net.learning * arrived[p]));
            returned[p] += w[s] * back;
            met[p] += sent * back;
        }
    }
}

// All sums begin anew, and the copies of the weights are the weights.
void renew(const Network& net) {
    for (int64_t k = 0; k < net.n_blocks; k++) {
        const Block& b = net.blocks[k];
        renew_by_sender(net, b);
        if (b.returns) renew_by_receiver(net, b);
        for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) net.gathered[b.first_sender + p] = 0;
        net.drift[k] = net.back_drift[k] = net.meeting[k] = 0;
        for (int64_t i = 0; b.form == DENSE && i < b.n_post; i++)
            net.meeting[k] += net.error_sent[b.first_post + i] * net.arrived_back[b.first_receiver + i];
    }
    for (int64_t i = 0; i < net.n_units - net.n_inputs; i++) net.learned[i] = 0;
    *net.left = 1;
    *net.learning = *net.learning_before = 0;
}
