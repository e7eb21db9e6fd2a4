// One step of both waves and of learning, by events. What each array holds, and why two copies of the
// weights make every event a walk along one row, is said in neurodiff/simulator/kernels/events.
//
// The activation functions, their slopes and the injected error are generated, with numbers in front
// of each population that say which it has: `sigma`, `slope_of` and `injected`.

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
    int64_t n_units, n_inputs, renewed_every;
    Rule rule;
    Thresholds thresholds;
    Ring sent_x, sent_delta;
    double *by_sender, *by_receiver;
    double *arrived, *gathered, *returned, *met;      // of senders
    double *driven, *squares;                         // of targets
    double *arrived_back;                             // of receivers
    double *learned, *left, *learned_last;            // of error units, and one number each
    double *unit_sent, *unit_moved, *unit_times;      // of units
    double *error_sent, *error_times;                 // of error units
    double *mean_square, *least;                      // of populations
    double *a, *x, *drive;                            // of units
    double *delta, *feedback, *bias, *target;         // of error units
    const double *has_bias, *u, *y;
    const int32_t* output;                            // place among the outputs of each error unit
    double* scratch;                                  // 2 numbers for each unit
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

// Rows of a matrix, collected until there are enough for one walk.
struct Rows {
    static const int MOST = 4;
    double* rows[MOST];
    double change[MOST], gain[MOST];
    int n;
};

inline void walk_all(Rows& at, bool learns, int64_t n, const double* along, double* sum) {
    if (learns) walk_rows<true>(at.rows, at.change, at.gain, at.n, n, along, sum);
    else walk_rows<false>(at.rows, at.change, at.gain, at.n, n, along, sum);
    at.n = 0;
}

inline void add(Rows& at, double* row, double change, double gain, bool learns, int64_t n,
                const double* along, double* sum) {
    at.rows[at.n] = row;
    at.change[at.n] = change;
    at.gain[at.n++] = gain;
    if (at.n == Rows::MOST) walk_all(at, learns, n, along, sum);
}

// Errors that have come back to the senders of a matrix.
void take_back_dense(const Network& net, const Block& b, const Sent& events) {
    const int64_t n = b.n_pre;
    double *back = net.arrived_back + b.first_receiver, *returned = net.returned + b.first_sender;
    const double *sent = net.error_sent + b.first_post, *gathered = net.gathered + b.first_sender;
    const double rate = rate_of(net, b), left = left_of(net, b);
    // in the next step, rows take notice of what was sent only now, as if it had been in that step
    const bool late = b.learns && net.index[b.backward_lags] == 1;
    double *before = net.scratch, moved = 0;
    if (late)
        for (int64_t j = 0; j < n; j++)
            before[j] = gathered[j] - *net.learned_last * net.arrived[b.first_sender + j];
    Rows rows;
    rows.n = 0;
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t i = (int64_t)events.units[k] - b.first_post;
        const double change = events.values[k] - back[i];
        moved += rate * change * sent[i];
        add(rows, net.by_receiver + b.by_receiver + i * n, left * change, rate / left * change, late, n,
            before, returned);
        back[i] = events.values[k];
    }
    walk_all(rows, late, n, before, returned);
    if (moved != 0)
        for (int64_t j = 0; j < n; j++) returned[j] -= moved * gathered[j];
}

// Activities that have arrived at the receivers of a matrix. What rows gain is not yet in the sums.
void take_dense(const Network& net, const Block& b, const Sent& events) {
    const int64_t n = b.n_post;
    double *arrived = net.arrived + b.first_sender, *driven = net.driven + b.first_target;
    const double *learned = net.learned + b.first_post, rate = rate_of(net, b), left = left_of(net, b);
    double moved = 0;
    Rows rows;
    rows.n = 0;
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t j = (int64_t)events.units[k] - b.first_pre;
        const double change = events.values[k] - arrived[j], gain = rate / left * change;
        moved += change * (rate * arrived[j] + left * gain);
        add(rows, net.by_sender + b.by_sender + j * n, left * change, gain, b.learns, n, learned, driven);
        arrived[j] = events.values[k];
    }
    walk_all(rows, b.learns, n, learned, driven);
    if (moved != 0)
        for (int64_t i = 0; i < n; i++) driven[i] -= moved * learned[i];
}

