// TensorFlow's variables, by their names.
#pragma once

#include <string>

#include "op-context.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace sdm {

using tensorflow::Var;
using VarPtr = tensorflow::core::RefCountPtr<Var>;

// The one that VarHandleOp finds by its shared_name.
inline absl::Status find_variable(OpKernelContext* c, const std::string& name, VarPtr* found) {
  Var* variable = nullptr;
  auto* manager = c->resource_manager();
  const auto status = manager->Lookup<Var>(manager->default_container(), name, &variable);
  found->reset(variable);
  return status;
}

}  // namespace sdm
