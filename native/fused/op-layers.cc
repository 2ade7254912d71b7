// Normalizations and GEGLU as kernels of TensorFlow ops: inputs and outputs, spread over threads.
#include <algorithm>
#include <vector>

#include "kernels.h"
#include "op-context.h"

namespace sdm {
namespace {

int64_t last_dimension(const Tensor& tensor) { return tensor.dim_size(tensor.dims() - 1); }

// None where they would be empty.
int64_t rows_of(const Tensor& tensor) {
  return tensor.NumElements() / std::max<int64_t>(1, last_dimension(tensor));
}

class GroupNorm : public OpKernel {
 public:
  explicit GroupNorm(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("groups", &groups_));
    OP_REQUIRES_OK(c, c->GetAttr("silu", &silu_));
    if (c->HasAttr("epsilon")) OP_REQUIRES_OK(c, c->GetAttr("epsilon", &epsilon_));
  }

 protected:
  GroupNormShape shape_of(const Tensor& x) const {
    return {x.dim_size(1) * x.dim_size(2), x.dim_size(3), groups_, silu_};
  }
  static int64_t cost(const GroupNormShape& s) { return s.pixels * s.channels * 4; }
  bool fits(const Tensor& x) const {
    return x.dims() == 4 && groups_ > 0 && x.dim_size(3) > 0 && x.dim_size(3) % groups_ == 0;
  }
  int64_t groups_;
  bool silu_;
  float epsilon_ = 0.0f;
};

template <class T>
class GroupNormForward : public GroupNorm {
 public:
  using GroupNorm::GroupNorm;
  void Compute(OpKernelContext* c) override {
    const Tensor& x = c->input(0);
    SDM_CHECK(c, fits(x), "group norm: expected x [B, H, W, C], C a multiple of groups");
    const GroupNormShape s = shape_of(x);
    SDM_CHECK(c, have_size(c, {1, 2}, s.channels), "group norm: expected weight and bias [C]");
    const TensorShape per_group({x.dim_size(0), groups_});
    T* y = output<T>(c, 0, x.shape());
    float* mean = output(c, 1, per_group);
    float* rstd = output(c, 2, per_group);
    if (!c->status().ok()) return;
    const float *in = read(c, 0), *gamma = read(c, 1), *beta = read(c, 2);
    in_parallel(c, x.dim_size(0), cost(s), [&](int64_t begin, int64_t end) {
      group_norm(s, epsilon_, in, gamma, beta, y, mean, rstd, begin, end);
    });
  }
};

template <class T>
class GroupNormBackward : public GroupNorm {
 public:
  using GroupNorm::GroupNorm;
  void Compute(OpKernelContext* c) override {
    const Tensor& x = c->input(1);
    SDM_CHECK(c, fits(x), "group norm: expected x [B, H, W, C], C a multiple of groups");
    const GroupNormShape s = shape_of(x);
    SDM_CHECK(c, have_size(c, {0}, x.NumElements()) && have_size(c, {2, 3}, s.channels) &&
                     have_size(c, {4, 5}, x.dim_size(0) * groups_),
              "group norm: expected d_y as x, weight and bias [C], mean and rstd [B, groups]");
    const T* d_y = read<T>(c, 0);
    float* d_x = output_over(c, 0, 0, x.shape());
    float* d_gamma = output(c, 1, TensorShape({s.channels}));
    float* d_beta = output(c, 2, TensorShape({s.channels}));
    if (!c->status().ok()) return;
    std::vector<float> gammas(x.dim_size(0) * s.channels), betas(gammas.size());
    const float *in = read(c, 1), *gamma = read(c, 2), *beta = read(c, 3);
    const float *mean = read(c, 4), *rstd = read(c, 5);
    in_parallel(c, x.dim_size(0), cost(s), [&](int64_t begin, int64_t end) {
      group_norm_grad(s, d_y, in, gamma, beta, mean, rstd, d_x, gammas.data(), betas.data(), begin,
                      end);
    });
    sum_parts(gammas.data(), x.dim_size(0), s.channels, d_gamma);
    sum_parts(betas.data(), x.dim_size(0), s.channels, d_beta);
  }
};

template <class T>
class LayerNormForward : public OpKernel {
 public:
  explicit LayerNormForward(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("epsilon", &epsilon_));
  }
  void Compute(OpKernelContext* c) override {
    const Tensor& x = c->input(0);
    SDM_CHECK(c, x.dims() > 0 && last_dimension(x) > 0, "layer norm: expected x [..., C]");
    const int64_t channels = last_dimension(x), rows = rows_of(x);
    SDM_CHECK(c, have_size(c, {1, 2}, channels), "layer norm: expected weight and bias [C]");
    T* y = output<T>(c, 0, x.shape());
    float* mean = output(c, 1, TensorShape({rows}));
    float* rstd = output(c, 2, TensorShape({rows}));
    if (!c->status().ok()) return;
    const float *in = read(c, 0), *gamma = read(c, 1), *beta = read(c, 2);
    in_parallel(c, rows, channels * 2, [&](int64_t begin, int64_t end) {
      layer_norm(channels, epsilon_, in, gamma, beta, y, mean, rstd, begin, end);
    });
  }

