// y = x * w + bias: a convolution of 3 x 3 with stride 1 and padding 1.
#include "winograd.h"

namespace sdm {
namespace {

// G w GT: [3, 3, in, out] -> [kPositions, in, out], `size` = in * out.
template <class Tile>
void transform_filter(int64_t size, const float* w, float* to) {
  constexpr int kSide = Tile::kSide;
  for (int64_t at = 0; at < size; at += kLanes) {
    Vec t[kSide][3];
#pragma GCC unroll 3
    for (int j = 0; j < 3; j++) {
      Vec column[3], u[kSide];
      for (int i = 0; i < 3; i++) column[i] = load(w + (3 * i + j) * size + at);
      Tile::filter(column, u);
      for (int i = 0; i < kSide; i++) t[i][j] = u[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < kSide; i++) {
      float* row = to + kSide * i * size + at;
      Vec u[kSide];
      Tile::filter(t[i], u);
      for (int j = 0; j < kSide; j++) store(row + j * size, u[j]);
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
template <class Tile, int kVectors>
void multiply(int64_t in, int64_t out, const float* tiles, const float* filter, float* to) {
  constexpr int64_t kVectorStride = Blocks<Tile>::kVectorStride;
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

template <class Tile>
void multiply_all(const Conv3x3Shape& s, int64_t count, const float* tiles, const float* filter,
                  float* products) {
  using Block = Blocks<Tile>;
  const int64_t tiles_stride = Block::position_stride(s.in), products_stride = Block::position_stride(s.out);
  for (int position = 0; position < Block::kPositions; position++) {
    for (int64_t k = 0; k < s.out; k += 2 * kLanes) {
      for (int64_t tile = 0; tile < count; tile += kTilesAtOnce) {
        const bool two = k + kLanes < s.out;
        (two ? multiply<Tile, 2> : multiply<Tile, 1>)(
            s.in, s.out, tiles + position * tiles_stride + tile * kLanes,
            filter + position * s.in * s.out + k,
            products + position * products_stride + k / kLanes * Block::kVectorStride + tile * kLanes);
      }
    }
  }
}

// AT m A + bias, for tiles first to first + count of y.
template <class Tile>
void transform_output(const Conv3x3Shape& s, const float* products, const float* bias, int64_t first,
                      int64_t count, float* y) {
  constexpr int kOut = Tile::kOut, kSide = Tile::kSide;
  const int64_t stride = Blocks<Tile>::position_stride(s.out);
  const auto outside = scratch(s.out);
  for (int64_t tile = 0; tile < count; tile++) {
    const TilePixels<kOut, float> pixels(s, s.out, first + tile, 0, y, outside.get());
    const float* from = products + tile * kLanes;
    for (int64_t channel = 0; channel < s.out; channel += kLanes, from += Blocks<Tile>::kVectorStride) {
      Vec t[kOut][kSide];
#pragma GCC unroll 6
      for (int j = 0; j < kSide; j++) {
        Vec m[kSide], column[kOut];
        for (int i = 0; i < kSide; i++) m[i] = load(from + (kSide * i + j) * stride);
        Tile::output(m, column);
        for (int i = 0; i < kOut; i++) t[i][j] = column[i];
      }
      const Vec shift = bias ? load(bias + channel) : Vec{};
#pragma GCC unroll 4
      for (int i = 0; i < kOut; i++) {
        Vec row[kOut];
        Tile::output(t[i], row);
        for (int j = 0; j < kOut; j++) store(pixels.at[i][j] + channel, row[j] + shift);
      }
    }
  }
}

}  // namespace

bool conv3x3_supports(int64_t channels) { return channels > 0 && channels % kLanes == 0; }

// With 16 lanes convolutions take a smaller part of a training step, so that the smaller rounding is preferred. What lies outside of
// the image is computed as well; a product of a tile of 4 x 4 counts for a quarter more, for its transforms.
int conv3x3_tile(int wanted, int64_t height, int64_t width) {
  if (wanted == 2 || !kHasTile4) return 2;
  const auto products = [&](int64_t tile, int64_t side) {
    return ((height + tile - 1) / tile) * ((width + tile - 1) / tile) * side * side;
  };
  const bool pays = kLanes == 8 && 1.25 * products(4, 6) < products(2, 4);
  return wanted == 4 || pays ? 4 : 2;
}

int64_t conv3x3_filter_size(const Conv3x3Shape& s) { return (s.tile + 2) * (s.tile + 2) * s.in * s.out; }

int64_t conv3x3_tiles_in_block(const Conv3x3Shape& s) {
  int64_t tiles = 0;
  with_tile(s.tile, [&](auto tile) { tiles = Blocks<decltype(tile)>::kTiles; });
  return tiles;
}

int64_t conv3x3_blocks(const Conv3x3Shape& s) {
  const int64_t tiles = conv3x3_tiles_in_block(s);
  return (s.tiles() + tiles - 1) / tiles;
}

void conv3x3_filter(const Conv3x3Shape& s, bool transposed, const float* w, float* filter) {
  with_tile(s.tile, [&](auto tile) {
    using Tile = decltype(tile);
    if (!transposed) return transform_filter<Tile>(s.in * s.out, w, filter);
    const auto turned = scratch(9 * s.in * s.out);
    turn_filter(s.in, s.out, w, turned.get());
    transform_filter<Tile>(s.in * s.out, turned.get(), filter);
  });
}

void conv3x3(const Conv3x3Shape& s, const float* x, const float* filter, const float* bias, float* y,
             int64_t begin, int64_t end) {
  with_tile(s.tile, [&](auto tile) {
    using Tile = decltype(tile);
    using Block = Blocks<Tile>;
    const auto tiles = scratch(Block::kPositions * Block::position_stride(s.in));
    const auto products = scratch(Block::kPositions * Block::position_stride(s.out));
    for (int64_t block = begin; block < end; block++) {
      const int64_t first = block * Block::kTiles, count = std::min<int64_t>(Block::kTiles, s.tiles() - first);
      transform_input<Tile>(s, s.in, x, first, count, tiles.get());
      multiply_all<Tile>(s, count, tiles.get(), filter, products.get());
      transform_output<Tile>(s, products.get(), bias, first, count, y);
    }
  });
}

}  // namespace sdm