void take_back_sparse(const Network& net, const Block& b, const Sent& events, int64_t number) {
    const int32_t *starts = net.index + b.receiver_starts, *senders = net.index + b.receiver_senders;
    double *returned = net.returned + b.first_sender, *met = net.met + b.first_sender;
    const double* gathered = net.gathered + b.first_sender;
    const double* w = net.by_receiver + b.by_receiver;
    const double rate = rate_of(net, b), left = left_of(net, b);
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t i = (int64_t)events.units[k] - b.first_post, receiver = number * b.n_post + i;
        double& back = net.arrived_back[b.first_receiver + receiver];
        const double change = events.values[k] - back, sent = net.error_sent[b.first_post + i];
        for (int64_t s = starts[receiver]; s < starts[receiver + 1]; s++) {
            const int32_t p = senders[s];
            returned[p] += (left * w[s] - rate * sent * gathered[p]) * change;
            met[p] += sent * change;
        }
        back = events.values[k];
    }
}

void take_sparse(const Network& net, const Block& b, const Sent& events, int64_t number) {
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    double *driven = net.driven + b.first_target, *squares = net.squares + b.first_target;
    const double* learned = net.learned + b.first_post;
    double* w = net.by_sender + b.by_sender;
    const double rate = rate_of(net, b), left = left_of(net, b);
    for (int64_t k = 0; k < events.n; k++) {
        const int64_t sender = number * b.n_pre + (int64_t)events.units[k] - b.first_pre;
        double& arrived = net.arrived[b.first_sender + sender];
        const double change = events.values[k] - arrived, gain = rate / left * change;
        const double square = (events.values[k] + arrived) * change;
        for (int64_t s = starts[sender]; s < starts[sender + 1]; s++) {
            const int32_t i = posts[s];
            driven[i] += (left * w[s] - rate * arrived * learned[i]) * change;
            if (b.learns) {
                w[s] += gain * learned[i];
                squares[i] += square;
            }
        }
        arrived = events.values[k];
    }
}

// Error units have sent, and their own synapses learn from the new values from now on.
void meet(const Network& net, const Block& b, const Sent& events, const double* change) {
    const double gain = net.rule.rate / *net.left;
    const double* gathered = net.gathered + b.first_sender;
    if (b.form == DENSE) {
        if (net.index[b.backward_lags] == 1) return;
        for (int64_t k = 0; k < events.n; k++) {
            const int64_t i = (int64_t)events.units[k] - b.first_post;
            double* w = net.by_receiver + b.by_receiver + i * b.n_pre;
            for (int64_t j = 0; j < b.n_pre; j++) w[j] += gain * change[k] * gathered[j];
        }
        return;
    }
    const int32_t *starts = net.index + b.receiver_starts, *senders = net.index + b.receiver_senders;
    double *w = net.by_receiver + b.by_receiver, *met = net.met + b.first_sender;
    for (int64_t k = 0; k < events.n; k++)
        for (int64_t number = 0; number < b.n_backward; number++) {
            const int64_t r = number * b.n_post + (int64_t)events.units[k] - b.first_post;
            const double back = net.arrived_back[b.first_receiver + r];
            for (int64_t s = starts[r]; s < starts[r + 1]; s++) {
                w[s] += gain * change[k] * gathered[senders[s]];
                met[senders[s]] += change[k] * back;
            }
        }
}

void come_back(const Network& net, const Block& b, int64_t step) {
    for (int64_t k = 0; b.returns && k < b.n_backward; k++) {
        const int64_t sent = step - net.index[b.backward_lags + k];
        const Sent events = sent_in(net.sent_delta, sent, b.first_post, b.n_post);
        if (!events.n) continue;
        if (b.form == DENSE) take_back_dense(net, b, events);
        else take_back_sparse(net, b, events, k);
    }
}

