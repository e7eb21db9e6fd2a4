// The limit: both waves and the learning in one pass over the weights in each step.
//
// In step t a row of a weight matrix, that of unit i, first gets the update of the step before,
//     w_j -= eta delta_i(t-1) x_j(t-2)
// and with the weights of step t carries both waves:
//     drive_i += w_j x_j(t-1),    feedback_j += w_j delta_i(t-1)
// So each weight is read and written once. The layers of a step are independent of each other,
// which is what threads share.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

struct Problem {
    int64_t layers, width, steps, threads;
    double eta;
    const double *amplitude, *frequency, *phase, *target;
    const int64_t *target_lag;
};

// The synapses of a sparse network: see network.py for the arrays.
struct Synapses {
    const int64_t *first, *rows;
    const int32_t *pre;
    const uint8_t *forward, *backward;
};

template <typename T>
void input(const Problem &p, int64_t t, T *x) {
    for (int64_t j = 0; j < p.width; j++)
        x[j] = T(p.amplitude[j] * std::sin(p.frequency[j] * double(t) + p.phase[j]));
}

// Activity and error of a layer, from its drive (in x) and its feedback (in delta).
template <typename T>
void respond(const Problem &p, int64_t t, bool last, T *x, T *delta) {
    for (int64_t i = 0; i < p.width; i++) x[i] = std::tanh(x[i]);
    if (last)
        for (int64_t i = 0; i < p.width; i++)
            delta[i] = x[i] - (t >= p.target_lag[i] ? T(p.target[i]) : T(0));
    for (int64_t i = 0; i < p.width; i++) delta[i] *= 1 - x[i] * x[i];
}

constexpr int64_t ROWS = 4;

// One pass over `R` rows of a matrix (post, pre); BACK is false where no unit has an error.
template <typename T, int64_t R, bool BACK>
void pass(int64_t n, T eta, T *__restrict w, const T *__restrict x1, const T *__restrict x2,
          const T *__restrict delta, T *__restrict drive, T *__restrict feedback) {
    T sum[R] = {}, d[R], step[R];
    for (int64_t r = 0; r < R; r++) d[r] = delta[r], step[r] = eta * delta[r];
    for (int64_t j = 0; j < n; j++) {
        T back = 0;
        for (int64_t r = 0; r < R; r++) {
            const T v = w[r * n + j] - step[r] * x2[j];
            w[r * n + j] = v;
            sum[r] += v * x1[j];
            if (BACK) back += v * d[r];
        }
        if (BACK) feedback[j] += back;
    }
    for (int64_t r = 0; r < R; r++) drive[r] = sum[r];
}

template <typename T, bool BACK>
void matrix(int64_t n, T eta, T *w, const T *x1, const T *x2, const T *delta, T *drive,
            T *feedback) {
    int64_t i = 0;
    for (; i + ROWS <= n; i += ROWS)
        pass<T, ROWS, BACK>(n, eta, w + i * n, x1, x2, delta + i, drive + i, feedback);
    for (; i < n; i++)
        pass<T, 1, BACK>(n, eta, w + i * n, x1, x2, delta + i, drive + i, feedback);
}

