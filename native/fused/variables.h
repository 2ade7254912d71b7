// TensorFlow's variables, by their names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "op-context.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace sdm {

using tensorflow::Var;
using VarPtr = tensorflow::core::RefCountPtr<Var>;

// The variables of a node's attribute `names`, each the one that VarHandleOp finds by its shared_name. They are looked for once: a
// few hundred names cost as much as a small layer.
class NamedVariables {
 public:
  absl::Status init(OpKernelConstruction* c) { return c->GetAttr("names", &names_); }

  int size() const { return static_cast<int>(names_.size()); }

  absl::Status find(OpKernelContext* c, const std::vector<VarPtr>** found) {
    const tensorflow::mutex_lock lock(mutex_);
    if (found_.empty()) {
      std::vector<VarPtr> all(names_.size());
      auto* manager = c->resource_manager();
      for (size_t i = 0; i < names_.size(); i++) {
        Var* variable = nullptr;
        TF_RETURN_IF_ERROR(
            manager->Lookup<Var>(manager->default_container(), names_[i], &variable));
        all[i].reset(variable);
      }
      found_ = std::move(all);
    }
    *found = &found_;
    return absl::OkStatus();
  }

 private:
  std::vector<std::string> names_;
  tensorflow::mutex mutex_;
  std::vector<VarPtr> found_;
};

}  // namespace sdm
