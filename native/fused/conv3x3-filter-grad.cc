// The gradients of conv3x3 for the filter and the bias.
#include <vector>

#include "winograd.h"

namespace sdm {
namespace {

// A d_y AT of tiles first to first + count; adds the pixels' sum to d_bias.
void transform_grad(const Conv3x3Shape& s, const float* d_y, int64_t first, int64_t count, float* out,
                    float* d_bias) {
  const int64_t stride = position_stride(s.out);
  for (int64_t tile = 0; tile < count; tile++) {
    const TilePixels<2> pixels(s, s.out, first + tile, 0);
    float* to = out + tile * kLanes;
    for (int64_t channel = 0; channel < s.out; channel += kLanes, to += kVectorStride) {
      Vec d[2][2], t[4][2];
      load_tile<2>(d_y, pixels, channel, d);
#pragma GCC unroll 2
      for (int j = 0; j < 2; j++) {
        t[0][j] = d[0][j];
        t[1][j] = d[0][j] + d[1][j];
        t[2][j] = d[0][j] - d[1][j];
        t[3][j] = -d[1][j];
      }
      store(d_bias + channel, load(d_bias + channel) + t[1][0] + t[1][1]);
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        float* row = to + 4 * i * stride;
        store(row, t[i][0]);
        store(row + stride, t[i][0] + t[i][1]);
        store(row + 2 * stride, t[i][0] - t[i][1]);
        store(row + 3 * stride, -t[i][1]);
      }
    }
  }
}

constexpr int kRows = kLanes == 16 ? 8 : 4;

// Adds the products of kRows input channels with kVectors vectors of output channels, over the tiles.
template <int kVectors>
void accumulate(int64_t out, int64_t count, const float* tiles, const float* grads, float* to) {
  Vec sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; n++) sums[r][n] = load(to + r * out + n * kLanes);
  }
  for (int64_t tile = 0; tile < count; tile++, tiles += kLanes, grads += kLanes) {
    Vec grad[kVectors];
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; n++) grad[n] = load(grads + n * kVectorStride);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 2
      for (int n = 0; n < kVectors; n++) sums[r][n] += tiles[r] * grad[n];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; n++) store(to + r * out + n * kLanes, sums[r][n]);
  }
}

void accumulate_all(const Conv3x3Shape& s, int64_t count, const float* tiles, const float* grads,
                    float* sums) {
  for (int position = 0; position < kPositions; position++) {
    for (int64_t c = 0; c < s.in; c += kRows) {
      const float* rows = tiles + position * position_stride(s.in) + c / kLanes * kVectorStride + c % kLanes;
      for (int64_t k = 0; k < s.out; k += 2 * kLanes) {
        const bool two = k + kLanes < s.out;
        (two ? accumulate<2> : accumulate<1>)(
            s.out, count, rows,
            grads + position * position_stride(s.out) + k / kLanes * kVectorStride,
            sums + (position * s.in + c) * s.out + k);
      }
    }
  }
}

// GT m G: [16, in, out] -> [3, 3, in, out].
void transform_back(int64_t size, const float* m, float* d_w) {
  for (int64_t at = 0; at < size; at += kLanes) {
    Vec t[3][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      const Vec a = load(m + j * size + at), b = load(m + (4 + j) * size + at);
      const Vec c = load(m + (8 + j) * size + at), d = load(m + (12 + j) * size + at);
      t[0][j] = a + 0.5f * (b + c);
      t[1][j] = 0.5f * (b - c);
      t[2][j] = 0.5f * (b + c) + d;
    }
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
      float* row = d_w + 3 * i * size + at;
      store(row, t[i][0] + 0.5f * (t[i][1] + t[i][2]));
      store(row + size, 0.5f * (t[i][1] - t[i][2]));
      store(row + 2 * size, 0.5f * (t[i][1] + t[i][2]) + t[i][3]);
    }
  }
}

}  // namespace

void conv3x3_filter_grad(const Conv3x3Shape& s, const float* x, const float* d_y, float* d_w,
                         float* d_bias, int64_t begin, int64_t end) {
  const auto tiles = scratch(kPositions * position_stride(s.in));
  const auto grads = scratch(kPositions * position_stride(s.out));
  std::vector<float> sums(kPositions * s.in * s.out);
  std::fill(d_bias, d_bias + s.out, 0.0f);
  for (int64_t block = begin; block < end; block++) {
    const int64_t first = block * kTiles, count = std::min<int64_t>(kTiles, s.tiles() - first);
    transform_input(s, s.in, x, first, count, tiles.get());
    transform_grad(s, d_y, first, count, grads.get(), d_bias);
    accumulate_all(s, count, tiles.get(), grads.get(), sums.data());
  }
  transform_back(s.in * s.out, sums.data(), d_w);
}

}  // namespace sdm
