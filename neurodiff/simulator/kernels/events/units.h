// One step of a network by events: what units compute and send, what is learned and what is recorded.
// The synapses are in synapses.h.
//
// The activation functions, their slopes and the injected error are generated, and populations have
// the number of theirs: `sigma`, `slope_of` and `injected`.

// sum += what the blocks into, or out of, some error units have for them.
inline void add_driven(const Network& net, int64_t first, int64_t n, double* __restrict__ sum) {
    for (int64_t k = 0; k < net.n_blocks; k++) {
        const Block& b = net.blocks[k];
        if (first < b.first_post || first >= b.first_post + b.n_post) continue;
        const double *from = net.driven + b.first_target + (first - b.first_post);
        const double *sent = net.error_sent + first, left = left_of(net, b), drift = net.drift[k];
        for (int64_t i = 0; i < n; i++) sum[i] += left * (from[i] - drift * sent[i]);
    }
}

inline void add_returned(const Network& net, int64_t first, int64_t n, double* __restrict__ sum) {
    for (int64_t k = 0; k < net.n_blocks; k++) {
        const Block& b = net.blocks[k];
        const int64_t place = first + net.n_inputs - b.first_pre;
        if (!b.returns || place < 0 || place >= b.n_pre) continue;
        for (int64_t lag = 0; lag < b.n_forward; lag++) {
            const int64_t sender = b.first_sender + lag * b.n_pre + place;
            const double *from = net.returned + sender, *arrived = net.arrived + sender;
            const double left = left_of(net, b), drift = net.back_drift[k];
            for (int64_t i = 0; i < n; i++) sum[i] += left * (from[i] - drift * arrived[i]);
        }
    }
}

// Activity and error of some units of a population; returns the sum of the squares of the errors.
double compute(const Network& net, const Population& part, int64_t first, int64_t n) {
    double slope[AT_ONCE], drive[AT_ONCE], feedback[AT_ONCE], square = 0;
    double *a = net.a + net.n_inputs + first, *x = net.x + net.n_inputs + first;
    double *delta = net.delta + first, *target = net.target + first;
    for (int64_t i = 0; i < n; i++) drive[i] = feedback[i] = 0;
    add_driven(net, first, n, drive);
    add_returned(net, first, n, feedback);
    for (int64_t i = 0; i < n; i++) a[i] = drive[i] + net.bias[first + i];
    sigma(part.activation, a, x, n, net.tanh_before + first, net.tanh_there + first);
    slope_of(part.activation, a, x, slope, n);
    for (int64_t i = 0; i < n; i++) delta[i] = slope[i] * feedback[i];
    for (int64_t i = 0; part.output && i < n; i++) {
        target[i] = net.y[net.output[first + i]];
        delta[i] += injected(slope[i], x[i], target[i]);
    }
    for (int64_t i = 0; i < n; i++) square += delta[i] * delta[i];
    return square;
}

inline double* row_of(const Ring& ring, double* values, int64_t step) {
    return values + ring.width * (step % ring.length);
}

// Where the events of a step are noted.
struct Noted {
    double *units, *values;
    int64_t n;
    Noted(const Ring& ring, int64_t step)
        : units(row_of(ring, ring.units, step)), values(row_of(ring, ring.values, step)), n(0) {}
    void add(int64_t unit, double value) {
        units[n] = unit;
        values[n++] = value;
    }
};

// Calls `send` for the elements of a range whose value has moved by more than a threshold. Most have
// not, so that they are looked at many at once.
template <class Move, class Send>
inline void send_moved(int64_t begin, int64_t end, double threshold, const Move& move, const Send& send) {
    const int64_t SOME = 32;
    for (int64_t first = begin; first < end; first += SOME) {
        const int64_t last = first + SOME < end ? first + SOME : end;
        int64_t any = 0;
        for (int64_t i = first; i < last; i++) any |= std::fabs(move(i)) > threshold;
        for (int64_t i = first; any && i < last; i++)
            if (std::fabs(move(i)) > threshold) send(i, move(i));
    }
}

void send_activities(const Network& net, int64_t begin, int64_t end, Noted& noted) {
    const Thresholds& at = net.thresholds;
    const double *x = net.x, *sent = net.unit_sent;
    auto move = [=](int64_t i) { return x[i] - sent[i]; };
    send_moved(begin, end, at.forward, move, [&](int64_t i, double moved) {
        const bool moves_on = moved * net.unit_moved[i] > 0 && std::fabs(moved) < 2 * at.forward;
        const double ahead = at.ahead * at.forward * ((moved > 0) - (moved < 0));
        net.unit_sent[i] = net.x[i] + (moves_on ? ahead : 0);
        net.unit_moved[i] = moved;
        net.unit_times[i] += 1;
        noted.add(i, net.unit_sent[i]);
    });
}

// By how much errors of a population have to move to be sent, and what they have to exceed to count.
struct Size { double threshold, least; };

Size size_of(const Network& net, int64_t number, double square, int64_t step) {
    const Thresholds& at = net.thresholds;
    if (at.average < 0) return Size{at.error, -1};
    double &mean = net.mean_square[number], &least = net.least[number];
    const int64_t steps = step + 1 < at.average ? step + 1 : at.average;
    mean += (square / net.populations[number].size - mean) / (steps > 1 ? steps : 1);
    const double scale = std::sqrt(mean);
    if (at.least * scale > least) least = at.least * scale;
    return Size{at.error * scale, least};
}

