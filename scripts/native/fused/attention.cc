// softmax(q kT / sqrt(size) + mask) v without ever storing the scores: a few queries at a time against all
// keys of one head, a vector of keys at once. The gradient computes the probabilities again from the
// stored logarithm of their sum (the idea is that of Dao et al. 2022, "FlashAttention").
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels.h"
#include "simd.h"

namespace sdm {
namespace {

constexpr int kQueries = 4;  // at a time

int64_t padded(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// One head's rows of a [batch, rows, heads, size] array.
struct HeadRows {
  const AttentionShape& s;
  int64_t task, rows;
  int64_t at(int64_t row) const {
    const int64_t image = task / s.heads, head = task % s.heads;
    return ((image * rows + row) * s.heads + head) * s.size;
  }
};

// The head's keys or values as [size, padded keys], zeros at the end.
template <int D>
void transpose_in(const HeadRows& rows, const float* x, int64_t width, float* out) {
  std::fill(out, out + D * width, 0.0f);
  for (int64_t j = 0; j < rows.rows; j++) {
    const float* row = x + rows.at(j);
    for (int d = 0; d < D; d++) out[d * width + j] = row[d];
  }
}

template <int D>
void transpose_out(const HeadRows& rows, const float* x, int64_t width, float* out) {
  for (int64_t j = 0; j < rows.rows; j++) {
    float* row = out + rows.at(j);
    for (int d = 0; d < D; d++) row[d] = x[d * width + j];
  }
}

// Rows first to first + 4 of a head, times `factor`; rows past the end are zero.
template <int D>
void take_rows(const HeadRows& rows, const float* x, int64_t first, float factor,
               float out[kQueries][D]) {
  for (int r = 0; r < kQueries; r++) {
    const bool inside = first + r < rows.rows;
    const float* row = x + rows.at(inside ? first + r : 0);
    for (int d = 0; d < D; d++) out[r][d] = inside ? row[d] * factor : 0.0f;
  }
}

// Products of four rows with a vector of columns of a [size, width] array.
template <int D>
inline void products(const float rows[kQueries][D], const float* columns, int64_t width,
                     Vec out[kQueries]) {
  for (int r = 0; r < kQueries; r++) out[r] = Vec{};
#pragma GCC unroll 8
  for (int d = 0; d < D; d++) {
    const Vec column = load(columns + d * width);
    for (int r = 0; r < kQueries; r++) out[r] += rows[r][d] * column;
  }
}

// out[d] = sum over j of weights[j] * columns[d][j], for all d.
template <int D>
void weighted_sums(const float* weights, const float* columns, int64_t width, float* out) {
  constexpr int kAtOnce = D < 8 ? D : 8;
  for (int first = 0; first < D; first += kAtOnce) {
    Vec totals[kAtOnce] = {};
    for (int64_t j = 0; j < width; j += kLanes) {
      const Vec weight = load(weights + j);
#pragma GCC unroll 8
      for (int d = 0; d < kAtOnce; d++) totals[d] += weight * load(columns + (first + d) * width + j);
    }
    for (int d = 0; d < kAtOnce; d++) out[first + d] = sum(totals[d]);
  }
}

// Scores of four queries against a vector of keys from `j` on; keys past the end have none.
template <int D>
inline void scores(const AttentionShape& s, const float q[kQueries][D], const float* keys,
                   int64_t width, const float* mask, int64_t i, int64_t j, Vec out[kQueries]) {
  products<D>(q, keys + j, width, out);
  const int64_t left = s.keys - j;
  for (int r = 0; r < kQueries; r++) {
    if (mask != nullptr) {
      const int64_t row = std::min(i + r, s.queries - 1);
      out[r] += load(mask + row * s.keys + j, left);
    }
    if (left < kLanes) {
      out[r] = select_first(left, out[r], -std::numeric_limits<float>::infinity());
    }
  }
}

template <int D>
void forward(const AttentionShape& s, const float* q, const float* k, const float* v,
             const float* mask, float* o, float* log_sum, int64_t begin, int64_t end) {
  const int64_t width = padded(s.keys);
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));
  std::vector<float> keys(D * width), values(D * width), weights(kQueries * width);
  for (int64_t task = begin; task < end; task++) {
    const HeadRows query_rows{s, task, s.queries}, key_rows{s, task, s.keys};
    transpose_in<D>(key_rows, k, width, keys.data());
    transpose_in<D>(key_rows, v, width, values.data());
    for (int64_t i = 0; i < s.queries; i += kQueries) {
      float rows[kQueries][D];
      take_rows<D>(query_rows, q, i, scale, rows);
      Vec largest[kQueries];
      std::fill(largest, largest + kQueries, broadcast(-std::numeric_limits<float>::max()));
      for (int64_t j = 0; j < width; j += kLanes) {
        Vec score[kQueries];
        scores<D>(s, rows, keys.data(), width, mask, i, j, score);
        for (int r = 0; r < kQueries; r++) {
          largest[r] = vmax(largest[r], score[r]);
          store(&weights[r * width + j], score[r]);
        }
      }
      for (int r = 0; r < std::min<int64_t>(kQueries, s.queries - i); r++) {
        const float top = maximum(largest[r]);
        float* weight = &weights[r * width];
        Vec totals{};
        for (int64_t j = 0; j < width; j += kLanes) {
          const Vec e = exp(load(weight + j) - top);
          totals += e;
          store(weight + j, e);
        }
        const float total = sum(totals);
        float* out = o + query_rows.at(i + r);
        weighted_sums<D>(weight, values.data(), width, out);
        for (int d = 0; d < D; d++) out[d] /= total;
        log_sum[task * s.queries + i + r] = top + std::log(total);
      }
    }
  }
}

template <int D>
void backward(const AttentionShape& s, const float* d_o, const float* q, const float* k,
              const float* v, const float* mask, const float* o, const float* log_sum, float* d_q,
              float* d_k, float* d_v, int64_t begin, int64_t end) {
  const int64_t width = padded(s.keys);
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));
  std::vector<float> keys(D * width), values(D * width), d_scores(kQueries * width);
  std::vector<float> d_keys(D * width), d_values(D * width);
  for (int64_t task = begin; task < end; task++) {
    const HeadRows query_rows{s, task, s.queries}, key_rows{s, task, s.keys};
    transpose_in<D>(key_rows, k, width, keys.data());
    transpose_in<D>(key_rows, v, width, values.data());
    std::fill(d_keys.begin(), d_keys.end(), 0.0f);
    std::fill(d_values.begin(), d_values.end(), 0.0f);
    for (int64_t i = 0; i < s.queries; i += kQueries) {
      float rows[kQueries][D], d_rows[kQueries][D], out_rows[kQueries][D];
      take_rows<D>(query_rows, q, i, scale, rows);
      take_rows<D>(query_rows, d_o, i, 1.0f, d_rows);
      take_rows<D>(query_rows, o, i, 1.0f, out_rows);
      float logarithm[kQueries], mean[kQueries];
      for (int r = 0; r < kQueries; r++) {
        // The mean of d_probability under the probabilities is d_o . o, without another pass.
        mean[r] = 0.0f;
        for (int d = 0; d < D; d++) mean[r] += d_rows[r][d] * out_rows[r][d];
        logarithm[r] = log_sum[task * s.queries + std::min(i + r, s.queries - 1)];
      }
      for (int64_t j = 0; j < width; j += kLanes) {
        Vec p[kQueries], d_score[kQueries];
        scores<D>(s, rows, keys.data(), width, mask, i, j, p);
        products<D>(d_rows, values.data() + j, width, d_score);
        for (int r = 0; r < kQueries; r++) {
          p[r] = exp(p[r] - logarithm[r]);
          d_score[r] = p[r] * (d_score[r] - mean[r]);
          store(&d_scores[r * width + j], d_score[r]);
        }
#pragma GCC unroll 8
        for (int d = 0; d < D; d++) {
          Vec d_value = load(&d_values[d * width + j]), d_key = load(&d_keys[d * width + j]);
          for (int r = 0; r < kQueries; r++) {
            d_value += p[r] * d_rows[r][d];
            d_key += d_score[r] * rows[r][d];
          }
          store(&d_values[d * width + j], d_value);
          store(&d_keys[d * width + j], d_key);
        }
      }
      for (int r = 0; r < std::min<int64_t>(kQueries, s.queries - i); r++) {
        float* d_row = d_q + query_rows.at(i + r);
        weighted_sums<D>(&d_scores[r * width], keys.data(), width, d_row);
        for (int d = 0; d < D; d++) d_row[d] *= scale;
      }
    }
    transpose_out<D>(key_rows, d_keys.data(), width, d_k);
    transpose_out<D>(key_rows, d_values.data(), width, d_v);
  }
}

}  // namespace

bool attention_supports(int64_t size) {
  return size == 4 || size == 8 || size == 16 || size == 32 || size == 64;
}

void attention(const AttentionShape& s, const float* q, const float* k, const float* v,
               const float* mask, float* o, float* log_sum, int64_t begin, int64_t end) {
  const auto run = s.size == 4    ? forward<4>
                   : s.size == 8  ? forward<8>
                   : s.size == 16 ? forward<16>
                   : s.size == 32 ? forward<32>
                                  : forward<64>;
  run(s, q, k, v, mask, o, log_sum, begin, end);
}

void attention_grad(const AttentionShape& s, const float* d_o, const float* q, const float* k,
                    const float* v, const float* mask, const float* o, const float* log_sum,
                    float* d_q, float* d_k, float* d_v, int64_t begin, int64_t end) {
  const auto run = s.size == 4    ? backward<4>
                   : s.size == 8  ? backward<8>
                   : s.size == 16 ? backward<16>
                   : s.size == 32 ? backward<32>
                                  : backward<64>;
  run(s, d_o, q, k, v, mask, o, log_sum, d_q, d_k, d_v, begin, end);
}

}  // namespace sdm
