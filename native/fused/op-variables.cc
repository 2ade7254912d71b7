// Many variables read or assigned by one node each way, by their names: TensorFlow's own ops take a node for the handle of
// each variable and one for the access.
#include <string>
#include <vector>

#include "tensorflow/core/framework/bfloat16.h"
#include "variables.h"

namespace sdm {
namespace {

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

// What was made of a variable's value.
struct Known {
  Tensor value;    // held, so that its memory can't become another value's: who changes the variable in place then copies it
  Tensor rounded;
};

// Gives values as they are, or rounded to bfloat16 once for as long as a variable has the same.
class ReadVariables : public OpKernel {
 public:
  explicit ReadVariables(OpKernelConstruction* c) : OpKernel(c) {
    OP_REQUIRES_OK(c, named_.init(c));
    OP_REQUIRES_OK(c, c->GetAttr("dtypes", &dtypes_));
    OP_REQUIRES(c, named_.size() == static_cast<int>(dtypes_.size()),
                absl::InvalidArgumentError("expected a type for each name"));
    known_.resize(dtypes_.size());
  }

  void Compute(OpKernelContext* c) override {
    const tensorflow::mutex_lock lock(mutex_);
    const std::vector<VarPtr>* variables;
    OP_REQUIRES_OK(c, named_.find(c, &variables));
    for (int i = 0; i < named_.size(); i++) {
      Var* variable = (*variables)[i].get();
      const tensorflow::tf_shared_lock read(*variable->mu());
      const Tensor& value = *variable->tensor();
      if (value.dtype() == dtypes_[i]) {
        c->set_output(i, value);
      } else {
        OP_REQUIRES_OK(c, round(c, value, &known_[i]));
        c->set_output(i, known_[i].rounded);
      }
    }
  }

 private:
  static absl::Status round(OpKernelContext* c, const Tensor& value, Known* known) {
    if (known->value.SharesBufferWith(value)) return absl::OkStatus();
    if (value.dtype() != tensorflow::DT_FLOAT) {
      return absl::InvalidArgumentError("only float variables are rounded");
    }
    Tensor rounded;
    TF_RETURN_IF_ERROR(c->allocate_temp(tensorflow::DT_BFLOAT16, value.shape(), &rounded));
    tensorflow::RoundFloatToBFloat16(value.flat<float>().data(),
                                     rounded.flat<tensorflow::bfloat16>().data(),
                                     value.NumElements());
    known->value = value;
    known->rounded = rounded;
    return absl::OkStatus();
  }

  NamedVariables named_;
  std::vector<tensorflow::DataType> dtypes_;
  tensorflow::mutex mutex_;
  std::vector<Known> known_;
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
