// AdamW's step on variables where they lie, as a TensorFlow kernel.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels.h"
#include "variables.h"

namespace sdm {
namespace {

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

// Variables that are changed. They are locked in one order everywhere, so that no two ops wait for each other.
class Locks {
 public:
  explicit Locks(const std::vector<VarPtr>& variables) {
    for (const auto& variable : variables) locked_.push_back(variable->mu());
    std::sort(locked_.begin(), locked_.end());
    locked_.erase(std::unique(locked_.begin(), locked_.end()), locked_.end());
    for (auto* mutex : locked_) mutex->lock();
  }
  ~Locks() {
    for (auto* mutex : locked_) mutex->unlock();
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

 private:
  std::vector<tensorflow::mutex*> locked_;
};

class AdamW : public OpKernel {
 public:
  explicit AdamW(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("handles", &handles_));
    OP_REQUIRES_OK(c, c->GetAttr("N", &count_));
    OP_REQUIRES_OK(c, named_.init(c));
    OP_REQUIRES_OK(c, c->GetAttr("decay1", &decay1_));
    OP_REQUIRES_OK(c, c->GetAttr("decay2", &decay2_));
    OP_REQUIRES_OK(c, c->GetAttr("epsilon", &epsilon_));
    OP_REQUIRES_OK(c, c->GetAttr("weight_decay", &weight_decay_));
    OP_REQUIRES(c, handles_ + named_.size() == 3 * count_,
                absl::InvalidArgumentError("AdamW: expected three variables for each gradient"));
  }

  void Compute(OpKernelContext* c) override {
    const int first = handles_ + count_;  // of the numbers that all parameters share
    if (read(c, first + 3)[0] != 0) return;
    std::vector<VarPtr> by_handle(handles_);
    for (int i = 0; i < handles_; i++) {
      OP_REQUIRES_OK(c, LookupResource(c, HandleFromInput(c, i), &by_handle[i]));
    }
    const std::vector<VarPtr>* found = &by_handle;
    if (handles_ == 0) OP_REQUIRES_OK(c, named_.find(c, &found));
    const std::vector<VarPtr>& variables = *found;
    const Locks locks(variables);
    std::vector<float*> data(variables.size());
    std::vector<int64_t> ends(count_);  // of each gradient, if all were one
    for (int i = 0; i < 3 * count_; i++) {
      const Tensor& value = *variables[i]->tensor();
      OP_REQUIRES(c, value.dtype() == tensorflow::DT_FLOAT && value.shape() == gradient(c, i % count_).shape(),
                  absl::InvalidArgumentError("AdamW: expected float variables of the gradients' shapes"));
      data[i] = writable(c, variables[i].get());
      if (!c->status().ok()) return;
    }
    int64_t size = 0;
    for (int i = 0; i < count_; i++) ends[i] = size += gradient(c, i).NumElements();
    const AdamWStep step = step_of(read(c, first)[0], read(c, first + 1)[0], read(c, first + 2)[0]);
    in_parallel(c, size, 8, [&](int64_t begin, int64_t end) {
      for (int i = std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin(); begin < end; i++) {
        const int64_t start = i == 0 ? 0 : ends[i - 1];
        const int64_t stop = std::min(end, ends[i]);
        adamw(step, read(c, handles_ + i), data[i], data[count_ + i], data[2 * count_ + i],
              begin - start, stop - start);
        begin = stop;
      }
    });
  }

 private:
  const Tensor& gradient(OpKernelContext* c, int i) const { return c->input(handles_ + i); }

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

  int handles_, count_;
  NamedVariables named_;
  float decay1_, decay2_, epsilon_, weight_decay_;
};

SDM_KERNEL("SdmAdamW", AdamW);

}  // namespace
}  // namespace sdm
