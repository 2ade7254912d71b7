// Many variables read or assigned by one node each way, by their names: TensorFlow's own ops take a node for the handle of
// each variable and one for the access. A variable is the same that VarHandleOp finds by its shared_name.
#include <string>
#include <vector>

#include "op-context.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace sdm {
namespace {

using tensorflow::Var;
using VarPtr = tensorflow::core::RefCountPtr<Var>;

absl::Status find(OpKernelContext* c, const std::string& name, VarPtr* found) {
  Var* variable = nullptr;
  auto* manager = c->resource_manager();
  const auto status = manager->Lookup<Var>(manager->default_container(), name, &variable);
  found->reset(variable);
  return status;
}

// Makes it if there is none.
absl::Status assign(OpKernelContext* c, const std::string& name, const Tensor& value) {
  Var* made = nullptr;
  auto* manager = c->resource_manager();
  TF_RETURN_IF_ERROR(manager->LookupOrCreate<Var>(manager->default_container(), name, &made,
                                                  [&](Var** variable) {
                                                    *variable = new Var(value.dtype());
                                                    return absl::OkStatus();
                                                  }));
  const VarPtr variable(made);
  const tensorflow::mutex_lock lock(*variable->mu());
  if (variable->tensor()->dtype() != value.dtype()) {
    return absl::InvalidArgumentError("variable " + name + ": another type was expected");
  }
  *variable->tensor() = value;  // shares its memory; who changes a variable in place copies what others hold
  variable->is_initialized = true;
  return absl::OkStatus();
}

class ReadVariables : public OpKernel {
 public:
  explicit ReadVariables(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("names", &names_));
  }

  void Compute(OpKernelContext* c) override {
    // Found once: looking for a few hundred names costs as much as a small layer.
    const tensorflow::mutex_lock lock(mutex_);
    if (variables_.empty()) {
      std::vector<VarPtr> found(names_.size());
      for (size_t i = 0; i < names_.size(); i++) OP_REQUIRES_OK(c, find(c, names_[i], &found[i]));
      variables_ = std::move(found);
    }
    for (size_t i = 0; i < names_.size(); i++) {
      const tensorflow::tf_shared_lock read(*variables_[i]->mu());
      c->set_output(static_cast<int>(i), *variables_[i]->tensor());
    }
  }

 private:
  std::vector<std::string> names_;
  tensorflow::mutex mutex_;
  std::vector<VarPtr> variables_;
};

class AssignVariables : public OpKernel {
 public:
  explicit AssignVariables(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, c->GetAttr("names", &names_));
  }

  void Compute(OpKernelContext* c) override {
    for (size_t i = 0; i < names_.size(); i++) {
      OP_REQUIRES_OK(c, assign(c, names_[i], c->input(static_cast<int>(i))));
    }
    if (float* done = output(c, 0, TensorShape({}))) *done = 1;
  }

 private:
  std::vector<std::string> names_;
};

class AssignNamedVariable : public OpKernel {
 public:
  using OpKernel::OpKernel;
  void Compute(OpKernelContext* c) override {
    OP_REQUIRES_OK(c, assign(c, c->input(0).scalar<tensorflow::tstring>()(), c->input(1)));
    if (float* done = output(c, 0, TensorShape({}))) *done = 1;
  }
};

SDM_KERNEL("SdmReadVariables", ReadVariables);
SDM_KERNEL("SdmAssignVariables", AssignVariables);
SDM_KERNEL("SdmAssignNamedVariable", AssignNamedVariable);

}  // namespace
}  // namespace sdm
