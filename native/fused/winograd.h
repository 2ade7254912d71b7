// Convolutions of 3 x 3 by Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015, section 4.1): a tile of kSide x kSide pixels of the input, kSide = kOut + 2, gives kOut x kOut pixels
// of the output by as many products as it has pixels. What differs between tiles is in winograd-tiles.h.
//
// Everything is done for a block of kTiles tiles, which stays in the processor's caches; all images' tiles are numbered
// in one row. Transformed tiles are kept as [kPositions, channels / kLanes, kTiles, kLanes].
#pragma once

#include <algorithm>

#include "kernels.h"
#include "simd.h"
#include "winograd-tiles.h"

namespace sdm {

// Tiles that are multiplied at once: two vectors of sums for each, in all but a few registers.
constexpr int kTilesAtOnce = kLanes == 16 ? 14 : 6;

template <class Tile>
struct Blocks {
  static constexpr int kPositions = Tile::kSide * Tile::kSide;
  static constexpr int kTiles = kTilesAtOnce * (Tile::kTilesInBlock / kTilesAtOnce);
  static constexpr int64_t kVectorStride = kTiles * kLanes;
  // A cache line more than needed: positions that lie a power of two apart would share their place in the caches.
  static int64_t position_stride(int64_t channels) { return channels / kLanes * kVectorStride + 16; }
};

// The kSide x kSide pixels of a tile in `images` [batch, height, width, channels]; those outside of the image are all
// `outside`, so that nothing has to be asked for each of them.
template <int kSide, class T>
struct TilePixels {
  // `offset` is -1 for the input's tiles, 0 for the output's.
  TilePixels(const Conv3x3Shape& s, int64_t channels, int64_t tile, int64_t offset, T* images,
             T* outside) {
    const int64_t columns = s.tile_columns(), rows = s.tile_rows();
    const int64_t top = tile / columns % rows * s.tile + offset, left = tile % columns * s.tile + offset;
    images += tile / (rows * columns) * s.height * s.width * channels;
    for (int i = 0; i < kSide; i++) {
      for (int j = 0; j < kSide; j++) {
        const int64_t y = top + i, x = left + j;
        const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
        at[i][j] = inside ? images + (y * s.width + x) * channels : outside;
      }
    }
  }
  T* at[kSide][kSide];
};

template <int kSide, class T>
inline void load_tile(const TilePixels<kSide, const T>& pixels, int64_t channel, Vec d[kSide][kSide]) {
#pragma GCC unroll 6
  for (int i = 0; i < kSide; i++) {
#pragma GCC unroll 6
    for (int j = 0; j < kSide; j++) d[i][j] = load(pixels.at[i][j] + channel);
  }
}

// BT d B of tiles first to first + count of x [batch, height, width, channels].
template <class Tile, class T>
void transform_input(const Conv3x3Shape& s, int64_t channels, const T* x, int64_t first, int64_t count,
                     float* out) {
  constexpr int kSide = Tile::kSide;
  const int64_t stride = Blocks<Tile>::position_stride(channels);
  const auto outside = zeros<T>(channels);
  for (int64_t tile = 0; tile < count; tile++) {
    const TilePixels<kSide, const T> pixels(s, channels, first + tile, -1, x, outside.get());
    float* to = out + tile * kLanes;
    for (int64_t channel = 0; channel < channels; channel += kLanes, to += Blocks<Tile>::kVectorStride) {
      Vec d[kSide][kSide], t[kSide][kSide];
      load_tile(pixels, channel, d);
#pragma GCC unroll 6
      for (int j = 0; j < kSide; j++) {
        Vec column[kSide];
#pragma GCC unroll 6
        for (int i = 0; i < kSide; i++) column[i] = d[i][j];
        Tile::input(column);
#pragma GCC unroll 6
        for (int i = 0; i < kSide; i++) t[i][j] = column[i];
      }
#pragma GCC unroll 6
      for (int i = 0; i < kSide; i++) {
        float* row = to + kSide * i * stride;
        Tile::input(t[i]);
#pragma GCC unroll 6
        for (int j = 0; j < kSide; j++) store(row + j * stride, t[i][j]);
      }
    }
  }
}

}  // namespace sdm
