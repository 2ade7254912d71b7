// Group normalization, with SiLU after it if wanted. An image fits into the processor's second cache, so
// that only the first of the passes over it reads memory.
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "simd.h"

namespace sdm {
namespace {

// Calls f(first channel, number of channels) for each vector of channels, the last one perhaps shorter.
template <class F>
void for_channels(int64_t channels, F f) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    f(c, std::min<int64_t>(kLanes, channels - c));
  }
}

// Sums f(pixel) over the pixels; four sums side by side hide the latency of an addition.
template <class F>
Vec sum_pixels(int64_t pixels, F f) {
  Vec sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= pixels; i += 4) {
    for (int k = 0; k < 4; k++) sums[k] += f(i + k);
  }
  for (; i < pixels; i++) sums[0] += f(i);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Sums of each group's channels, weighted, times `factor`: one number for each channel of the group.
void group_sums(const GroupNormShape& s, const float* channel_sums, const float* weights,
                float factor, float* out) {
  const int64_t width = s.channels / s.groups;
  for (int64_t first = 0; first < s.channels; first += width) {
    float total = 0;
    for (int64_t c = first; c < first + width; c++) {
      total += weights == nullptr ? channel_sums[c] : channel_sums[c] * weights[c];
    }
    std::fill(out + first, out + first + width, total * factor);
  }
}

}  // namespace

template <class T>
void group_norm(const GroupNormShape& s, float epsilon, const float* x, const float* gamma,
                const float* beta, T* y, float* mean, float* rstd, int64_t begin, int64_t end) {
  const int64_t C = s.channels, width = C / s.groups;
  const float share = 1.0f / (s.pixels * width);
  const auto sums = scratch(C), means = scratch(C), variances = scratch(C);
  for (int64_t n = begin; n < end; n++) {
    const float* image = x + n * s.pixels * C;
    T* out = y + n * s.pixels * C;
    for_channels(C, [&](int64_t c, int64_t m) {
      store(&sums[c], sum_pixels(s.pixels, [&](int64_t i) { return load(image + i * C + c, m); }), m);
    });
    group_sums(s, sums.get(), nullptr, share, means.get());
    for_channels(C, [&](int64_t c, int64_t m) {
      const Vec mu = load(&means[c], m);
      const auto square = [&](int64_t i) {
        const Vec centred = load(image + i * C + c, m) - mu;
        return centred * centred;
      };
      store(&sums[c], sum_pixels(s.pixels, square), m);
    });
    group_sums(s, sums.get(), nullptr, share, variances.get());
    for (int64_t g = 0; g < s.groups; g++) {
      mean[n * s.groups + g] = means[g * width];
      rstd[n * s.groups + g] = 1.0f / std::sqrt(variances[g * width] + epsilon);
    }
    for_channels(C, [&](int64_t c, int64_t m) {
      Vec r{};
      for (int64_t k = 0; k < m; k++) r[k] = rstd[n * s.groups + (c + k) / width];
      const Vec mu = load(&means[c], m), scale = r * load(gamma + c, m), shift = load(beta + c, m);
      for (int64_t i = 0; i < s.pixels; i++) {
        const Vec z = (load(image + i * C + c, m) - mu) * scale + shift;
        store(out + i * C + c, s.silu ? z * sigmoid(z) : z, m);
      }
    });
  }
}

template <class T>
void group_norm_grad(const GroupNormShape& s, const T* d_y, const float* x, const float* gamma,
                     const float* beta, const float* mean, const float* rstd, float* d_x,
                     float* d_gamma, float* d_beta, int64_t begin, int64_t end) {
  const int64_t C = s.channels, width = C / s.groups;
  const float share = 1.0f / (s.pixels * width);
  const auto mus = scratch(C), rs = scratch(C), sums = scratch(C), products = scratch(C);
  for (int64_t n = begin; n < end; n++) {
    const float* image = x + n * s.pixels * C;
    const T* d_out = d_y + n * s.pixels * C;
    float* d_in = d_x + n * s.pixels * C;
    for (int64_t c = 0; c < C; c++) {
      mus[c] = mean[n * s.groups + c / width];
      rs[c] = rstd[n * s.groups + c / width];
    }
    // d_z, the gradient before SiLU, is kept in d_x until the sums over it are known.
    for_channels(C, [&](int64_t c, int64_t m) {
      const Vec mu = load(&mus[c], m), r = load(&rs[c], m);
      const Vec g = load(gamma + c, m), b = load(beta + c, m);
      Vec product{};
      const Vec sum = sum_pixels(s.pixels, [&](int64_t i) {
        const Vec normalized = (load(image + i * C + c, m) - mu) * r;
        Vec d_z = load(d_out + i * C + c, m);
        if (s.silu) {
          const Vec z = normalized * g + b;
          const Vec sig = sigmoid(z);
          d_z *= sig * (1.0f + z * (1.0f - sig));
        }
        store(d_in + i * C + c, d_z, m);
        product += d_z * normalized;
        return d_z;
      });
      store(d_beta + n * C + c, sum, m);
      store(d_gamma + n * C + c, product, m);
    });
    group_sums(s, d_beta + n * C, gamma, share, sums.get());
    group_sums(s, d_gamma + n * C, gamma, share, products.get());
    for_channels(C, [&](int64_t c, int64_t m) {
      const Vec mu = load(&mus[c], m), r = load(&rs[c], m), g = load(gamma + c, m);
      const Vec a = load(&sums[c], m), b = load(&products[c], m);
      for (int64_t i = 0; i < s.pixels; i++) {
        const Vec normalized = (load(image + i * C + c, m) - mu) * r;
        const Vec d_z = load(d_in + i * C + c, m);
        store(d_in + i * C + c, r * (g * d_z - a - normalized * b), m);
      }
    });
  }
}

template void group_norm(const GroupNormShape&, float, const float*, const float*, const float*, float*,
                         float*, float*, int64_t, int64_t);
template void group_norm_grad(const GroupNormShape&, const float*, const float*, const float*,
                              const float*, const float*, const float*, float*, float*, float*,
                              int64_t, int64_t);
template void group_norm(const GroupNormShape&, float, const float*, const float*, const float*, BFloat16*,
                         float*, float*, int64_t, int64_t);
template void group_norm_grad(const GroupNormShape&, const BFloat16*, const float*, const float*,
                              const float*, const float*, const float*, float*, float*, float*,
                              int64_t, int64_t);

}  // namespace sdm