 private:
  float epsilon_;
};

template <class T>
class LayerNormBackward : public OpKernel {
 public:
  using OpKernel::OpKernel;
  void Compute(OpKernelContext* c) override {
    constexpr int64_t kRows = 256;  // of a part: the sums do not depend on the number of threads
    const Tensor& x = c->input(1);
    SDM_CHECK(c, x.dims() > 0 && last_dimension(x) > 0, "layer norm: expected x [..., C]");
    const int64_t channels = last_dimension(x), rows = rows_of(x);
    const int64_t parts = (rows + kRows - 1) / kRows;
    SDM_CHECK(c, have_size(c, {0}, x.NumElements()) && have_size(c, {2}, channels) &&
                     have_size(c, {3, 4}, rows),
              "layer norm: expected d_y as x, weight [C], mean and rstd [rows]");
    const T* d_y = read<T>(c, 0);
    float* d_x = output_over(c, 0, 0, x.shape());
    float* d_gamma = output(c, 1, TensorShape({channels}));
    float* d_beta = output(c, 2, TensorShape({channels}));
    if (!c->status().ok()) return;
    std::vector<float> gammas(parts * channels), betas(gammas.size());
    const float *in = read(c, 1), *gamma = read(c, 2), *mean = read(c, 3), *rstd = read(c, 4);
    in_parallel(c, parts, kRows * channels * 3, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        layer_norm_grad(channels, d_y, in, gamma, mean, rstd, d_x, &gammas[i * channels],
                        &betas[i * channels], i * kRows, std::min(rows, (i + 1) * kRows));
      }
    });
    sum_parts(gammas.data(), parts, channels, d_gamma);
    sum_parts(betas.data(), parts, channels, d_beta);
  }
};

template <class T>
class Geglu : public OpKernel {
 public:
  using OpKernel::OpKernel;
  void Compute(OpKernelContext* c) override {
    const Tensor& x = c->input(0);
    SDM_CHECK(c, x.dims() > 0 && last_dimension(x) % 2 == 0, "geglu: expected x [..., 2 C]");
    const int64_t channels = last_dimension(x) / 2, rows = rows_of(x);
    TensorShape shape = x.shape();
    shape.set_dim(x.dims() - 1, channels);
    T* y = output<T>(c, 0, shape);
    if (!c->status().ok()) return;
    const T* in = read<T>(c, 0);
    in_parallel(c, rows, channels * 4, [&](int64_t begin, int64_t end) {
      geglu(channels, in, y, begin, end);
    });
  }
};

template <class T>
class GegluBackward : public OpKernel {
 public:
  using OpKernel::OpKernel;
  void Compute(OpKernelContext* c) override {
    const Tensor& x = c->input(1);
    SDM_CHECK(c, x.dims() > 0 && last_dimension(x) % 2 == 0, "geglu: expected x [..., 2 C]");
    const int64_t channels = last_dimension(x) / 2, rows = rows_of(x);
    SDM_CHECK(c, have_size(c, {0}, rows * channels), "geglu: expected d_y [..., C]");
    T* d_x = output<T>(c, 0, x.shape());
    if (!c->status().ok()) return;
    const T *d_y = read<T>(c, 0), *in = read<T>(c, 1);
    in_parallel(c, rows, channels * 5, [&](int64_t begin, int64_t end) {
      geglu_grad(channels, d_y, in, d_x, begin, end);
    });
  }
};

}  // namespace

SDM_KERNEL_OF_T("SdmGroupNorm", GroupNormForward);
SDM_KERNEL_OF_T("SdmGroupNormGrad", GroupNormBackward);
SDM_KERNEL_OF_T("SdmLayerNorm", LayerNormForward);
SDM_KERNEL_OF_T("SdmLayerNormGrad", LayerNormBackward);
SDM_KERNEL_OF_T("SdmGeglu", Geglu);
SDM_KERNEL_OF_T("SdmGegluGrad", GegluBackward);

}  // namespace sdm
