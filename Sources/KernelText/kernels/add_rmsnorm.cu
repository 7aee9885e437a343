// Residual addition and RMSNorm in one pass: sum = input + residual, normalized = RMSNorm(sum). One block a row, 32 to 1024
// threads.
#include "reductions.cuh"
#include "rows.cuh"

// The norm is that of the sum as it is stored, rounded: what a separate norm would read. Of a row too wide for the registers
// the rest is added again in the second pass: nothing that was written is read. Two packs a thread are kept; with four and
// the operands in flight beside them 64 registers do not suffice.
template <typename T>
DEVICE void addRMSNorm(
    GLOBAL(const T) input, GLOBAL(const T) residual, GLOBAL(const T) weight, GLOBAL(T) sum, GLOBAL(T) normalized,
    int width, float epsilon) {
  const u64 start = (u64)blockIdx.x * width;
  const auto row = rowPart<T, 2>(width, [=](int first, int present) {
    const Pack<T> x = loadPack<T>(input + start + first, present), r = loadPack<T>(residual + start + first, present);
    Pack<T> s;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      s.element[i] = fromFloat<T>(toFloat(x.element[i]) + toFloat(r.element[i]));
    }
    return s;
  });

  float squares = 0.0f;
  row.forEachPack([&](const Pack<T> &s, int first, int present) {
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) squares += toFloat(s.element[i]) * toFloat(s.element[i]);
    storePack<T>(sum + start + first, s, present);
  });
  const float scale = reciprocalRoot(blockReduce<0, Sum>(squares) / width + epsilon);
  row.forEachPack([&](const Pack<T> &s, int first, int present) {
    const Pack<T> w = loadPack<T>(weight + first, present);
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>(toFloat(s.element[i]) * scale * toFloat(w.element[i]));
    }
    storePack<T>(normalized + start + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                           \
  KERNEL add_rmsnorm_##T(                                                                                        \
      GLOBAL(const T) input, GLOBAL(const T) residual, GLOBAL(const T) weight, GLOBAL(T) sum, GLOBAL(T) normalized, \
      int width, float epsilon) {                                                                                \
    addRMSNorm<T>(input, residual, weight, sum, normalized, width, epsilon);                                     \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
