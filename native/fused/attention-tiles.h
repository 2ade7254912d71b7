// What attention and its gradient share: a few queries at a time against all keys of one head, vectors of
// keys at once.
#pragma once

#include <algorithm>
#include <limits>

#include "kernels.h"
#include "simd.h"

namespace sdm {

constexpr int kQueries = 4;  // at a time

inline int64_t padded(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Where one head's rows lie in a [batch, rows, stride] array.
struct HeadRows {
  const AttentionShape& s;
  int64_t task, rows, stride;
  int64_t at(int64_t row) const {
    const int64_t image = task / s.heads, head = task % s.heads;
    return (image * rows + row) * stride + head * s.size;
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
#pragma GCC unroll 4
  for (int r = 0; r < kQueries; r++) {
    const bool inside = first + r < rows.rows;
    const float* row = x + rows.at(inside ? first + r : 0);
    for (int d = 0; d < D; d++) out[r][d] = inside ? row[d] * factor : 0.0f;
  }
}

// Products of four rows with kVectors vectors of columns of a [size, width] array.
template <int D, int kVectors>
inline void products(const float rows[kQueries][D], const float* columns, int64_t width,
                     Vec out[kQueries][kVectors]) {
#pragma GCC unroll 4
  for (int r = 0; r < kQueries; r++) std::fill(out[r], out[r] + kVectors, Vec{});
#pragma GCC unroll 8
  for (int d = 0; d < D; d++) {
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; n++) {
      const Vec column = load(columns + d * width + n * kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < kQueries; r++) out[r][n] += rows[r][d] * column;
    }
  }
}

// out[r][d] = sum over j of weights[r][j] * columns[d][j], for four rows.
template <int D>
void weighted_sums(const float* weights, const float* columns, int64_t width,
                   float out[kQueries][D]) {
  for (int first = 0; first < D; first += 4) {
    Vec totals[kQueries][4] = {};
    for (int64_t j = 0; j < width; j += kLanes) {
      Vec weight[kQueries];
#pragma GCC unroll 4
      for (int r = 0; r < kQueries; r++) weight[r] = load(weights + r * width + j);
#pragma GCC unroll 4
      for (int d = 0; d < 4; d++) {
        const Vec column = load(columns + (first + d) * width + j);
#pragma GCC unroll 4
        for (int r = 0; r < kQueries; r++) totals[r][d] += weight[r] * column;
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kQueries; r++) {
      for (int d = 0; d < 4; d++) out[r][first + d] = sum(totals[r][d]);
    }
  }
}

// Scores of four queries against vectors of keys from `j` on; keys past the end have none.
template <int D, int kVectors>
inline void scores(const AttentionShape& s, const float q[kQueries][D], const float* keys,
                   int64_t width, const float* mask, int64_t i, int64_t j,
                   Vec out[kQueries][kVectors]) {
  products<D, kVectors>(q, keys + j, width, out);
#pragma GCC unroll 4
  for (int n = 0; n < kVectors; n++) {
    const int64_t left = s.keys - j - n * kLanes;
#pragma GCC unroll 4
    for (int r = 0; r < kQueries; r++) {
      if (mask != nullptr) {
        const int64_t row = std::min(i + r, s.queries - 1);
        out[r][n] += load(mask + row * s.keys + j + n * kLanes, left);
      }
      if (left < kLanes) {
        out[r][n] = select_first(left, out[r][n], -std::numeric_limits<float>::infinity());
      }
    }
  }
}

}  // namespace sdm
