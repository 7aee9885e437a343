// RMSNorm: output = input · rsqrt(mean(input²) + ε) · weight. One block a row, 32 to 1024 threads.
#include "reductions.cuh"
#include "rows.cuh"

template <typename T>
DEVICE void rmsnorm(GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(T) output, int width, float epsilon) {
  const u64 start = (u64)blockIdx.x * width;
  const auto row = rowPartInMemory<T>(input + start, width);
  float squares = 0.0f;
  row.forEachElement([&](float x) { squares += x * x; });
  const float scale = reciprocalRoot(blockReduce<0, Sum>(squares) / width + epsilon);
  row.forEachPack([&](const Pack<T> &x, int first, int present) {
    const Pack<T> w = loadPack<T>(weight + first, present);
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>(toFloat(x.element[i]) * scale * toFloat(w.element[i]));
    }
    storePack<T>(output + start + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                        \
  KERNEL rmsnorm_##T(GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(T) output, int width, float epsilon) { \
    rmsnorm<T>(input, weight, output, width, epsilon);                                                        \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
