// Inputs, outputs and threads of a TensorFlow op, in the terms of kernels.h.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "tensorflow/core/framework/op_kernel.h"
#include "kernels.h"
#include "tensorflow/core/util/work_sharder.h"

namespace sdm {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

template <class T = float>
const T* read(OpKernelContext* context, int input) {
  return static_cast<const T*>(context->input(input).data());
}

// Nullptr after an error, which the context then holds.
template <class T>
T* numbers_of(OpKernelContext* context, const absl::Status& status, Tensor* tensor) {
  if (status.ok()) return static_cast<T*>(tensor->data());
  context->SetStatus(status);
  return nullptr;
}

template <class T = float>
T* output(OpKernelContext* context, int index, const TensorShape& shape) {
  Tensor* tensor = nullptr;
  const auto status = context->allocate_output(index, shape, &tensor);
  return numbers_of<T>(context, status, tensor);
}

// An output that takes over the memory of an input that nobody needs any more.
template <class T = float>
T* output_over(OpKernelContext* context, int index, int input, const TensorShape& shape) {
  Tensor* tensor = nullptr;
  const auto status = context->forward_input_or_allocate_output({input}, index, shape, &tensor);
  return numbers_of<T>(context, status, tensor);
}

// Runs f(begin, end) for parts of the tasks, on TensorFlow's threads. `cost` is about cycles a task.
template <class F>
void in_parallel(OpKernelContext* context, int64_t tasks, int64_t cost, F f) {
  const auto* workers = context->device()->tensorflow_cpu_worker_threads();
  tensorflow::Shard(workers->num_threads, workers->workers, tasks, cost, f);
}

// Sums [parts, size] over the parts, always in the same order.
inline void sum_parts(const float* numbers, int64_t parts, int64_t size, float* out) {
  if (parts == 0) return void(std::fill_n(out, size, 0.0f));
  std::copy_n(numbers, size, out);
  for (int64_t part = 1; part < parts; part++) {
    for (int64_t i = 0; i < size; i++) out[i] += numbers[part * size + i];
  }
}

// Whether these inputs have so many numbers each: what a kernel reads without asking.
inline bool have_size(OpKernelContext* context, std::initializer_list<int> inputs, int64_t size) {
  return std::all_of(inputs.begin(), inputs.end(),
                     [&](int input) { return context->input(input).NumElements() == size; });
}

// What a kernel assumes of its inputs.
#define SDM_CHECK(context, condition, message) \
  OP_REQUIRES(context, condition, absl::InvalidArgumentError(message))

#define SDM_KERNEL(name, kernel) \
  REGISTER_KERNEL_BUILDER(Name(name).Device(tensorflow::DEVICE_CPU), kernel)

// A kernel that is a template of what its attribute T says.
#define SDM_KERNEL_OF_T(name, kernel)                                                            \
  REGISTER_KERNEL_BUILDER(                                                                       \
      Name(name).Device(tensorflow::DEVICE_CPU).TypeConstraint<float>("T"), kernel<float>);      \
  REGISTER_KERNEL_BUILDER(                                                                       \
      Name(name).Device(tensorflow::DEVICE_CPU).TypeConstraint<tensorflow::bfloat16>("T"),       \
      kernel<BFloat16>)

}  // namespace sdm
