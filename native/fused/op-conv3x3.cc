// Convolutions of 3 x 3 as kernels of TensorFlow ops: inputs and outputs, spread over threads.
#include <algorithm>

#include "kernels.h"
#include "op-context.h"

namespace sdm {
namespace {

// About cycles of a block: its products, and as much again for moving it.
int64_t cost(const Conv3x3Shape& s) {
  return conv3x3_tiles_in_block(s) * (conv3x3_filter_size(s) / 16 + 16 * (s.in + s.out));
}

bool is_filter(const Tensor& w) {
  return w.dims() == 4 && w.dim_size(0) == 3 && w.dim_size(1) == 3;
}

bool is_image(const Tensor& x, int64_t channels) {
  return x.dims() == 4 && x.dim_size(3) == channels && conv3x3_supports(channels);
}

class Conv3x3 : public OpKernel {
 public:
  explicit Conv3x3(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("tile", &tile_));
    OP_REQUIRES_OK(c, c->GetAttr("transposed", &transposed_));
  }
  void Compute(OpKernelContext* c) override {
    const Tensor &x = c->input(0), &w = c->input(1), &bias = c->input(2);
    SDM_CHECK(c, is_filter(w), "conv3x3: expected a filter [3, 3, in, out]");
    const int64_t in = w.dim_size(transposed_ ? 3 : 2), out = w.dim_size(transposed_ ? 2 : 3);
    SDM_CHECK(c, is_image(x, in) && conv3x3_supports(out),
              "conv3x3: expected x [B, H, W, in], in and out multiples of 16");
    SDM_CHECK(c, bias.dims() == 0 || bias.NumElements() == out, "conv3x3: expected a bias [out]");
    const Conv3x3Shape s{x.dim_size(0), x.dim_size(1), x.dim_size(2), in, out,
                         conv3x3_tile(tile_, x.dim_size(1), x.dim_size(2))};
    float* y = output(c, 0, TensorShape({s.batch, s.height, s.width, out}));
    if (!c->status().ok()) return;
    const float *pixels = read(c, 0), *shift = bias.dims() == 0 ? nullptr : read(c, 2);
    const auto filter = scratch(conv3x3_filter_size(s));
    conv3x3_filter(s, transposed_, read(c, 1), filter.get());
    in_parallel(c, conv3x3_blocks(s), cost(s), [&](int64_t begin, int64_t end) {
      conv3x3(s, pixels, filter.get(), shift, y, begin, end);
    });
  }

 private:
  int tile_;
  bool transposed_;
};

template <class T>
class Conv3x3FilterGrad : public OpKernel {
 public:
  explicit Conv3x3FilterGrad(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("tile", &tile_));
  }
  void Compute(OpKernelContext* c) override {
    const Tensor &x = c->input(0), &d_y = c->input(1);
    SDM_CHECK(c, x.dims() == 4 && d_y.dims() == 4, "conv3x3: expected images [B, H, W, C]");
    const Conv3x3Shape s{x.dim_size(0), x.dim_size(1), x.dim_size(2), x.dim_size(3),
                         d_y.dim_size(3), conv3x3_tile(tile_, x.dim_size(1), x.dim_size(2))};
    SDM_CHECK(c, is_image(x, s.in) && is_image(d_y, s.out) &&
                     have_size(c, {1}, s.batch * s.height * s.width * s.out),
              "conv3x3: expected images of one size with multiples of 16 channels");
    float* d_w = output(c, 0, TensorShape({3, 3, s.in, s.out}));
    float* d_bias = output(c, 1, TensorShape({s.out}));
    if (!c->status().ok()) return;
    const int64_t blocks = conv3x3_blocks(s), parts = conv3x3_filter_grad_parts(s), size = 9 * s.in * s.out;
    const auto filters = scratch(parts * size), biases = scratch(parts * s.out);
    const T *pixels = read<T>(c, 0), *grads = read<T>(c, 1);
    in_parallel(c, parts, cost(s) * blocks / parts, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        conv3x3_filter_grad(s, pixels, grads, &filters[i * size], &biases[i * s.out],
                            i * blocks / parts, (i + 1) * blocks / parts);
      }
    });
    sum_parts(filters.get(), parts, size, d_w);
    sum_parts(biases.get(), parts, s.out, d_bias);
  }

 private:
  int tile_;
};

SDM_KERNEL("SdmConv3x3", Conv3x3);
SDM_KERNEL_OF_T("SdmConv3x3FilterGrad", Conv3x3FilterGrad);

}  // namespace
}  // namespace sdm
