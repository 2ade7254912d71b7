// The computations, free of TensorFlow. Each works on a range of independent tasks, so that the caller can
// spread them over threads; results do not depend on how. Arrays are dense, the last axis closest, and float32;
// those of the type T are float32 or bfloat16, with float32 inside of the computation.
#pragma once

#include <cstdint>
#include <memory>

namespace sdm {

// The upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

// Room for n floats, whatever is in it: what is computed from a number that was not written is never used.
inline std::unique_ptr<float[]> scratch(int64_t n) { return std::unique_ptr<float[]>(new float[n]); }
template <class T>
std::unique_ptr<T[]> zeros(int64_t n) {
  return std::make_unique<T[]>(n);
}

// Images [n, pixels, channels], normalized over pixels and the channels of a group.
struct GroupNormShape {
  int64_t pixels, channels, groups;
  bool silu;  // x * sigmoid(x) after it
};

// Tasks are images. mean and rstd are [n, groups].
template <class T>
void group_norm(const GroupNormShape& shape, float epsilon, const float* x, const float* gamma,
                const float* beta, T* y, float* mean, float* rstd, int64_t begin, int64_t end);

// d_gamma and d_beta are [n, channels], to be summed over the images. d_x may be d_y.
template <class T>
void group_norm_grad(const GroupNormShape& shape, const T* d_y, const float* x,
                     const float* gamma, const float* beta, const float* mean, const float* rstd,
                     float* d_x, float* d_gamma, float* d_beta, int64_t begin, int64_t end);

// Tasks are rows of `channels`. mean and rstd are one number a row.
template <class T>
void layer_norm(int64_t channels, float epsilon, const float* x, const float* gamma,
                const float* beta, T* y, float* mean, float* rstd, int64_t begin, int64_t end);

// The rows begin to end add to d_gamma and d_beta, [channels]. d_x may be d_y.
template <class T>
void layer_norm_grad(int64_t channels, const T* d_y, const float* x, const float* gamma,
                     const float* mean, const float* rstd, float* d_x, float* d_gamma,
                     float* d_beta, int64_t begin, int64_t end);

// y = a * gelu(b) for rows x = [a, b] of 2 * channels. Tasks are rows.
template <class T>
void geglu(int64_t channels, const T* x, T* y, int64_t begin, int64_t end);
template <class T>
void geglu_grad(int64_t channels, const T* d_y, const T* x, T* d_x, int64_t begin, int64_t end);

// q, o [batch, queries, heads * size]; k, v [batch, keys, heads * size]; mask [queries, keys] or null. The rows
// of q, k and v (and of their gradients) may lie further apart, so that they can be parts of wider rows.
struct AttentionShape {
  int64_t queries, keys, heads;
  int size;  // of a head: 4, 8, 16, 32 or 64
  int64_t query_stride, key_stride;  // from row to row
};

bool attention_supports(int64_t size);

// Tasks are heads of images, batch * heads. `log_sum` [batch, heads, queries] is ln of the sum of
// e^score, from which the gradient computes the probabilities again; of float32 it may be null.
void attention(const AttentionShape& shape, const float* q, const float* k, const float* v,
               const float* mask, float* o, float* log_sum, int64_t begin, int64_t end);
void attention_grad(const AttentionShape& shape, const float* d_o, const float* q, const float* k,
                    const float* v, const float* mask, const float* o, const float* log_sum,
                    float* d_q, float* d_k, float* d_v, int64_t begin, int64_t end);
// The same of bfloat16: a head at a time is widened.
void attention(const AttentionShape& shape, const BFloat16* q, const BFloat16* k, const BFloat16* v,
               const float* mask, BFloat16* o, float* log_sum, int64_t begin, int64_t end);
void attention_grad(const AttentionShape& shape, const BFloat16* d_o, const BFloat16* q,
                    const BFloat16* k, const BFloat16* v, const float* mask, const BFloat16* o,
                    const float* log_sum, BFloat16* d_q, BFloat16* d_k, BFloat16* d_v, int64_t begin,
                    int64_t end);

// Images [batch, height, width, channels] convolved by a filter [3, 3, in, out], with stride 1 and padding 1.
struct Conv3x3Shape {
  int64_t batch, height, width, in, out;
  int tile = 2;  // side of a tile of the output: 2, or 4 for fewer products and four times the rounding
  int64_t tile_rows() const { return (height + tile - 1) / tile; }
  int64_t tile_columns() const { return (width + tile - 1) / tile; }
  int64_t tiles() const { return batch * tile_rows() * tile_columns(); }
};

bool conv3x3_supports(int64_t channels);
// The side of tiles for one that is wanted, 2 or 4, or 0 for what is best here for images of this size.
int conv3x3_tile(int wanted, int64_t height, int64_t width);
int64_t conv3x3_tiles_in_block(const Conv3x3Shape& shape);
int64_t conv3x3_blocks(const Conv3x3Shape& shape);

// The filter [3, 3, in, out] as conv3x3 takes it, so many numbers. The transposed one is of [3, 3, out, in], for the
// gradient of a convolution's input.
int64_t conv3x3_filter_size(const Conv3x3Shape& shape);
void conv3x3_filter(const Conv3x3Shape& shape, bool transposed, const float* w, float* filter);

// Tasks are blocks of tiles. bias may be null.
void conv3x3(const Conv3x3Shape& shape, const float* x, const float* filter, const float* bias,
             float* y, int64_t begin, int64_t end);
// How many parts the filter's gradient is computed in, whatever the number of threads: so sums do not depend on it.
int64_t conv3x3_filter_grad_parts(const Conv3x3Shape& shape);
// The share of these blocks.
template <class T>
void conv3x3_filter_grad(const Conv3x3Shape& shape, const T* x, const T* d_y, float* d_w, float* d_bias,
                         int64_t begin, int64_t end);

// One step of AdamW, as torch.optim.AdamW: parameter = keep * parameter - size * mean / (root_factor *
// sqrt(square) + epsilon), after mean and square have moved to gradient * scale by decay1 and decay2.
struct AdamWStep {
  float scale, decay1, decay2, root_factor, epsilon, keep, size;
};

// Tasks are numbers.
void adamw(const AdamWStep& step, const float* gradient, float* parameter, float* mean,
           float* square, int64_t begin, int64_t end);

}  // namespace sdm