void send_errors(const Network& net, const Population& part, const Size& size, Noted& noted) {
    const double *delta = net.delta, *sent = net.error_sent;
    auto error = [=](int64_t i) { return std::fabs(delta[i]) > size.least ? delta[i] : 0; };
    auto move = [=](int64_t i) { return error(i) - sent[i]; };
    const int64_t end = part.start + part.size;
    send_moved(part.start, end, size.threshold, move, [&](int64_t i, double moved) {
        net.scratch[noted.n] = moved;
        net.error_sent[i] = error(i);
        net.error_times[i] += 1;
        noted.add(i, net.error_sent[i]);
    });
}

// Whether the sums stay as they are where no events arrive: nothing was learned in the step before.
inline bool is_quiet(const Network& net) {
    if (*net.learning == *net.learning_before) return true;
    int64_t any = net.rule.decay != 0;
    for (int64_t i = 0; i < net.n_units - net.n_inputs; i++) any |= net.error_sent[i] != 0;
    return !any;
}

// Whether the units of a population can have moved since the step before.
inline bool can_move(const Network& net, const Population& part) {
    if (part.output) return true;
    for (int64_t k = 0; k < net.n_blocks; k++) {
        const Block& b = net.blocks[k];
        if (net.forward[k] && b.first_post == part.start) return true;
        if (net.backward[k] && b.first_pre == part.start + net.n_inputs) return true;
    }
    return false;
}

// All units: their activities and errors, and what they send. In a step that is `quiet`, those that
// no event reaches are as they were.
void compute_and_send(const Network& net, int64_t step, bool quiet) {
    Noted activities(net.sent_x, step), errors(net.sent_delta, step);
    for (int64_t i = 0; i < net.n_inputs; i++) net.a[i] = net.x[i] = net.u[i];
    send_activities(net, 0, net.n_inputs, activities);
    for (int64_t k = 0; k < net.n_populations; k++) {
        const Population& part = net.populations[k];
        const int64_t end = part.start + part.size;
        const bool still = quiet && !can_move(net, part);
        double& square = net.of_errors[k];
        square = still ? square : 0;
        for (int64_t first = part.start; !still && first < end; first += AT_ONCE) {
            const int64_t n = first + AT_ONCE < end ? AT_ONCE : end - first;
            square += compute(net, part, first, n);
            send_activities(net, net.n_inputs + first, net.n_inputs + first + n, activities);
        }
        send_errors(net, part, size_of(net, k, square, step), errors);
    }
    net.sent_x.counts[step % net.sent_x.length] = activities.n;
    net.sent_delta.counts[step % net.sent_delta.length] = errors.n;
    meet(net, net.sent_delta, step, net.scratch);
}

// What is learned in a step. Between events all sums move by one number for all units of a matrix.
void learn_block(const Network& net, const Block& b, int64_t number) {
    const double rate = net.rule.rate / *net.left;
    if (b.form == DENSE) {
        net.drift[number] += rate * net.square[number];
        net.back_drift[number] += rate * net.meeting[number];
        return;
    }
    double *driven = net.driven + b.first_target, *returned = net.returned + b.first_sender;
    const double *sent = net.error_sent + b.first_post, *squares = net.squares + b.first_target;
    const double *arrived = net.arrived + b.first_sender, *met = net.met + b.first_sender;
    for (int64_t i = 0; i < b.n_post; i++) driven[i] -= rate * sent[i] * squares[i];
    for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) returned[p] -= rate * met[p] * arrived[p];
}

void learn(const Network& net, int64_t step) {
    const Rule& rule = net.rule;
    *net.learning_before = *net.learning;
    if (step < rule.start || step >= rule.stop) return;
    *net.left *= 1 - rule.decay;
    for (int64_t k = 0; k < net.n_blocks; k++)
        if (net.blocks[k].learns) learn_block(net, net.blocks[k], k);
    *net.learning += 1 / *net.left;
    for (int64_t i = 0; net.biased && i < net.n_units - net.n_inputs; i++)
        net.bias[i] -= net.has_bias[i] * (rule.rate * net.error_sent[i] + rule.decay * net.bias[i]);
}

// Weights, or the products that they learn from, row by row, as senders have them.
void append_rows(Appended& file, const Network& net, const Block& b, bool products) {
    const int32_t *starts = net.index + b.sender_starts, *posts = net.index + b.sender_units;
    for (int64_t p = 0; p < b.n_pre * b.n_forward; p++) {
        const int64_t n = b.form == DENSE ? b.n_post : starts[p + 1] - starts[p];
        double* line = net.scratch;
        if (!products) weights_of_row(net, b, p, line);
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
    const bool renews = now % net.renewed_every == 0 || *net.left < net.least_left;
    const bool quiet = !renews && is_quiet(net);
    if (renews) renew(net);
    compute_and_send(net, now, quiet);
    keep(net, now);
    learn(net, now);
    return (double)now;
}
