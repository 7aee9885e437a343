// Residual addition: output = input + residual.
#include "elementwise.cuh"

template <typename T>
DEVICE void residualAdd(GLOBAL(const T) input, GLOBAL(const T) residual, GLOBAL(T) output, u64 count) {
  forEachPackOfGrid<T>(count, [&](u64 first, int present) {
    const Pack<T> x = loadPack<T>(input + first, present), r = loadPack<T>(residual + first, present);
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>(toFloat(x.element[i]) + toFloat(r.element[i]));
    }
    storePack<T>(output + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                     \
  KERNEL residual_add_##T(GLOBAL(const T) input, GLOBAL(const T) residual, GLOBAL(T) output, u64 count) {  \
    residualAdd<T>(input, residual, output, count);                                                        \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
