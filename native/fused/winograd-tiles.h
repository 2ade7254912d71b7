// The transforms of Winograd's tiles along one axis; each is applied to the columns, then to the rows. F(2 x 2, 3 x 3)
// has 4 products for a pixel, F(4 x 4, 3 x 3) 2.25, where the plain way has 9.
#pragma once

#include "simd.h"

namespace sdm {

#define SDM_INLINE static inline __attribute__((always_inline)) void

struct Tile2 {
  static constexpr int kOut = 2, kSide = 4, kTilesInBlock = 56;

  // BT d, in place.
  SDM_INLINE input(Vec d[4]) {
    const Vec a = d[0], b = d[1], c = d[2], e = d[3];
    d[0] = a - c;
    d[1] = b + c;
    d[2] = c - b;
    d[3] = b - e;
  }
  // AT m.
  SDM_INLINE output(const Vec m[4], Vec y[2]) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
  }
  // G w.
  SDM_INLINE filter(const Vec w[3], Vec u[4]) {
    u[0] = w[0];
    u[1] = 0.5f * (w[0] + w[1] + w[2]);
    u[2] = 0.5f * (w[0] - w[1] + w[2]);
    u[3] = w[2];
  }
  // A d_y.
  SDM_INLINE grad(const Vec d[2], Vec t[4]) {
    t[0] = d[0];
    t[1] = d[0] + d[1];
    t[2] = d[0] - d[1];
    t[3] = -d[1];
  }
  // GT m.
  SDM_INLINE back(const Vec m[4], Vec w[3]) {
    w[0] = m[0] + 0.5f * (m[1] + m[2]);
    w[1] = 0.5f * (m[1] - m[2]);
    w[2] = 0.5f * (m[1] + m[2]) + m[3];
  }
};

// By the points 0, 1, -1, 1/2, -2 and infinity: those of opposite signs and sizes keep rounding small (Barabasz, Anderson,
// Soodhalter and Gregg, "Error Analysis and Improving the Accuracy of Winograd Convolution", 2018).
struct Tile4 {
  static constexpr int kOut = 4, kSide = 6, kTilesInBlock = 28;

  SDM_INLINE input(Vec d[6]) {
    const Vec even = d[4] - d[2], odd = d[3] - d[1], last = d[5] - d[3];
    d[0] = d[0] - d[2] + even + 1.5f * odd;
    d[5] = last - odd + 1.5f * even;
    const Vec a = d[1], b = d[2], c = d[3], e = d[4];
    d[1] = e + 0.5f * b + 2.5f * c - a;
    d[2] = e - 2.5f * b + 0.5f * c + a;
    d[3] = even + 2.0f * odd;
    d[4] = even - 0.5f * odd;
  }
  SDM_INLINE output(const Vec m[6], Vec y[4]) {
    const Vec sum = m[1] + m[2], difference = m[1] - m[2];
    y[0] = m[0] + sum + m[3] + m[4];
    y[1] = difference + 0.5f * m[3] - 2.0f * m[4];
    y[2] = sum + 0.25f * m[3] + 4.0f * m[4];
    y[3] = difference + 0.125f * m[3] - 8.0f * m[4] + m[5];
  }
  SDM_INLINE filter(const Vec w[3], Vec u[6]) {
    const Vec even = w[0] + w[2];
    u[0] = w[0];
    u[1] = kThird * (even + w[1]);
    u[2] = -kThird * (even - w[1]);
    u[3] = -16 * kFifteenth * (w[0] + 0.5f * w[1] + 0.25f * w[2]);
    u[4] = kFifteenth * (w[0] - 2.0f * w[1] + 4.0f * w[2]);
    u[5] = w[2];
  }
  SDM_INLINE grad(const Vec d[4], Vec t[6]) {
    const Vec even = d[0] + d[2], odd = d[1] + d[3];
    t[0] = d[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = d[0] + 0.5f * d[1] + 0.25f * d[2] + 0.125f * d[3];
    t[4] = d[0] - 2.0f * d[1] + 4.0f * d[2] - 8.0f * d[3];
    t[5] = d[3];
  }
  SDM_INLINE back(const Vec m[6], Vec w[3]) {
    const Vec sum = kThird * (m[1] + m[2]), difference = kThird * (m[1] - m[2]);
    const Vec half = -16 * kFifteenth * m[3], two = kFifteenth * m[4];
    w[0] = m[0] + difference + half + two;
    w[1] = sum + 0.5f * half - 2.0f * two;
    w[2] = difference + 0.25f * half + 4.0f * two + m[5];
  }

 private:
  static constexpr float kThird = 1.0f / 3, kFifteenth = 1.0f / 15;
};

#undef SDM_INLINE

// Whether a build has tiles of 4 x 4. The browser's has not: its results stay, and it is smaller.
constexpr bool kHasTile4 = kLanes >= 8;

// Calls `run` with the tile of that side, 2 or 4.
template <class Run>
void with_tile(int tile, Run run) {
  if constexpr (kHasTile4) {
    if (tile == 4) return run(Tile4());
  }
  run(Tile2());
}

}  // namespace sdm
