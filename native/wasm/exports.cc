// The computations of native/fused for WebAssembly, as lib/backend/wasm calls them. The module lives in the memory of tfjs's engine:
// it has no data of its own, its scratch is the engine's, and its stack lies where the caller sets __stack_pointer. Pointers and
// numbers are 32 bits wide, as memory is there. Built by scripts/web/build-kernels.mjs.
#include <cstddef>
#include <new>

#include "../fused/kernels.h"
#include "../fused/simd.h"

#define SDM_IMPORT(name) __attribute__((import_module("engine"), import_name(#name)))
#define SDM_EXPORT(name) extern "C" __attribute__((export_name(#name)))

extern "C" {
SDM_IMPORT(malloc) void* engine_malloc(size_t bytes);
SDM_IMPORT(free) void engine_free(void* memory);

// For sums of logarithms, which only a gradient asks for.
float logf(float) { __builtin_trap(); }
}

void* operator new(size_t bytes) {
  void* memory = engine_malloc(bytes);
  if (memory == nullptr) __builtin_trap();  // the memory of WebAssembly is full
  return memory;
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { engine_free(memory); }
void operator delete(void* memory, size_t) noexcept { engine_free(memory); }
void operator delete[](void* memory) noexcept { engine_free(memory); }
void operator delete[](void* memory, size_t) noexcept { engine_free(memory); }

namespace sdm {

SDM_EXPORT(groupNorm)
void group_norm_of(int batch, int pixels, int channels, int groups, bool silu, float epsilon, const float* x,
                   const float* gamma, const float* beta, float* y) {
  const auto means = scratch(batch * groups), deviations = scratch(batch * groups);
  group_norm<float>({pixels, channels, groups, silu}, epsilon, x, gamma, beta, y, means.get(),
                    deviations.get(), 0, batch);
}

SDM_EXPORT(layerNorm)
void layer_norm_of(int rows, int channels, float epsilon, const float* x, const float* gamma,
                   const float* beta, float* y) {
  const auto means = scratch(rows), deviations = scratch(rows);
  layer_norm<float>(channels, epsilon, x, gamma, beta, y, means.get(), deviations.get(), 0, rows);
}

SDM_EXPORT(geglu)
void geglu_of(int rows, int channels, const float* x, float* y) {
  geglu<float>(channels, x, y, 0, rows);
}

SDM_EXPORT(attention)
void attention_of(int batch, int queries, int keys, int heads, int size, int query_stride, int key_stride,
                  const float* q, const float* k, const float* v, const float* mask, float* o) {
  const AttentionShape shape{queries, keys, heads, size, query_stride, key_stride};
  attention(shape, q, k, v, mask, o, static_cast<float*>(nullptr), 0, batch * heads);
}

SDM_EXPORT(conv3x3Filter)
void conv3x3_filter_of(int in, int out, const float* w, float* filter) {
  conv3x3_filter(Conv3x3Shape{0, 0, 0, in, out}, false, w, filter);
}

SDM_EXPORT(conv3x3)
void conv3x3_of(int batch, int height, int width, int in, int out, const float* x, const float* filter,
                const float* bias, float* y) {
  const Conv3x3Shape shape{batch, height, width, in, out};
  conv3x3(shape, x, filter, bias, y, 0, conv3x3_blocks(shape));
}

}  // namespace sdm
