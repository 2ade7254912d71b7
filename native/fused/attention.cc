// softmax(q kT / sqrt(size) + mask) v without ever storing the scores of more than a few queries.
#include <algorithm>
#include <cmath>

#include "attention-tiles.h"

namespace sdm {
namespace {

// As many queries as a vector has lanes, side by side: nothing has to be summed across lanes, and keys and
// values are read as they lie.
template <int D>
struct QueryBlock {
  Vec q[D];  // times the scale
  int64_t first, count;
};

template <int D>
QueryBlock<D> take_queries(const HeadRows& rows, const float* q, int64_t first, float scale) {
  QueryBlock<D> block{{}, first, std::min<int64_t>(kLanes, rows.rows - first)};
  for (int64_t r = 0; r < block.count; r++) {
    const float* row = q + rows.at(first + r);
    for (int d = 0; d < D; d++) block.q[d][r] = row[d] * scale;
  }
  return block;
}

Vec mask_column(const float* mask, int64_t keys, int64_t first, int64_t count, int64_t j) {
  Vec column{};
  for (int64_t r = 0; r < count; r++) column[r] = mask[(first + r) * keys + j];
  return column;
}

// The scores [keys, lanes]. Returns the largest of each query.
template <int D>
Vec score_all(const QueryBlock<D>& block, const HeadRows& key_rows, const float* k, const float* mask,
              float* weights) {
  Vec largest = broadcast(-std::numeric_limits<float>::max());
  const float* key = k + key_rows.at(0);
  for (int64_t j = 0; j < key_rows.rows; j++, key += key_rows.stride, weights += kLanes) {
    Vec even = block.q[0] * key[0], odd = block.q[1] * key[1];
#pragma GCC unroll 8
    for (int d = 2; d < D; d += 2) {
      even += block.q[d] * key[d];
      odd += block.q[d + 1] * key[d + 1];
    }
    Vec score = even + odd;
    if (mask) score += mask_column(mask, key_rows.rows, block.first, block.count, j);
    largest = vmax(largest, score);
    store(weights, score);
  }
  return largest;
}

Vec exponentials(int64_t keys, Vec largest, float* weights) {
  Vec total{};
  for (int64_t j = 0; j < keys; j++, weights += kLanes) {
    const Vec e = exp(load(weights) - largest);
    total += e;
    store(weights, e);
  }
  return total;
}

// Sums of the values by the weights, for kSize numbers of the head from `start` on.
template <int kSize>
void weigh(const HeadRows& key_rows, const float* v, const float* weights, Vec factor, int start,
           float out[][kLanes]) {
  Vec sums[kSize] = {};
  const float* value = v + key_rows.at(0) + start;
  for (int64_t j = 0; j < key_rows.rows; j++, value += key_rows.stride, weights += kLanes) {
    const Vec weight = load(weights);
#pragma GCC unroll 8
    for (int d = 0; d < kSize; d++) sums[d] += weight * value[d];
  }
#pragma GCC unroll 8
  for (int d = 0; d < kSize; d++) store(out[start + d], sums[d] * factor);
}

template <int D>
void forward(const AttentionShape& s, const float* q, const float* k, const float* v,
             const float* mask, float* o, float* log_sum, int64_t begin, int64_t end) {
  constexpr int kAtOnce = D < 8 ? D : 8;
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));
  const auto weights = scratch(s.keys * kLanes);
  for (int64_t task = begin; task < end; task++) {
    const HeadRows query_rows{s, task, s.queries, s.query_stride};
    const HeadRows key_rows{s, task, s.keys, s.key_stride};
    const HeadRows out_rows{s, task, s.queries, s.heads * s.size};
    for (int64_t i = 0; i < s.queries; i += kLanes) {
      const auto block = take_queries<D>(query_rows, q, i, scale);
      const Vec largest = score_all<D>(block, key_rows, k, mask, weights.get());
      const Vec total = exponentials(s.keys, largest, weights.get());
      const Vec factor = s.keys > 0 ? 1.0f / total : Vec{};  // a sum of nothing is 0
      float out[D][kLanes];
      for (int d = 0; d < D; d += kAtOnce) {
        weigh<kAtOnce>(key_rows, v, weights.get(), factor, d, out);
      }
      for (int64_t r = 0; r < block.count; r++) {
        float* row = o + out_rows.at(i + r);
        for (int d = 0; d < D; d++) row[d] = out[d][r];
        if (log_sum) log_sum[task * s.queries + i + r] = largest[r] + std::log(total[r]);
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
