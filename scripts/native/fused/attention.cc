// softmax(q kT / sqrt(size) + mask) v without ever storing the scores.
#include <algorithm>
#include <cmath>
#include <vector>

#include "attention-tiles.h"

namespace sdm {
namespace {

template <int D, int kVectors>
inline void forward_step(const AttentionShape& s, const float rows[kQueries][D], const float* keys,
                         int64_t width, const float* mask, int64_t i, int64_t j,
                         Vec largest[kQueries], float* weights) {
  Vec score[kQueries][kVectors];
  scores<D, kVectors>(s, rows, keys, width, mask, i, j, score);
#pragma GCC unroll 4
  for (int r = 0; r < kQueries; r++) {
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; n++) {
      largest[r] = vmax(largest[r], score[r][n]);
      store(weights + r * width + j + n * kLanes, score[r][n]);
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
      int64_t j = 0;
      for (; j + 2 * kLanes <= width; j += 2 * kLanes) {
        forward_step<D, 2>(s, rows, keys.data(), width, mask, i, j, largest, weights.data());
      }
      if (j < width) {
        forward_step<D, 1>(s, rows, keys.data(), width, mask, i, j, largest, weights.data());
      }
      float top[kQueries], total[kQueries], out[kQueries][D];
#pragma GCC unroll 4
      for (int r = 0; r < kQueries; r++) {
        top[r] = maximum(largest[r]);
        float* weight = &weights[r * width];
        Vec totals{};
        for (j = 0; j < width; j += kLanes) {
          const Vec e = exp(load(weight + j) - top[r]);
          totals += e;
          store(weight + j, e);
        }
        total[r] = sum(totals);
      }
      weighted_sums<D>(weights.data(), values.data(), width, out);
      for (int r = 0; r < std::min<int64_t>(kQueries, s.queries - i); r++) {
        float* row = o + query_rows.at(i + r);
        for (int d = 0; d < D; d++) row[d] = out[r][d] / total[r];
        log_sum[task * s.queries + i + r] = top[r] + std::log(total[r]);
      }
    }
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

}  // namespace sdm
