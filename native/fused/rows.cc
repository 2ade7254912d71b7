// What works row by row: layer normalization, and GELU as a gate.
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "simd.h"

namespace sdm {
namespace {

// Sums f(first channel, number of channels) over a row.
template <class F>
float sum_row(int64_t channels, F f) {
  Vec total{};
  for (int64_t c = 0; c < channels; c += kLanes) {
    total += f(c, std::min<int64_t>(kLanes, channels - c));
  }
  return sum(total);
}

}  // namespace

template <class T>
void layer_norm(int64_t C, float epsilon, const float* x, const float* gamma, const float* beta,
                T* y, float* mean, float* rstd, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const float* row = x + i * C;
    const float mu = sum_row(C, [&](int64_t c, int64_t n) { return load(row + c, n); }) / C;
    const float variance = sum_row(C, [&](int64_t c, int64_t n) {
      const Vec centred = load(row + c, n) - mu;
      return select_first(n, centred * centred, 0.0f);
    }) / C;
    const float r = 1.0f / std::sqrt(variance + epsilon);
    mean[i] = mu;
    rstd[i] = r;
    for (int64_t c = 0; c < C; c += kLanes) {
      const int64_t n = std::min<int64_t>(kLanes, C - c);
      store(y + i * C + c, (load(row + c, n) - mu) * r * load(gamma + c, n) + load(beta + c, n), n);
    }
  }
}

template <class T>
void layer_norm_grad(int64_t C, const T* d_y, const float* x, const float* gamma,
                     const float* mean, const float* rstd, float* d_x, float* d_gamma,
                     float* d_beta, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const float* row = x + i * C;
    const T* d_out = d_y + i * C;
    const float mu = mean[i], r = rstd[i];
    Vec sums{}, products{};
    for (int64_t c = 0; c < C; c += kLanes) {
      const int64_t n = std::min<int64_t>(kLanes, C - c);
      const Vec normalized = (load(row + c, n) - mu) * r, d = load(d_out + c, n);
      const Vec weighted = d * load(gamma + c, n);
      sums += weighted;
      products += weighted * normalized;
      store(d_beta + c, load(d_beta + c, n) + d, n);
      store(d_gamma + c, load(d_gamma + c, n) + d * normalized, n);
    }
    const float a = sum(sums) / C, b = sum(products) / C;
    for (int64_t c = 0; c < C; c += kLanes) {
      const int64_t n = std::min<int64_t>(kLanes, C - c);
      const Vec normalized = (load(row + c, n) - mu) * r;
      const Vec weighted = load(d_out + c, n) * load(gamma + c, n);
      store(d_x + i * C + c, r * (weighted - a - normalized * b), n);
    }
  }
}

template <class T>
void geglu(int64_t C, const T* x, T* y, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const T *hidden = x + i * 2 * C, *gate = hidden + C;
    for (int64_t c = 0; c < C; c += kLanes) {
      const int64_t n = std::min<int64_t>(kLanes, C - c);
      const Vec b = load(gate + c, n);
      Vec density, cdf;
      normal(b, &density, &cdf);
      store(y + i * C + c, load(hidden + c, n) * b * cdf, n);
    }
  }
}

template <class T>
void geglu_grad(int64_t C, const T* d_y, const T* x, T* d_x, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const T *hidden = x + i * 2 * C, *gate = hidden + C;
    T *d_hidden = d_x + i * 2 * C, *d_gate = d_hidden + C;
    for (int64_t c = 0; c < C; c += kLanes) {
      const int64_t n = std::min<int64_t>(kLanes, C - c);
      const Vec b = load(gate + c, n), d = load(d_y + i * C + c, n);
      Vec density, cdf;
      normal(b, &density, &cdf);
      store(d_hidden + c, d * b * cdf, n);
      store(d_gate + c, d * load(hidden + c, n) * (cdf + b * density), n);
    }
  }
}

template void layer_norm(int64_t, float, const float*, const float*, const float*, float*, float*, float*,
                         int64_t, int64_t);
template void layer_norm_grad(int64_t, const float*, const float*, const float*, const float*,
                              const float*, float*, float*, float*, int64_t, int64_t);
template void geglu(int64_t, const float*, float*, int64_t, int64_t);
template void geglu_grad(int64_t, const float*, const float*, float*, int64_t, int64_t);
template void layer_norm(int64_t, float, const float*, const float*, const float*, BFloat16*, float*, float*,
                         int64_t, int64_t);
template void layer_norm_grad(int64_t, const BFloat16*, const float*, const float*, const float*,
                              const float*, float*, float*, float*, int64_t, int64_t);
template void geglu(int64_t, const BFloat16*, BFloat16*, int64_t, int64_t);
template void geglu_grad(int64_t, const BFloat16*, const BFloat16*, BFloat16*, int64_t, int64_t);

}  // namespace sdm