template <typename T>
void dense(const Problem &p, T *w) {
    const int64_t n = p.width, L = p.layers, size = (L + 1) * n;
    const T eta = T(p.eta);
    // activity and error of steps t, t-1 and t-2
    std::vector<T> kept(5 * size, T(0));
    T *x0 = &kept[0], *x1 = x0 + size, *x2 = x1 + size, *d0 = x2 + size, *d1 = d0 + size;
    for (int64_t t = 0; t < p.steps; t++) {
        input(p, t, x0);
#pragma omp parallel num_threads(p.threads) if (p.threads > 1)
        {
#pragma omp for schedule(static)
            for (int64_t l = 0; l < L; l++) {
                T *back = d0 + l * n;
                std::memset(back, 0, n * sizeof(T));
                (l ? matrix<T, true> : matrix<T, false>)(n, eta, w + l * n * n, x1 + l * n,
                                                         x2 + l * n, d1 + (l + 1) * n,
                                                         x0 + (l + 1) * n, back);
            }
#pragma omp for schedule(static)
            for (int64_t l = 1; l <= L; l++) respond(p, t, l == L, x0 + l * n, d0 + l * n);
        }
        T *x = x2, *d = d1;
        x2 = x1, x1 = x0, x0 = x, d1 = d0, d0 = d;
    }
    // the update of the last step
    for (int64_t l = 0; l < L; l++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                w[(l * n + i) * n + j] -= eta * d1[(l + 1) * n + i] * x2[l * n + j];
}

int64_t slots_for(int64_t longest) {
    int64_t slots = 1;
    while (slots < longest + 2) slots *= 2;
    return slots;
}

// One delay for all synapses: rings hold a step after the other.
template <typename T>
void sparse(const Problem &p, const Synapses &s, T *w) {
    const int64_t n = p.width, L = p.layers, size = (L + 1) * n, f = s.forward[0],
                  b = s.backward[0], slots = slots_for(f > b ? f : b), last = slots - 1;
    const T eta = T(p.eta);
    std::vector<T> x(slots * size, T(0)), delta(slots * size, T(0));
    const auto at = [&](std::vector<T> &ring, int64_t t) { return &ring[(t & last) * size]; };
    // the pass of the step after the last only moves the weights
    for (int64_t t = 0; t <= p.steps; t++) {
        T *x0 = at(x, t), *d0 = at(delta, t);
        input(p, t, x0);
        const T *xf = at(x, t - f), *xp = at(x, t - 1 - f), *db = at(delta, t - b),
                *d1 = at(delta, t - 1);
        std::memset(d0, 0, size * sizeof(T));
#pragma omp parallel for schedule(static) num_threads(p.threads) if (p.threads > 1)
        for (int64_t l = 0; l < L; l++) {
            const int64_t *rows = s.rows + l * (n + 1), begin = s.first[l], own = l * n;
            T *back = d0 + own;
            const T *now = xf + own, *old = xp + own;
            for (int64_t i = 0; i < n; i++) {
                const T d = db[own + n + i], step = eta * d1[own + n + i];
                T sum = 0;
                for (int64_t k = begin + rows[i]; k < begin + rows[i + 1]; k++) {
                    const int64_t j = s.pre[k];
                    const T v = w[k] - step * old[j];
                    w[k] = v;
                    sum += v * now[j];
                    back[j] += v * d;
                }
                x0[own + n + i] = sum;
            }
        }
        for (int64_t l = 1; l <= L; l++) respond(p, t, l == L, x0 + l * n, d0 + l * n);
    }
}

// A delay for each synapse: rings hold the past of a unit in one place.
template <typename T>
void drawn(const Problem &p, const Synapses &s, T *w) {
    const int64_t n = p.width, L = p.layers, size = (L + 1) * n;
    int64_t longest = 1;
    for (int64_t k = 0; k < s.first[L]; k++)
        longest = std::max<int64_t>(longest, std::max(s.forward[k], s.backward[k]));
    const int64_t slots = slots_for(longest), last = slots - 1;
    const T eta = T(p.eta);
    std::vector<T> x(slots * size, T(0)), delta(slots * size, T(0)), x0(size), d0(size), d1(size);
    for (int64_t t = 0; t <= p.steps; t++) {
        input(p, t, x0.data());
        std::fill(d0.begin(), d0.end(), T(0));
#pragma omp parallel for schedule(static) num_threads(p.threads) if (p.threads > 1)
        for (int64_t l = 0; l < L; l++) {
            const int64_t *rows = s.rows + l * (n + 1), begin = s.first[l], own = l * n;
            T *back = &d0[own];
            const T *past = &x[own * slots];
            for (int64_t i = 0; i < n; i++) {
                const T *errors = &delta[(own + n + i) * slots], step = eta * d1[own + n + i];
                T sum = 0;
                for (int64_t k = begin + rows[i]; k < begin + rows[i + 1]; k++) {
                    const int64_t j = s.pre[k], then = t - s.forward[k];
                    const T *sent = past + j * slots;
                    const T v = w[k] - step * sent[(then - 1) & last];
                    w[k] = v;
                    sum += v * sent[then & last];
                    back[j] += v * errors[(t - s.backward[k]) & last];
                }
                x0[own + n + i] = sum;
            }
        }
        for (int64_t l = 1; l <= L; l++) respond(p, t, l == L, &x0[l * n], &d0[l * n]);
        for (int64_t i = 0; i < size; i++)
            x[i * slots + (t & last)] = x0[i], delta[i * slots + (t & last)] = d0[i];
        d1.swap(d0);
    }
}

}  // namespace

extern "C" {
void dense_float64(const Problem *p, const Synapses *, double *w) { dense(*p, w); }
void dense_float32(const Problem *p, const Synapses *, float *w) { dense(*p, w); }
void sparse_float64(const Problem *p, const Synapses *s, double *w) { sparse(*p, *s, w); }
void sparse_float32(const Problem *p, const Synapses *s, float *w) { sparse(*p, *s, w); }
void drawn_float64(const Problem *p, const Synapses *s, double *w) { drawn(*p, *s, w); }
void drawn_float32(const Problem *p, const Synapses *s, float *w) { drawn(*p, *s, w); }
}
