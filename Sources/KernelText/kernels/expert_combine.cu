// Each token's sum over its experts: y = Σ w · row, in float, from zero. Row of the grid's x; the blocks of its y share the row,
// 1 or more.
#include "packs.cuh"

// pairs [starts[tokens]]: where in input, rows of `width`, and in weights each token's pairs lie, token by token, from
// starts[token] on; a token may have none. weights: one a pair, null where rows are added as they are.
template <typename T>
DEVICE void expertCombine(
    GLOBAL(const T) input, GLOBAL(const T) weights, GLOBAL(const int) pairs, GLOBAL(const int) starts, GLOBAL(T) output,
    int width) {
  const int begin = starts[blockIdx.x], end = starts[blockIdx.x + 1];
  const u64 step = (u64)gridDim.y * blockDim.x * Pack<T>::size;
  for (u64 first = ((u64)blockIdx.y * blockDim.x + threadIdx.x) * Pack<T>::size; first < (u64)width; first += step) {
    const int present = presentInPack<T>(first, width);
    float sums[Pack<T>::size] = {};
    for (int i = begin; i < end; ++i) {
      const int pair = pairs[i];
      const Pack<T> x = loadPack<T>(input + (u64)pair * width + first, present);
      const float weight = addressOf(weights) == 0 ? 1.0f : toFloat(weights[pair]);
      UNROLL for (int e = 0; e < Pack<T>::size; ++e) sums[e] += weight * toFloat(x.element[e]);
    }
    Pack<T> y;
    UNROLL for (int e = 0; e < Pack<T>::size; ++e) y.element[e] = fromFloat<T>(sums[e]);
    storePack<T>(output + (u64)blockIdx.x * width + first, y, present);
  }
}

#define INSTANTIATE(T)                                                                                                      \
  KERNEL expert_combine_##T(                                                                                                \
      GLOBAL(const T) input, GLOBAL(const T) weights, GLOBAL(const int) pairs, GLOBAL(const int) starts, GLOBAL(T) output,  \
      int width) {                                                                                                          \
    expertCombine<T>(input, weights, pairs, starts, output, width);                                                         \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
