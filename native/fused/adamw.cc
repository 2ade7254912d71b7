// AdamW's step over a stretch of one parameter: each number is read and written once.
#include <cmath>

#include "kernels.h"

namespace sdm {

void adamw(const AdamWStep& step, const float* __restrict gradient, float* __restrict parameter,
           float* __restrict mean, float* __restrict square, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const float g = gradient[i] * step.scale;
    const float m = mean[i] + (g - mean[i]) * step.decay1;
    const float v = square[i] + (g * g - square[i]) * step.decay2;
    mean[i] = m;
    square[i] = v;
    const float update = m / (std::sqrt(v) * step.root_factor + step.epsilon);
    parameter[i] = parameter[i] * step.keep - step.size * update;
  }
}

}  // namespace sdm
