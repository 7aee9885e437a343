// LayerNorm: output = (input − mean) · rsqrt(variance + ε) · weight + bias. One block a row, 32 to 1024 threads.
#include "reductions.cuh"
#include "rows.cuh"

// The variance is taken around the mean, not as a difference of two large sums, which would cancel.
template <typename T, bool isWhole>
DEVICE void layernorm(
    GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(const T) bias, GLOBAL(T) output, int width, float epsilon) {
  const u64 start = (u64)blockIdx.x * width;
  const auto row = rowPartInMemory<T, isWhole>(input + start, width);
  float sum = 0.0f;
  row.forEachElement([&](float x) { sum += x; });
  const float mean = blockReduce<0, Sum>(sum) / width;
  float squares = 0.0f;
  row.forEachElement([&](float x) { squares += (x - mean) * (x - mean); });
  const float scale = reciprocalRoot(blockReduce<1, Sum>(squares) / width + epsilon);
  row.forEachPack([&](const Pack<T> &x, int first, int present) {
    const Pack<T> w = loadPackOf<T, isWhole>(weight + first, present);
    const Pack<T> b = loadPackOf<T, isWhole>(bias + first, present);
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>((toFloat(x.element[i]) - mean) * scale * toFloat(w.element[i]) + toFloat(b.element[i]));
    }
    storePackOf<T, isWhole>(output + start + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                             \
  KERNEL layernorm_##T(                                                                                            \
      GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(const T) bias, GLOBAL(T) output, int width, float epsilon) { \
    if (hasWholePacks<T>(addressOf(input) | addressOf(weight) | addressOf(bias) | addressOf(output), width)) {      \
      layernorm<T, true>(input, weight, bias, output, width, epsilon);                                             \
    } else {                                                                                                       \
      layernorm<T, false>(input, weight, bias, output, width, epsilon);                                            \
    }                                                                                                              \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
