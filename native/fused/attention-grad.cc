// The gradient of attention. It computes the probabilities again from the stored logarithm of their sum
// (the idea is that of Dao et al. 2022, "FlashAttention").
#include <algorithm>
#include <cmath>
#include <vector>

#include "attention-tiles.h"

namespace sdm {
namespace {

// What the gradient knows of four queries, and what it gathers for all keys.
template <int D>
struct BackwardState {
  float q[kQueries][D], d_o[kQueries][D];  // q times the scale
  float log_sum[kQueries];
  // The mean of the probabilities' gradients under the probabilities: d_o . o, without another pass.
  float mean[kQueries];
  const float *keys, *values, *mask;      // [D, width]
  float *d_keys, *d_values, *d_scores;    // [D, width], [D, width], [kQueries, width]
};

template <int D, int kVectors>
inline void backward_step(const AttentionShape& s, const BackwardState<D>& b, int64_t width,
                          int64_t i, int64_t j) {
  Vec p[kQueries][kVectors], d_score[kQueries][kVectors];
  scores<D, kVectors>(s, b.q, b.keys, width, b.mask, i, j, p);
  products<D, kVectors>(b.d_o, b.values + j, width, d_score);
#pragma GCC unroll 4
  for (int r = 0; r < kQueries; r++) {
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; n++) {
      // At most 1, also where a large score is rounded otherwise than it was in the sum, and past the last query, whose sum is
      // not its own: an infinity times 0 would be none.
      p[r][n] = exp(vmin(Vec{}, p[r][n] - b.log_sum[r]));
      d_score[r][n] = p[r][n] * (d_score[r][n] - b.mean[r]);
      store(b.d_scores + r * width + j + n * kLanes, d_score[r][n]);
    }
  }
#pragma GCC unroll 8
  for (int d = 0; d < D; d++) {
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; n++) {
      float* d_value = b.d_values + d * width + j + n * kLanes;
      float* d_key = b.d_keys + d * width + j + n * kLanes;
      Vec value_sum = load(d_value), key_sum = load(d_key);
#pragma GCC unroll 4
      for (int r = 0; r < kQueries; r++) {
        value_sum += p[r][n] * b.d_o[r][d];
        key_sum += d_score[r][n] * b.q[r][d];
      }
      store(d_value, value_sum);
      store(d_key, key_sum);
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
  BackwardState<D> b;
  b.keys = keys.data();
  b.values = values.data();
  b.mask = mask;
  b.d_keys = d_keys.data();
  b.d_values = d_values.data();
  b.d_scores = d_scores.data();
  for (int64_t task = begin; task < end; task++) {
    const HeadRows query_rows{s, task, s.queries, s.query_stride};
    const HeadRows key_rows{s, task, s.keys, s.key_stride};
    const HeadRows out_rows{s, task, s.queries, s.heads * s.size};
    transpose_in<D>(key_rows, k, width, keys.data());
    transpose_in<D>(key_rows, v, width, values.data());
    std::fill(d_keys.begin(), d_keys.end(), 0.0f);
    std::fill(d_values.begin(), d_values.end(), 0.0f);
    for (int64_t i = 0; i < s.queries; i += kQueries) {
      float out[kQueries][D];
      take_rows<D>(query_rows, q, i, scale, b.q);
      take_rows<D>(out_rows, d_o, i, 1.0f, b.d_o);
      take_rows<D>(out_rows, o, i, 1.0f, out);
#pragma GCC unroll 4
      for (int r = 0; r < kQueries; r++) {
        b.mean[r] = 0.0f;
        for (int d = 0; d < D; d++) b.mean[r] += b.d_o[r][d] * out[r][d];
        b.log_sum[r] = log_sum[task * s.queries + std::min(i + r, s.queries - 1)];
      }
      constexpr int kVectors = kLanes == 8 ? 1 : 2;  // AVX2 has 16 registers, too few for two
      int64_t j = 0;
      for (; j + kVectors * kLanes <= width; j += kVectors * kLanes) {
        backward_step<D, kVectors>(s, b, width, i, j);
      }
      if (j < width) backward_step<D, 1>(s, b, width, i, j);
      weighted_sums<D>(d_scores.data(), keys.data(), width, out);
      for (int r = 0; r < std::min<int64_t>(kQueries, s.queries - i); r++) {
        float* row = d_q + query_rows.at(i + r);
        for (int d = 0; d < D; d++) row[d] = out[r][d] * scale;
      }
    }
    transpose_out<D>(key_rows, d_keys.data(), width, d_k);
    transpose_out<D>(key_rows, d_values.data(), width, d_v);
  }
}

}  // namespace

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
