// Convolutions of 3 x 3 by Winograd's minimal filtering F(2 x 2, 3 x 3): 16 products where the plain way
// takes 36. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.1.
//
// Everything is done for a block of kTiles tiles, which stays in the processor's caches. A tile is 2 x 2
// pixels of the output, computed from 4 x 4 pixels of the input; all images' tiles are numbered in one row.
// Transformed tiles are kept as [16 positions, channels / kLanes, kTiles, kLanes].
#pragma once

#include <algorithm>

#include "kernels.h"
#include "simd.h"

namespace sdm {

constexpr int kPositions = 16;
// Tiles that are multiplied at once: two vectors of sums for each, in all but a few registers.
constexpr int kTilesAtOnce = kLanes == 16 ? 14 : 6;
constexpr int kTiles = kTilesAtOnce * (56 / kTilesAtOnce);
constexpr int64_t kVectorStride = kTiles * kLanes;

inline int64_t position_stride(int64_t channels) { return channels / kLanes * kVectorStride; }

// Where the pixels of a tile lie in [batch, height, width, channels]; nullptr if outside of the image.
template <int kSide>
struct TilePixels {
  // `offset` is -1 for the input's tiles of 4 x 4, 0 for the output's of 2 x 2.
  TilePixels(const Conv3x3Shape& s, int64_t channels, int64_t tile, int64_t offset) {
    const int64_t columns = s.tile_columns(), rows = s.tile_rows();
    const int64_t image = tile / (rows * columns);
    const int64_t top = tile / columns % rows * 2 + offset, left = tile % columns * 2 + offset;
    for (int i = 0; i < kSide; i++) {
      for (int j = 0; j < kSide; j++) {
        const int64_t y = top + i, x = left + j;
        const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
        at[i][j] = inside ? ((image * s.height + y) * s.width + x) * channels : -1;
      }
    }
  }
  int64_t at[kSide][kSide];
};

template <int kSide>
inline void load_tile(const float* x, const TilePixels<kSide>& pixels, int64_t channel,
                      Vec d[kSide][kSide]) {
#pragma GCC unroll 4
  for (int i = 0; i < kSide; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < kSide; j++) {
      const int64_t at = pixels.at[i][j];
      d[i][j] = at < 0 ? Vec{} : load(x + at + channel);
    }
  }
}

// BT d B of tiles first to first + count of x [batch, height, width, channels].
inline void transform_input(const Conv3x3Shape& s, int64_t channels, const float* x, int64_t first,
                            int64_t count, float* out) {
  const int64_t stride = position_stride(channels);
  for (int64_t tile = 0; tile < count; tile++) {
    const TilePixels<4> pixels(s, channels, first + tile, -1);
    float* to = out + tile * kLanes;
    for (int64_t channel = 0; channel < channels; channel += kLanes, to += kVectorStride) {
      Vec d[4][4], t[4][4];
      load_tile<4>(x, pixels, channel, d);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        t[0][j] = d[0][j] - d[2][j];
        t[1][j] = d[1][j] + d[2][j];
        t[2][j] = d[2][j] - d[1][j];
        t[3][j] = d[1][j] - d[3][j];
      }
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        float* row = to + 4 * i * stride;
        store(row, t[i][0] - t[i][2]);
        store(row + stride, t[i][1] + t[i][2]);
        store(row + 2 * stride, t[i][2] - t[i][1]);
        store(row + 3 * stride, t[i][1] - t[i][3]);
      }
    }
  }
}

}  // namespace sdm
