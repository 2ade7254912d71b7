// Attention of bfloat16: each head is widened into room that the processor's caches hold, and what comes out rounded.
#include <cstring>
#include <type_traits>

#include "attention-tiles.h"

namespace sdm {
namespace {

float wide(BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float y;
  std::memcpy(&y, &bits, sizeof(y));
  return y;
}

// As `store` of simd.h.
BFloat16 rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  const uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return {static_cast<uint16_t>(x == x ? nearest : (bits >> 16) | 0x40)};
}

// Calls f with the size of a head as a constant, so that its loops are a few vectors.
template <class F>
void for_size(int size, F f) {
  if (size == 4) return f(std::integral_constant<int, 4>());
  if (size == 8) return f(std::integral_constant<int, 8>());
  if (size == 16) return f(std::integral_constant<int, 16>());
  if (size == 32) return f(std::integral_constant<int, 32>());
  f(std::integral_constant<int, 64>());
}

// A head's rows, one after another.
void widen(const HeadRows& rows, const BFloat16* x, float* to) {
  for_size(rows.s.size, [&](auto size) {
    const BFloat16* row = x + rows.at(0);
    for (int64_t i = 0; i < rows.rows; i++, row += rows.stride, to += size) {
      for (int d = 0; d < size; d++) to[d] = wide(row[d]);
    }
  });
}

void narrow(const HeadRows& rows, const float* x, BFloat16* to) {
  for_size(rows.s.size, [&](auto size) {
    BFloat16* row = to + rows.at(0);
    for (int64_t i = 0; i < rows.rows; i++, row += rows.stride, x += size) {
      for (int d = 0; d < size; d++) row[d] = rounded(x[d]);
    }
  });
}

// The same attention of one head, whose rows lie side by side.
AttentionShape one_head(const AttentionShape& s) {
  return {s.queries, s.keys, 1, s.size, s.size, s.size};
}

}  // namespace

void attention(const AttentionShape& s, const BFloat16* q, const BFloat16* k, const BFloat16* v,
               const float* mask, BFloat16* o, float* log_sum, int64_t begin, int64_t end) {
  const AttentionShape one = one_head(s);
  const int64_t query_size = s.queries * s.size, key_size = s.keys * s.size;
  const auto room = scratch(2 * query_size + 2 * key_size);
  float *queries = room.get(), *out = queries + query_size, *keys = out + query_size;
  float* values = keys + key_size;
  for (int64_t task = begin; task < end; task++) {
    const HeadRows query_rows{s, task, s.queries, s.query_stride};
    const HeadRows key_rows{s, task, s.keys, s.key_stride};
    const HeadRows out_rows{s, task, s.queries, s.heads * s.size};
    widen(query_rows, q, queries);
    widen(key_rows, k, keys);
    widen(key_rows, v, values);
    attention(one, queries, keys, values, mask, out, log_sum + task * s.queries, 0, 1);
    narrow(out_rows, out, o);
  }
}

void attention_grad(const AttentionShape& s, const BFloat16* d_o, const BFloat16* q,
                    const BFloat16* k, const BFloat16* v, const float* mask, const BFloat16* o,
                    const float* log_sum, BFloat16* d_q, BFloat16* d_k, BFloat16* d_v, int64_t begin,
                    int64_t end) {
  const AttentionShape one = one_head(s);
  const int64_t query_size = s.queries * s.size, key_size = s.keys * s.size;
  const auto room = scratch(4 * query_size + 4 * key_size);
  float *queries = room.get(), *out = queries + query_size, *d_out = out + query_size;
  float *d_queries = d_out + query_size, *keys = d_queries + query_size, *values = keys + key_size;
  float *d_keys = values + key_size, *d_values = d_keys + key_size;
  for (int64_t task = begin; task < end; task++) {
    const HeadRows query_rows{s, task, s.queries, s.query_stride};
    const HeadRows key_rows{s, task, s.keys, s.key_stride};
    const HeadRows out_rows{s, task, s.queries, s.heads * s.size};
    widen(query_rows, q, queries);
    widen(key_rows, k, keys);
    widen(key_rows, v, values);
    widen(out_rows, o, out);
    widen(out_rows, d_o, d_out);
    attention_grad(one, d_out, queries, keys, values, mask, out, log_sum + task * s.queries,
                   d_queries, d_keys, d_values, 0, 1);
    narrow(query_rows, d_queries, d_q);
    narrow(key_rows, d_keys, d_k);
    narrow(key_rows, d_values, d_v);
  }
}

}  // namespace sdm
