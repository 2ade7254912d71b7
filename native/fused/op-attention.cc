// Attention as kernels of TensorFlow ops.
#include "kernels.h"
#include "op-context.h"

namespace sdm {
namespace {

class Attention : public OpKernel {
 public:
  explicit Attention(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("heads", &heads_));
  }

 protected:
  // Heads of `width` numbers in all; sets the context's status if they do not fit.
  AttentionShape shape_of(OpKernelContext* c, int64_t queries, int64_t keys, int64_t width,
                          int64_t stride) const {
    if (heads_ < 1 || width % heads_ != 0 || !attention_supports(width / heads_)) {
      c->SetStatus(absl::InvalidArgumentError("attention: expected heads of 4, 8, 16, 32 or 64"));
      return {};
    }
    return {queries, keys, heads_, static_cast<int>(width / heads_), stride, stride};
  }
  // q [B, L, C], k and v [B, S, C].
  AttentionShape shape_of(OpKernelContext* c, const Tensor& q, const Tensor& k,
                          const Tensor& v) const {
    if (q.dims() != 3 || k.dims() != 3 || k.shape() != v.shape() ||
        k.dim_size(0) != q.dim_size(0) || k.dim_size(2) != q.dim_size(2)) {
      c->SetStatus(absl::InvalidArgumentError(
          "attention: expected q [B, L, C], k [B, S, C] and v [B, S, C]"));
      return {};
    }
    return shape_of(c, q.dim_size(1), k.dim_size(1), q.dim_size(2), q.dim_size(2));
  }
  // q, k and v side by side, [B, L, 3 C].
  AttentionShape shape_of(OpKernelContext* c, const Tensor& qkv) const {
    if (qkv.dims() != 3 || qkv.dim_size(2) % 3 != 0) {
      c->SetStatus(absl::InvalidArgumentError("attention: expected qkv [B, L, 3 C]"));
      return {};
    }
    const int64_t length = qkv.dim_size(1), stride = qkv.dim_size(2);
    return shape_of(c, length, length, stride / 3, stride);
  }
  // The mask at this input, or null if a scalar stands there.
  const float* mask_of(OpKernelContext* c, int input, const AttentionShape& s) const {
    if (c->input(input).dims() == 0) return nullptr;
    if (c->input(input).shape() == TensorShape({s.queries, s.keys})) return read(c, input);
    c->SetStatus(absl::InvalidArgumentError("attention: expected a mask [L, S]"));
    return nullptr;
  }

  // q, k, v: what the kernel reads; `mask` is the number of the mask's input.
  template <class T>
  void run(OpKernelContext* c, const AttentionShape& s, int64_t batch, const T* q, const T* k,
           const T* v, int mask_input) const {
    if (!c->status().ok()) return;
    const float* mask = mask_of(c, mask_input, s);
    T* o = output<T>(c, 0, TensorShape({batch, s.queries, s.heads * s.size}));
    float* log_sum = output(c, 1, TensorShape({batch, s.heads, s.queries}));
    if (!c->status().ok()) return;
    in_parallel(c, batch * s.heads, cost(s), [&](int64_t begin, int64_t end) {
      attention(s, q, k, v, mask, o, log_sum, begin, end);
    });
  }
  // The inputs after the mask are o and log_sum.
  template <class T>
  void run_grad(OpKernelContext* c, const AttentionShape& s, int64_t batch, const T* q, const T* k,
                const T* v, int mask_input, T* d_q, T* d_k, T* d_v) const {
    if (!c->status().ok()) return;
    SDM_CHECK(c, have_size(c, {0, mask_input + 1}, batch * s.queries * s.heads * s.size) &&
                     have_size(c, {mask_input + 2}, batch * s.heads * s.queries),
              "attention: expected d_o and o [B, L, C], log_sum [B, heads, L]");
    const T *d_o = read<T>(c, 0), *o = read<T>(c, mask_input + 1);
    const float *mask = mask_of(c, mask_input, s), *log_sum = read(c, mask_input + 2);
    if (!c->status().ok()) return;
    in_parallel(c, batch * s.heads, cost(s) * 2, [&](int64_t begin, int64_t end) {
      attention_grad(s, d_o, q, k, v, mask, o, log_sum, d_q, d_k, d_v, begin, end);
    });
  }

 private:
  static int64_t cost(const AttentionShape& s) { return s.queries * s.keys * (s.size + 4) / 4; }
  int64_t heads_;
};

template <class T>
class AttentionForward : public Attention {
 public:
  using Attention::Attention;
  void Compute(OpKernelContext* c) override {
    const Tensor& q = c->input(0);
    const AttentionShape s = shape_of(c, q, c->input(1), c->input(2));
    run(c, s, q.dims() > 0 ? q.dim_size(0) : 0, read<T>(c, 0), read<T>(c, 1), read<T>(c, 2), 3);
  }
};

template <class T>
class AttentionBackward : public Attention {
 public:
  using Attention::Attention;
  void Compute(OpKernelContext* c) override {
    const Tensor &q = c->input(1), &k = c->input(2);
    const AttentionShape s = shape_of(c, q, k, c->input(3));
    if (!c->status().ok()) return;
    T* d_q = output<T>(c, 0, q.shape());
    T* d_k = output<T>(c, 1, k.shape());
    T* d_v = output<T>(c, 2, k.shape());
    run_grad(c, s, q.dim_size(0), read<T>(c, 1), read<T>(c, 2), read<T>(c, 3), 4, d_q, d_k, d_v);
  }
};

template <class T>
class SelfAttentionForward : public Attention {
 public:
  using Attention::Attention;
  void Compute(OpKernelContext* c) override {
    const Tensor& qkv = c->input(0);
    const AttentionShape s = shape_of(c, qkv);
    if (!c->status().ok()) return;
    const int64_t width = qkv.dim_size(2) / 3;
    const T* q = read<T>(c, 0);
    run(c, s, qkv.dim_size(0), q, q + width, q + 2 * width, 1);
  }
};

template <class T>
class SelfAttentionBackward : public Attention {
 public:
  using Attention::Attention;
  void Compute(OpKernelContext* c) override {
    const Tensor& qkv = c->input(1);
    const AttentionShape s = shape_of(c, qkv);
    if (!c->status().ok()) return;
    const int64_t width = qkv.dim_size(2) / 3;
    const T* q = read<T>(c, 1);
    T* d_q = output<T>(c, 0, qkv.shape());
    run_grad(c, s, qkv.dim_size(0), q, q + width, q + 2 * width, 2, d_q, d_q + width,
             d_q + 2 * width);
  }
};

SDM_KERNEL_OF_T("SdmAttention", AttentionForward);
SDM_KERNEL_OF_T("SdmAttentionGrad", AttentionBackward);
SDM_KERNEL_OF_T("SdmSelfAttention", SelfAttentionForward);
SDM_KERNEL_OF_T("SdmSelfAttentionGrad", SelfAttentionBackward);

}  // namespace
}  // namespace sdm
