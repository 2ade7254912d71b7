// AdamW's step on variables where they lie, as a TensorFlow kernel.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels.h"
#include "op-context.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace sdm {
namespace {

using tensorflow::Var;

// The variable's numbers, to be changed. Whoever else holds the present ones keeps them: then they are
// copied first, as TensorFlow's own updates do.
float* writable(OpKernelContext* c, Var* variable) {
  Tensor* tensor = variable->tensor();
  if (!tensor->RefCountIsOne()) {
    Tensor own;
    const auto status = c->allocate_temp(tensor->dtype(), tensor->shape(), &own);
    if (!status.ok()) {
      c->SetStatus(status);
      return nullptr;
    }
    std::memcpy(own.data(), tensor->data(), tensor->TotalBytes());
    *tensor = own;
  }
  return static_cast<float*>(tensor->data());
}

class AdamW : public OpKernel {
 public:
  explicit AdamW(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("decay1", &decay1_));
    OP_REQUIRES_OK(c, c->GetAttr("decay2", &decay2_));
    OP_REQUIRES_OK(c, c->GetAttr("epsilon", &epsilon_));
    OP_REQUIRES_OK(c, c->GetAttr("weight_decay", &weight_decay_));
  }

  void Compute(OpKernelContext* c) override {
    std::array<tensorflow::core::RefCountPtr<Var>, 3> variables;
    for (int i = 0; i < 3; i++) {
      OP_REQUIRES_OK(c, LookupResource(c, HandleFromInput(c, i), &variables[i]));
    }
    // Locked in one order everywhere, so that no two ops wait for each other.
    std::array<tensorflow::mutex*, 3> order;
    for (int i = 0; i < 3; i++) order[i] = variables[i]->mu();
    std::sort(order.begin(), order.end());
    const tensorflow::mutex_lock first(*order[0]), second(*order[1]), third(*order[2]);

    const Tensor& gradient = c->input(3);
    for (const auto& variable : variables) {
      OP_REQUIRES(c, variable->tensor()->shape() == gradient.shape(),
                  absl::InvalidArgumentError("AdamW: the gradient has another shape"));
    }
    std::array<float*, 3> data;
    for (int i = 0; i < 3; i++) data[i] = writable(c, variables[i].get());
    if (!c->status().ok()) return;
    const AdamWStep step = step_of(read(c, 4)[0], read(c, 5)[0], read(c, 6)[0]);
    const float* in = read(c, 3);
    in_parallel(c, gradient.NumElements(), 8, [&](int64_t begin, int64_t end) {
      adamw(step, in, data[0], data[1], data[2], begin, end);
    });
  }

 private:
  AdamWStep step_of(float scale, double learning_rate, double step) const {
    // 1 - beta^step
    const double correction1 = -std::expm1(step * std::log1p(-static_cast<double>(decay1_)));
    const double correction2 = -std::expm1(step * std::log1p(-static_cast<double>(decay2_)));
    return {scale,
            decay1_,
            decay2_,
            static_cast<float>(1.0 / std::sqrt(correction2)),
            epsilon_,
            static_cast<float>(1.0 - learning_rate * weight_decay_),
            static_cast<float>(learning_rate / correction1)};
  }

  float decay1_, decay2_, epsilon_, weight_decay_;
};

SDM_KERNEL("SdmAdamW", AdamW);

}  // namespace
}  // namespace sdm