void arrive(const Network& net, const Block& b, int64_t step) {
    for (int64_t k = 0; k < b.n_forward; k++) {
        const int64_t sent = step - net.index[b.forward_lags + k];
        const Sent events = sent_in(net.sent_x, sent, b.first_pre, b.n_pre);
        if (!events.n) continue;
        if (b.form == DENSE) take_dense(net, b, events);
        else take_sparse(net, b, events, k);
    }
}

// Weights of the row of a sender, by sender.
inline void weights_of_row(const Network& net, const Block& b, int64_t sender, double* w) {
    const double moved = rate_of(net, b) * net.arrived[b.first_sender + sender], left = left_of(net, b);
    const double* learned = net.learned + b.first_post;
    if (b.form == DENSE) {
        const double* row = net.by_sender + b.by_sender + sender * b.n_post;
        for (int64_t i = 0; i < b.n_post; i++) w[i] = left * row[i] - moved * learned[i];
        return;
    }
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    const double* row = net.by_sender + b.by_sender;
    for (int64_t s = starts[sender]; s < starts[sender + 1]; s++)
        *w++ = left * row[s] - moved * learned[posts[s]];
}

void renew_by_sender(const Network& net, const Block& b) {
    double *driven = net.driven + b.first_target, *squares = net.squares + b.first_target;
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    for (int64_t i = 0; i < b.n_post; i++) driven[i] = squares[i] = 0;
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
    }
}

void renew_by_receiver(const Network& net, const Block& b) {
    double *returned = net.returned + b.first_sender, *met = net.met + b.first_sender;
    const double* gathered = net.gathered + b.first_sender;
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
            w[s] = left * w[s] - rate * sent * gathered[p];
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
    }
    for (int64_t i = 0; i < net.n_units - net.n_inputs; i++) net.learned[i] = 0;
    *net.left = 1;
}

void activate(const Network& net) {
    const int64_t n_errors = net.n_units - net.n_inputs;
    double *drive = net.drive + net.n_inputs, *a = net.a + net.n_inputs;
    for (int64_t i = 0; i < n_errors; i++) drive[i] = 0;
    for (int64_t k = 0; k < net.n_blocks; k++) {
        const Block& b = net.blocks[k];
        for (int64_t i = 0; i < b.n_post; i++)
            drive[b.first_post + i] += net.driven[b.first_target + i];
    }
    for (int64_t i = 0; i < net.n_inputs; i++) net.a[i] = net.x[i] = net.u[i];
    for (int64_t i = 0; i < n_errors; i++) a[i] = drive[i] + net.bias[i];
    for (int64_t k = 0; k < net.n_populations; k++) {
        const Population& part = net.populations[k];
        sigma(part.activation, a + part.start, net.x + net.n_inputs + part.start, part.size);
    }
}

void propagate(const Network& net) {
    double* slope = net.scratch;
    for (int64_t i = 0; i < net.n_units - net.n_inputs; i++) net.feedback[i] = 0;
    for (int64_t k = 0; k < net.n_blocks; k++) {
        const Block& b = net.blocks[k];
        double* feedback = net.feedback + b.first_pre - net.n_inputs;
        for (int64_t lag = 0; b.returns && lag < b.n_forward; lag++)
            for (int64_t j = 0; j < b.n_pre; j++)
                feedback[j] += net.returned[b.first_sender + lag * b.n_pre + j];
    }
    for (int64_t k = 0; k < net.n_populations; k++) {
        const Population& part = net.populations[k];
        const double *a = net.a + net.n_inputs + part.start, *x = net.x + net.n_inputs + part.start;
        double *delta = net.delta + part.start, *target = net.target + part.start;
        slope_of(part.activation, a, x, slope, part.size);
        for (int64_t i = 0; i < part.size; i++) delta[i] = slope[i] * net.feedback[part.start + i];
        if (!part.output) continue;
        for (int64_t i = 0; i < part.size; i++) {
            target[i] = net.y[net.output[part.start + i]];
            delta[i] += injected(slope[i], x[i], target[i]);
        }
    }
}

