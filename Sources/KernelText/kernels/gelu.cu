// gelu, tanh form: output = ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
#include "elementwise.cuh"
#include "mathematics.cuh"

template <typename T> DEVICE void gelu(GLOBAL(const T) input, GLOBAL(T) output, u64 count) {
  forEachPackOfGrid<T>(count, [&](u64 first, int present) {
    const Pack<T> x = loadPack<T>(input + first, present);
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) y.element[i] = fromFloat<T>(geluOf(toFloat(x.element[i])));
    storePack<T>(output + first, y, present);
  });
}

#define INSTANTIATE(T) \
  KERNEL gelu_##T(GLOBAL(const T) input, GLOBAL(T) output, u64 count) { gelu<T>(input, output, count); }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
