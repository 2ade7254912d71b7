// y = x * w + bias: a convolution of 3 x 3 with stride 1 and padding 1.
#include "winograd.h"

namespace sdm {
namespace {

// G w GT: [3, 3, in, out] -> [16, in, out], `size` = in * out.
void transform_filter(int64_t size, const float* w, float* to) {
  for (int64_t at = 0; at < size; at += kLanes) {
    Vec t[4][3];
#pragma GCC unroll 3
    for (int j = 0; j < 3; j++) {
      const Vec a = load(w + j * size + at), b = load(w + (3 + j) * size + at);
      const Vec c = load(w + (6 + j) * size + at);
      t[0][j] = a;
      t[1][j] = 0.5f * (a + b + c);
      t[2][j] = 0.5f * (a - b + c);
      t[3][j] = c;
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      float* row = to + 4 * i * size + at;
      store(row, t[i][0]);
      store(row + size, 0.5f * (t[i][0] + t[i][1] + t[i][2]));
      store(row + 2 * size, 0.5f * (t[i][0] - t[i][1] + t[i][2]));
      store(row + 3 * size, t[i][2]);
    }
  }
}

// [3, 3, out, in] -> [3, 3, in, out], turned around.
void turn_filter(int64_t in, int64_t out, const float* w, float* to) {
  for (int position = 8; position >= 0; position--, to += in * out) {
    const float* from = w + position * in * out;
    for (int64_t c = 0; c < in; c++) {
      for (int64_t k = 0; k < out; k++) to[c * out + k] = from[k * in + c];
    }
  }
}

// Products of kTilesAtOnce tiles with kVectors vectors of a [in, out] filter.
template <int kVectors>
void multiply(int64_t in, int64_t out, const float* tiles, const float* filter, float* to) {
  Vec sums[kTilesAtOnce][kVectors] = {};
  for (int64_t c = 0; c < in; c += kLanes, tiles += kVectorStride) {
    for (int lane = 0; lane < kLanes; lane++, filter += out) {
      Vec column[kVectors];
#pragma GCC unroll 2
      for (int n = 0; n < kVectors; n++) column[n] = load(filter + n * kLanes);
#pragma GCC unroll 14
      for (int r = 0; r < kTilesAtOnce; r++) {
#pragma GCC unroll 2
        for (int n = 0; n < kVectors; n++) sums[r][n] += tiles[r * kLanes + lane] * column[n];
      }
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < kTilesAtOnce; r++) {
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; n++) store(to + n * kVectorStride + r * kLanes, sums[r][n]);
  }
}

void multiply_all(const Conv3x3Shape& s, int64_t count, const float* tiles, const float* filter,
                  float* products) {
  const int64_t tiles_stride = position_stride(s.in), products_stride = position_stride(s.out);
  for (int position = 0; position < kPositions; position++) {
    for (int64_t k = 0; k < s.out; k += 2 * kLanes) {
      for (int64_t tile = 0; tile < count; tile += kTilesAtOnce) {
        const bool two = k + kLanes < s.out;
        (two ? multiply<2> : multiply<1>)(
            s.in, s.out, tiles + position * tiles_stride + tile * kLanes,
            filter + position * s.in * s.out + k,
            products + position * products_stride + k / kLanes * kVectorStride + tile * kLanes);
      }
    }
  }
}

// AT m A + bias, for tiles first to first + count of y.
void transform_output(const Conv3x3Shape& s, const float* products, const float* bias, int64_t first,
                      int64_t count, float* y) {
  const int64_t stride = position_stride(s.out);
  for (int64_t tile = 0; tile < count; tile++) {
    const TilePixels<2> pixels(s, s.out, first + tile, 0);
    const float* from = products + tile * kLanes;
    for (int64_t channel = 0; channel < s.out; channel += kLanes, from += kVectorStride) {
      Vec t[2][4];
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        const Vec a = load(from + j * stride), b = load(from + (4 + j) * stride);
        const Vec c = load(from + (8 + j) * stride), d = load(from + (12 + j) * stride);
        t[0][j] = a + b + c;
        t[1][j] = b - c - d;
      }
      const Vec shift = bias ? load(bias + channel) : Vec{};
#pragma GCC unroll 2
      for (int i = 0; i < 2; i++) {
        const int64_t *at = pixels.at[i];
        if (at[0] >= 0) store(y + at[0] + channel, t[i][0] + t[i][1] + t[i][2] + shift);
        if (at[1] >= 0) store(y + at[1] + channel, t[i][1] - t[i][2] - t[i][3] + shift);
      }
    }
  }
}

}  // namespace

bool conv3x3_supports(int64_t channels) { return channels % kLanes == 0; }

int64_t conv3x3_tiles_in_block() { return kTiles; }

void conv3x3_filter(int64_t in, int64_t out, bool transposed, const float* w, float* filter) {
  if (!transposed) return transform_filter(in * out, w, filter);
  const auto turned = scratch(9 * in * out);
  turn_filter(in, out, w, turned.get());
  transform_filter(in * out, turned.get(), filter);
}

void conv3x3(const Conv3x3Shape& s, const float* x, const float* filter, const float* bias, float* y,
             int64_t begin, int64_t end) {
  const auto tiles = scratch(kPositions * position_stride(s.in));
  const auto products = scratch(kPositions * position_stride(s.out));
  for (int64_t block = begin; block < end; block++) {
    const int64_t first = block * kTiles, count = std::min<int64_t>(kTiles, s.tiles() - first);
    transform_input(s, s.in, x, first, count, tiles.get());
    multiply_all(s, count, tiles.get(), filter, products.get());
    transform_output(s, products.get(), bias, first, count, y);
  }
}

}  // namespace sdm