inline double* row_of(const Ring& ring, double* values, int64_t step) {
    return values + ring.width * (step % ring.length);
}

void send_activities(const Network& net, int64_t step) {
    const Thresholds& at = net.thresholds;
    double *units = row_of(net.sent_x, net.sent_x.units, step), *values = row_of(net.sent_x, net.sent_x.values, step);
    int64_t n = 0;
    for (int64_t i = 0; i < net.n_units; i++) {
        const double move = net.x[i] - net.unit_sent[i];
        if (!(std::fabs(move) > at.forward)) continue;
        const bool moves_on = move * net.unit_moved[i] > 0 && std::fabs(move) < 2 * at.forward;
        const double ahead = at.ahead * at.forward * ((move > 0) - (move < 0));
        net.unit_sent[i] = net.x[i] + (moves_on ? ahead : 0);
        net.unit_moved[i] = move;
        net.unit_times[i] += 1;
        units[n] = i;
        values[n++] = net.unit_sent[i];
    }
    net.sent_x.counts[step % net.sent_x.length] = n;
}

// The running size of the errors of a population; what they have to exceed to be sent, and to count.
struct Size { double threshold, least; };

Size size_of(const Network& net, int64_t number, int64_t step) {
    const Thresholds& at = net.thresholds;
    if (at.average < 0) return Size{at.error, -1};
    const Population& part = net.populations[number];
    double square = 0, &mean = net.mean_square[number], &least = net.least[number];
    for (int64_t i = part.start; i < part.start + part.size; i++) square += net.delta[i] * net.delta[i];
    const int64_t steps = step + 1 < at.average ? step + 1 : at.average;
    mean += (square / part.size - mean) / (steps > 1 ? steps : 1);
    const double scale = std::sqrt(mean);
    if (at.least * scale > least) least = at.least * scale;
    return Size{at.error * scale, least};
}

void send_errors(const Network& net, int64_t step) {
    double *units = row_of(net.sent_delta, net.sent_delta.units, step);
    double *values = row_of(net.sent_delta, net.sent_delta.values, step), *change = net.scratch;
    int64_t n = 0;
    for (int64_t k = 0; k < net.n_populations; k++) {
        const Population& part = net.populations[k];
        const Size size = size_of(net, k, step);
        for (int64_t i = part.start; i < part.start + part.size; i++) {
            const double error = std::fabs(net.delta[i]) > size.least ? net.delta[i] : 0;
            if (!(std::fabs(error - net.error_sent[i]) > size.threshold)) continue;
            change[n] = error - net.error_sent[i];
            net.error_sent[i] = error;
            net.error_times[i] += 1;
            units[n] = i;
            values[n++] = error;
        }
    }
    net.sent_delta.counts[step % net.sent_delta.length] = n;
    for (int64_t k = 0; k < net.n_blocks && n; k++) {
        const Block& b = net.blocks[k];
        if (!b.learns || !b.returns) continue;
        const Sent events = sent_in(net.sent_delta, step, b.first_post, b.n_post);
        if (events.n) meet(net, b, events, change + (events.units - units));
    }
}

inline double product(const double* one, const double* two, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += one[i] * two[i];
    return sum;
}

// driven and returned move by what is learned; D and X gather what was sent and what had arrived.
void learn_block(const Network& net, const Block& b) {
    const double rate = net.rule.rate, decay = net.rule.decay;
    const int64_t n = b.n_pre * b.n_forward;
    double *arrived = net.arrived + b.first_sender, *gathered = net.gathered + b.first_sender;
    double *returned = net.returned + b.first_sender, *met = net.met + b.first_sender;
    double *driven = net.driven + b.first_target, *squares = net.squares + b.first_target;
    const double* sent = net.error_sent + b.first_post;
    if (b.form == DENSE) {
        const double square = rate * product(arrived, arrived, n);
        for (int64_t i = 0; i < b.n_post; i++) driven[i] -= square * sent[i] + decay * driven[i];
        const double meets = rate * product(sent, net.arrived_back + b.first_receiver, b.n_post);
        for (int64_t p = 0; p < n; p++) {
            returned[p] -= meets * arrived[p] + decay * returned[p];
            gathered[p] += arrived[p] - decay * gathered[p];
        }
        return;
    }
    for (int64_t i = 0; i < b.n_post; i++)
        driven[i] -= rate * sent[i] * squares[i] + decay * driven[i];
    for (int64_t p = 0; p < n; p++) {
        returned[p] -= rate * met[p] * arrived[p] + decay * returned[p];
        gathered[p] += arrived[p] - decay * gathered[p];
    }
}

