// The fused ops, with their shapes, as TensorFlow knows them once this library is loaded with `require`. T is what lies
// between layers; weights, means and sums are float32.
// lib/backend/node/kernels/fused.ts loads it, says the same shapes to jit, and when the ops are used.
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

REGISTER_OP("SdmGroupNorm")
    .Input("x: float").Input("gamma: float").Input("beta: float")
    .Output("y: T").Output("mean: float").Output("rstd: float")
    .Attr("groups: int").Attr("epsilon: float").Attr("silu: bool")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      int64_t groups;
      TF_RETURN_IF_ERROR(c->GetAttr("groups", &groups));
      ShapeHandle x;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 4, &x));
      c->set_output(0, x);
      for (int i : {1, 2}) c->set_output(i, c->Matrix(c->Dim(x, 0), groups));
      return absl::OkStatus();
    });
REGISTER_OP("SdmGroupNormGrad")
    .Input("d_y: T").Input("x: float").Input("gamma: float").Input("beta: float")
    .Input("mean: float").Input("rstd: float")
    .Output("d_x: float").Output("d_gamma: float").Output("d_beta: float")
    .Attr("groups: int").Attr("silu: bool")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(1));
      for (int i : {1, 2}) c->set_output(i, c->input(2));
      return absl::OkStatus();
    });
REGISTER_OP("SdmLayerNorm")
    .Input("x: float").Input("gamma: float").Input("beta: float")
    .Output("y: T").Output("mean: float").Output("rstd: float")
    .Attr("epsilon: float")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(0));
      for (int i : {1, 2}) c->set_output(i, c->Vector(InferenceContext::kUnknownDim));
      return absl::OkStatus();
    });
REGISTER_OP("SdmLayerNormGrad")
    .Input("d_y: T").Input("x: float").Input("gamma: float").Input("mean: float")
    .Input("rstd: float")
    .Output("d_x: float").Output("d_gamma: float").Output("d_beta: float")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(1));
      for (int i : {1, 2}) c->set_output(i, c->input(2));
      return absl::OkStatus();
    });
REGISTER_OP("SdmGeglu").Input("x: T").Output("y: T")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
  ShapeHandle x, shape;
  TF_RETURN_IF_ERROR(c->WithRankAtLeast(c->input(0), 1, &x));
  DimensionHandle channels;
  TF_RETURN_IF_ERROR(c->Divide(c->Dim(x, -1), 2, true, &channels));
  TF_RETURN_IF_ERROR(c->ReplaceDim(x, -1, channels, &shape));
  c->set_output(0, shape);
  return absl::OkStatus();
});
REGISTER_OP("SdmGegluGrad")
    .Input("d_y: T").Input("x: T").Output("d_x: T")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(1));
      return absl::OkStatus();
    });
REGISTER_OP("SdmAttention")
    .Input("q: T").Input("k: T").Input("v: T").Input("mask: float")
    .Output("o: T").Output("log_sum: float")
    .Attr("heads: int")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      int64_t heads;
      TF_RETURN_IF_ERROR(c->GetAttr("heads", &heads));
      ShapeHandle q;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 3, &q));
      c->set_output(0, q);
      c->set_output(1, c->MakeShape({c->Dim(q, 0), c->MakeDim(heads), c->Dim(q, 1)}));
      return absl::OkStatus();
    });
REGISTER_OP("SdmAttentionGrad")
    .Input("d_o: T").Input("q: T").Input("k: T").Input("v: T")
    .Input("mask: float").Input("o: T").Input("log_sum: float")
    .Output("d_q: T").Output("d_k: T").Output("d_v: T")
    .Attr("heads: int")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      for (int i : {0, 1, 2}) c->set_output(i, c->input(i + 1));
      return absl::OkStatus();
    });

