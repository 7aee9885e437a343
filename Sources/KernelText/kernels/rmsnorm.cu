// RMSNorm: output = input · rsqrt(mean(input²) + ε) · weight. One block a row, 32 to 1024 threads.
#include "reductions.cuh"
#include "rows.cuh"

// The weight's first pack is on its way while the squares are summed; more of them in registers would spill (sm_120).
template <typename T, bool isWhole>
DEVICE void rmsnorm(GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(T) output, int width, float epsilon) {
  const u64 start = (u64)blockIdx.x * width;
  const auto row = rowPartInMemory<T, isWhole>(input + start, width);
  const auto weights = rowPartInMemory<T, isWhole, 1>(weight, width);
  float squares = 0.0f;
  row.forEachElement([&](float x) { squares += x * x; });
  const float scale = reciprocalRoot(blockReduce<0, Sum>(squares) / width + epsilon);
  row.forEachPack(weights, [&](const Pack<T> &x, const Pack<T> &w, int first, int present) {
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>(toFloat(x.element[i]) * scale * toFloat(w.element[i]));
    }
    storePackOf<T, isWhole>(output + start + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                        \
  KERNEL rmsnorm_##T(GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(T) output, int width, float epsilon) { \
    if (hasWholePacks<T>(addressOf(input) | addressOf(weight) | addressOf(output), width)) {                   \
      rmsnorm<T, true>(input, weight, output, width, epsilon);                                                \
    } else {                                                                                                  \
      rmsnorm<T, false>(input, weight, output, width, epsilon);                                               \
    }                                                                                                         \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
