// As many floats at once as a register of this processor holds, in the vector types of GCC and Clang.
#pragma once

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels.h"

namespace sdm {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
constexpr int kBytes = kLanes * sizeof(float);

typedef float Vec __attribute__((vector_size(kBytes)));
typedef int32_t IntVec __attribute__((vector_size(kBytes)));
// The same in memory that need not be aligned.
typedef float MemoryVec __attribute__((vector_size(kBytes), aligned(4), may_alias));

inline Vec broadcast(float x) { return x - Vec{}; }

inline Vec load(const float* p) { return *reinterpret_cast<const MemoryVec*>(p); }

inline void store(float* p, Vec x) { *reinterpret_cast<MemoryVec*>(p) = x; }

// The first n floats, and zeros.
inline Vec load(const float* p, int64_t n) {
  if (n >= kLanes) return load(p);
  Vec x{};
  std::memcpy(&x, p, n * sizeof(float));
  return x;
}

inline void store(float* p, Vec x, int64_t n) {
  if (n >= kLanes) {
    store(p, x);
  } else {
    std::memcpy(p, &x, n * sizeof(float));
  }
}

// bfloat16 widened: its bits are a float's upper ones.
inline Vec load(const BFloat16* p) {
  typedef uint16_t Halves __attribute__((vector_size(kBytes / 2)));
  Halves halves;
  std::memcpy(&halves, p, sizeof(halves));
  const IntVec bits = __builtin_convertvector(halves, IntVec) << 16;
  Vec x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// Rounded to the nearest, ties to even; NaN stays NaN.
inline void store(BFloat16* p, Vec x) {
#if defined(__AVX512BF16__)
  const auto halves = _mm512_cvtneps_pbh(x);
#else
  typedef uint32_t Bits __attribute__((vector_size(kBytes)));
  typedef uint16_t Halves __attribute__((vector_size(kBytes / 2)));
  Bits bits;
  std::memcpy(&bits, &x, sizeof(x));
  const Bits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Halves halves = __builtin_convertvector(x == x ? rounded : (bits >> 16) | 0x40, Halves);
#endif
  std::memcpy(p, &halves, sizeof(halves));
}

inline Vec load(const BFloat16* p, int64_t n) {
  if (n >= kLanes) return load(p);
  BFloat16 all[kLanes] = {};
  std::memcpy(all, p, n * sizeof(BFloat16));
  return load(all);
}

inline void store(BFloat16* p, Vec x, int64_t n) {
  if (n >= kLanes) return store(p, x);
  BFloat16 all[kLanes];
  store(all, x);
  std::memcpy(p, all, n * sizeof(BFloat16));
}

// Of two numbers that are no NaN.
inline Vec vmin(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_min_ps(a, b);
#elif defined(__AVX__)
  return _mm256_min_ps(a, b);
#else
  return a < b ? a : b;
#endif
}

inline Vec vmax(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_max_ps(a, b);
#elif defined(__AVX__)
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

// All lanes combined, halves first.
template <class F>
inline float fold(Vec x, F f) {
  float lanes[kLanes];
  std::memcpy(lanes, &x, sizeof(x));
#pragma GCC unroll 4
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lanes[i] = f(lanes[i], lanes[i + half]);
  }
  return lanes[0];
}

inline float sum(Vec x) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps(x);
#elif defined(__AVX__)
  __m128 half = _mm256_castps256_ps128(x) + _mm256_extractf128_ps(x, 1);
  half += _mm_movehl_ps(half, half);
  return half[0] + half[1];
#endif
  return fold(x, [](float a, float b) { return a + b; });
}

inline float maximum(Vec x) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps(x);
#endif
  return fold(x, [](float a, float b) { return a > b ? a : b; });
}

// x where lane < n, else `other`.
inline Vec select_first(int64_t n, Vec x, float other) {
  IntVec lane;
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  return lane < static_cast<int32_t>(n) ? x : broadcast(other);
}

// e^x to two units in the last place, for x up to 88; 0 below -87, where the numbers become slow; NaN of NaN.
inline Vec exp(Vec x) {
  // x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by a polynomial that was fitted to 1e-7.
#if defined(__AVX512F__)
  const Vec n = _mm512_roundscale_ps(x * 1.44269504f, _MM_FROUND_TO_NEAREST_INT);
#else
  const float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number, which its last bits then are
  const Vec rounded = x * 1.44269504f + rounder, n = rounded - rounder;
#endif
  const Vec r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  Vec p = r * 0.00829030570f + 0.0418979756f;
  p = p * r + 0.166676366f;
  p = p * r + 0.499991492f;
  p = p * r + 0.999999707f;
  p = p * r + 1.0f;
#if defined(__AVX512F__)
  const __mmask16 normal = _mm512_cmp_ps_mask(x, broadcast(-87.0f), _CMP_NLT_UQ);
  return _mm512_maskz_scalef_ps(normal, p, n);
#else
  typedef uint32_t Bits __attribute__((vector_size(kBytes)));  // may wrap around, where the result is not taken
  Bits bits;
  std::memcpy(&bits, &rounded, sizeof(bits));
  bits = (bits << 23) + (127 << 23);
  Vec scale;
  std::memcpy(&scale, &bits, sizeof(scale));
  return x < -87.0f ? Vec{} : p * scale;
#endif
}

// 1 / x to one unit in the last place, for 1e-37 < |x| < 1e37: an estimate and a step of Newton's.
inline Vec reciprocal(Vec x) {
#if defined(__AVX512F__)
  const Vec r = _mm512_rcp14_ps(x);
  return r * (2.0f - x * r);
#else
  return 1.0f / x;
#endif
}

// NaN of NaN: vmin gives its second argument then.
inline Vec sigmoid(Vec x) { return reciprocal(1.0f + exp(vmin(broadcast(80.0f), -x))); }

// The standard normal's density at x, and its distribution function. With t = 1 / (1 + 0.4 |z|) and
// z = x / sqrt 2, erfc(|z|) = e^(-z^2) * polynomial(t) to 3e-8; the form is that of Abramowitz and Stegun
// 7.1.26, the coefficients were fitted anew for more digits.
inline void normal(Vec x, Vec* density, Vec* cdf) {
  const Vec z = vmin(broadcast(20.0f), vmax(x, -x) * 0.707106781f);  // further out, nothing is left
  const Vec e = exp(-z * z);
  const Vec t = reciprocal(1.0f + 0.4f * z);
  Vec p = t * -0.20026009769f + 0.70915083620f;
  p = p * t - 0.37091366937f;
  p = p * t + 0.46827881972f;
  p = p * t + 0.16182168924f;
  p = p * t + 0.23192239428f;
  const Vec upper = 0.5f * e * p * t;
  *density = e * 0.398942280f;
  *cdf = x < 0.0f ? upper : 1.0f - upper;
}

}  // namespace sdm