// Attention of a sequence to itself: q, k and v side by side in one tensor, and so their gradients.
REGISTER_OP("SdmSelfAttention")
    .Input("qkv: T").Input("mask: float")
    .Output("o: T").Output("log_sum: float")
    .Attr("heads: int")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      int64_t heads;
      TF_RETURN_IF_ERROR(c->GetAttr("heads", &heads));
      ShapeHandle qkv;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 3, &qkv));
      DimensionHandle width;
      TF_RETURN_IF_ERROR(c->Divide(c->Dim(qkv, 2), 3, true, &width));
      const auto batch = c->Dim(qkv, 0), length = c->Dim(qkv, 1);
      c->set_output(0, c->MakeShape({batch, length, width}));
      c->set_output(1, c->MakeShape({batch, c->MakeDim(heads), length}));
      return absl::OkStatus();
    });
REGISTER_OP("SdmSelfAttentionGrad")
    .Input("d_o: T").Input("qkv: T").Input("mask: float").Input("o: T")
    .Input("log_sum: float")
    .Output("d_qkv: T")
    .Attr("heads: int")
    .Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(1));
      return absl::OkStatus();
    });

// A convolution with stride 1 and padding 1. With `transposed`, the filter [3, 3, out, in] is turned around: the
// gradient of the input. A bias of rank 0 is none.
// `tile` is the side of Winograd's tiles of the output: 2, 4, or 0 for what is best on this processor.
REGISTER_OP("SdmConv3x3")
    .Input("x: float").Input("w: float").Input("bias: float").Output("y: float")
    .Attr("transposed: bool").Attr("tile: int = 0")
    .SetShapeFn([](InferenceContext* c) {
      bool transposed;
      TF_RETURN_IF_ERROR(c->GetAttr("transposed", &transposed));
      ShapeHandle x, w, shape;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 4, &x));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 4, &w));
      TF_RETURN_IF_ERROR(c->ReplaceDim(x, 3, c->Dim(w, transposed ? 2 : 3), &shape));
      c->set_output(0, shape);
      return absl::OkStatus();
    });
REGISTER_OP("SdmConv3x3FilterGrad")
    .Input("x: T").Input("d_y: T").Output("d_w: float").Output("d_bias: float")
    .Attr("tile: int = 0").Attr("T: {float, bfloat16} = DT_FLOAT")
    .SetShapeFn([](InferenceContext* c) {
      ShapeHandle x, d_y;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 4, &x));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 4, &d_y));
      const auto in = c->Dim(x, 3), out = c->Dim(d_y, 3);
      c->set_output(0, c->MakeShape({c->MakeDim(3), c->MakeDim(3), in, out}));
      c->set_output(1, c->Vector(out));
      return absl::OkStatus();
    });

// As ResourceApplyAdam, but for N parameters at once, with decoupled weight decay and the exact bias corrections. The decays
// are 1 - beta: as float32, beta itself would be off in the fifth digit of 1 - 0.999. The variables are all parameters, then
// all means, then all squares, by their handles or by their names. Where found_inf is not 0 they stay as they are.
REGISTER_OP("SdmAdamW")
    .Input("variables: handles * resource").Input("gradients: N * float")
    .Input("scale: float").Input("learning_rate: float").Input("step: float").Input("found_inf: float")
    .Attr("handles: int >= 0").Attr("N: int >= 1").Attr("names: list(string) = []")
    .Attr("decay1: float").Attr("decay2: float").Attr("epsilon: float").Attr("weight_decay: float")
    .SetIsStateful()
    .SetShapeFn([](InferenceContext*) { return absl::OkStatus(); });

// Variables by name. What assigns gives a number that is there when it is done.
REGISTER_OP("SdmReadVariables")
    .Output("values: dtypes")
    .Attr("dtypes: list(type) >= 0").Attr("names: list(string)")
    .SetIsStateful()
    .SetShapeFn(tensorflow::shape_inference::UnknownShape);
REGISTER_OP("SdmAssignVariables")
    .Input("values: dtypes").Output("done: float")
    .Attr("dtypes: list(type) >= 0").Attr("names: list(string)")
    .SetIsStateful()
    .SetShapeFn(tensorflow::shape_inference::ScalarShape);
REGISTER_OP("SdmAssignNamedVariable")
    .Input("name: string").Input("value: dtype").Output("done: float")
    .Attr("dtype: type")
    .SetIsStateful()
    .SetShapeFn(tensorflow::shape_inference::ScalarShape);

// Node loads a file as an addon only if it has this; there is nothing to hand to JavaScript.
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  return exports;
}