void learn(const Network& net, int64_t step) {
    const Rule& rule = net.rule;
    const bool learns = step >= rule.start && step < rule.stop;
    *net.learned_last = learns;
    if (!learns) return;
    for (int64_t k = 0; k < net.n_blocks; k++)
        if (net.blocks[k].learns) learn_block(net, net.blocks[k]);
    for (int64_t i = 0; i < net.n_units - net.n_inputs; i++) {
        const double sent = net.error_sent[i];
        net.bias[i] -= net.has_bias[i] * (rule.rate * sent + rule.decay * net.bias[i]);
        net.learned[i] += sent - rule.decay * net.learned[i];
    }
    *net.left *= 1 - rule.decay;
}

// Weights, or the products that they learn from, row by row, as senders have them.
void append_rows(Appended& file, const Network& net, const Block& b, bool products) {
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) {
        const int64_t n = b.form == DENSE ? b.n_post : starts[p + 1] - starts[p];
        double* line = net.scratch;
        weights_of_row(net, b, p, line);
        for (int64_t s = 0; products && s < n; s++) {
            const int64_t i = b.form == DENSE ? s : posts[starts[p] + s];
            line[s] = net.arrived[b.first_sender + p] * net.error_sent[b.first_post + i];
        }
        file.write(line, n);
    }
}

void append_events(Appended& file, const Ring& ring, int64_t step) {
    const int64_t row = step % ring.length, n = (int64_t)ring.counts[row];
    for (int64_t k = 0; k < n; k++) {
        const double event[3] = {(double)step, ring.units[row * ring.width + k], ring.values[row * ring.width + k]};
        file.write(event, 3);
    }
}

void append_factors(Appended& file, const Network& net, const Record& record) {
    const int64_t n_errors = net.n_units - net.n_inputs;
    int64_t left = record.size - n_errors;
    for (int64_t k = 0; k < net.n_blocks; k++) left -= net.blocks[k].n_pre;
    file.write(net.arrived, record.size - n_errors - left);
    file.write(net.error_sent, n_errors);
    file.write(net.x + record.which, left);
}

// Append what is due in this step, with the weights as they are used in it.
void keep(const Network& net, int64_t step) {
    for (int64_t k = 0; k < net.n_records; k++) {
        const Record& record = net.records[k];
        if (!due(record, step)) continue;
        Appended file(net.folder, k, net.n_records);
        if (record.kind == SIGNAL) file.write(net.signals[record.which], record.size);
        if (record.kind == FACTORS) append_factors(file, net, record);
        if (record.kind == EVENTS) append_events(file, record.which ? net.sent_delta : net.sent_x, step);
        if (record.kind == WEIGHTS || record.kind == PRODUCTS)
            for (int64_t i = 0; i < net.n_blocks; i++)
                append_rows(file, net, net.blocks[i], record.kind == PRODUCTS);
    }
}

double step(const Network& net, int64_t now) {
    for (int64_t k = 0; k < net.n_blocks; k++) come_back(net, net.blocks[k], now);
    for (int64_t k = 0; k < net.n_blocks; k++) arrive(net, net.blocks[k], now);
    if (now % net.renewed_every == 0) renew(net);
    activate(net);
    propagate(net);
    send_activities(net, now);
    send_errors(net, now);
    keep(net, now);
    learn(net, now);
    return (double)now;
}
