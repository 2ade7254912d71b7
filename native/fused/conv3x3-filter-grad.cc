// The gradients of conv3x3 for the filter and the bias.
#include "winograd.h"

namespace sdm {
namespace {

// A d_y AT of tiles first to first + count; adds the pixels' sum to d_bias.
template <class Tile, class T>
void transform_grad(const Conv3x3Shape& s, const T* d_y, int64_t first, int64_t count, float* out,
                    float* d_bias) {
  constexpr int kOut = Tile::kOut, kSide = Tile::kSide;
  const int64_t stride = Blocks<Tile>::position_stride(s.out);
  const auto outside = zeros<T>(s.out);
  for (int64_t tile = 0; tile < count; tile++) {
    const TilePixels<kOut, const T> pixels(s, s.out, first + tile, 0, d_y, outside.get());
    float* to = out + tile * kLanes;
    for (int64_t channel = 0; channel < s.out; channel += kLanes, to += Blocks<Tile>::kVectorStride) {
      Vec d[kOut][kOut], t[kSide][kOut];
      load_tile(pixels, channel, d);
#pragma GCC unroll 4
      for (int j = 0; j < kOut; j++) {
        Vec column[kOut], u[kSide];
        for (int i = 0; i < kOut; i++) column[i] = d[i][j];
        Tile::grad(column, u);
        for (int i = 0; i < kSide; i++) t[i][j] = u[i];
      }
      Vec sum = load(d_bias + channel);
      for (int j = 0; j < kOut; j++) sum += t[1][j];  // the point 1: the sum of a column
      store(d_bias + channel, sum);
#pragma GCC unroll 6
      for (int i = 0; i < kSide; i++) {
        float* row = to + kSide * i * stride;
        Vec u[kSide];
        Tile::grad(t[i], u);
        for (int j = 0; j < kSide; j++) store(row + j * stride, u[j]);
      }
    }
  }
}

constexpr int kRows = kLanes == 16 ? 8 : 4;

// The products of kRows input channels with kVectors vectors of output channels, summed over the tiles; added to those of
// earlier blocks unless it is the `first`.
template <class Tile, int kVectors>
void accumulate(int64_t out, bool first, int64_t count, const float* tiles, const float* grads, float* to) {
  Vec sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; n++) sums[r][n] = first ? Vec{} : load(to + r * out + n * kLanes);
  }
  for (int64_t tile = 0; tile < count; tile++, tiles += kLanes, grads += kLanes) {
    Vec grad[kVectors];
#pragma GCC unroll 2
    for (int n = 0; n < kVectors; n++) grad[n] = load(grads + n * Blocks<Tile>::kVectorStride);
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

template <class Tile>
void accumulate_all(const Conv3x3Shape& s, bool first, int64_t count, const float* tiles, const float* grads,
                    float* sums) {
  using Block = Blocks<Tile>;
  const int64_t tiles_stride = Block::position_stride(s.in), grads_stride = Block::position_stride(s.out);
  for (int position = 0; position < Block::kPositions; position++) {
    for (int64_t c = 0; c < s.in; c += kRows) {
      const float* rows = tiles + position * tiles_stride + c / kLanes * Block::kVectorStride + c % kLanes;
      for (int64_t k = 0; k < s.out; k += 2 * kLanes) {
        const bool two = k + kLanes < s.out;
        (two ? accumulate<Tile, 2> : accumulate<Tile, 1>)(
            s.out, first, count, rows,
            grads + position * grads_stride + k / kLanes * Block::kVectorStride,
            sums + (position * s.in + c) * s.out + k);
      }
    }
  }
}

// GT m G: [kPositions, in, out] -> [3, 3, in, out].
template <class Tile>
void transform_back(int64_t size, const float* m, float* d_w) {
  constexpr int kSide = Tile::kSide;
  for (int64_t at = 0; at < size; at += kLanes) {
    Vec t[3][kSide];
#pragma GCC unroll 6
    for (int j = 0; j < kSide; j++) {
      Vec column[kSide], w[3];
      for (int i = 0; i < kSide; i++) column[i] = load(m + (kSide * i + j) * size + at);
      Tile::back(column, w);
      for (int i = 0; i < 3; i++) t[i][j] = w[i];
    }
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
      float* row = d_w + 3 * i * size + at;
      Vec w[3];
      Tile::back(t[i], w);
      for (int j = 0; j < 3; j++) store(row + j * size, w[j]);
    }
  }
}

}  // namespace

// A part of tiles of 4 x 4 has five blocks at least: its own sums of 36 positions cost as much as some blocks.
int64_t conv3x3_filter_grad_parts(const Conv3x3Shape& s) {
  constexpr int64_t kMost = 8;
  const int64_t blocks = conv3x3_blocks(s);
  return std::clamp<int64_t>(s.tile == 4 ? blocks / 5 : blocks, 1, kMost);
}

template <class T>
void conv3x3_filter_grad(const Conv3x3Shape& s, const T* x, const T* d_y, float* d_w, float* d_bias,
                         int64_t begin, int64_t end) {
  with_tile(s.tile, [&](auto tile) {
    using Tile = decltype(tile);
    using Block = Blocks<Tile>;
    const auto tiles = scratch(Block::kPositions * Block::position_stride(s.in));
    const auto grads = scratch(Block::kPositions * Block::position_stride(s.out));
    const auto sums = scratch(Block::kPositions * s.in * s.out);
    std::fill(d_bias, d_bias + s.out, 0.0f);
    if (begin == end) std::fill_n(sums.get(), Block::kPositions * s.in * s.out, 0.0f);
    for (int64_t block = begin; block < end; block++) {
      const int64_t first = block * Block::kTiles, count = std::min<int64_t>(Block::kTiles, s.tiles() - first);
      transform_input<Tile>(s, s.in, x, first, count, tiles.get());
      transform_grad<Tile>(s, d_y, first, count, grads.get(), d_bias);
      accumulate_all<Tile>(s, block == begin, count, tiles.get(), grads.get(), sums.get());
    }
    transform_back<Tile>(s.in * s.out, sums.get(), d_w);
  });
}

template void conv3x3_filter_grad(const Conv3x3Shape&, const float*, const float*, float*, float*, int64_t,
                                  int64_t);
template void conv3x3_filter_grad(const Conv3x3Shape&, const BFloat16*, const BFloat16*, float*, float*,
                                  int64_t, int64_t);

}  // namespace sdm
