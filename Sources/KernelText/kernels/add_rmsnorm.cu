// Residual addition and RMSNorm in one pass: sum = input + residual, normalized = RMSNorm(sum). One block a row, 32 to 1024
// threads.
#include "reductions.cuh"
#include "rows.cuh"

// The norm is that of the sum as it is stored, rounded: what a separate norm would read. Of a row too wide for the registers
// the rest is added again in the second pass: nothing that was written is read. Two packs a thread are kept; with four and
// the operands in flight beside them 64 registers do not suffice.
template <typename T, bool isWhole>
DEVICE void addRMSNorm(
    GLOBAL(const T) input, GLOBAL(const T) residual, GLOBAL(const T) weight, GLOBAL(T) sum, GLOBAL(T) normalized,
    int width, float epsilon) {
  const u64 start = (u64)blockIdx.x * width;
  const auto row = rowPart<T, 2, isWhole>(width, [=](int first, int present) {
    const Pack<T> x = loadPackOf<T, isWhole>(input + start + first, present);
    const Pack<T> r = loadPackOf<T, isWhole>(residual + start + first, present);
    Pack<T> s;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      s.element[i] = fromFloat<T>(toFloat(x.element[i]) + toFloat(r.element[i]));
    }
    return s;
  });

  const auto weights = rowPartInMemory<T, isWhole, 2>(weight, width);

  float squares = 0.0f;
  row.forEachPack([&](const Pack<T> &s, int first, int present) {
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) squares += toFloat(s.element[i]) * toFloat(s.element[i]);
    storePackOf<T, isWhole>(sum + start + first, s, present);
  });
  const float scale = reciprocalRoot(blockReduce<0, Sum>(squares) / width + epsilon);
  row.forEachPack(weights, [&](const Pack<T> &s, const Pack<T> &w, int first, int present) {
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>(toFloat(s.element[i]) * scale * toFloat(w.element[i]));
    }
    storePackOf<T, isWhole>(normalized + start + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                           \
  KERNEL add_rmsnorm_##T(                                                                                        \
      GLOBAL(const T) input, GLOBAL(const T) residual, GLOBAL(const T) weight, GLOBAL(T) sum, GLOBAL(T) normalized, \
      int width, float epsilon) {                                                                                \
    if (hasWholePacks<T>(                                                                                        \
            addressOf(input) | addressOf(residual) | addressOf(weight) | addressOf(sum) | addressOf(normalized),  \
            width)) {                                                                                            \
      addRMSNorm<T, true>(input, residual, weight, sum, normalized, width, epsilon);                             \
    } else {                                                                                                     \
      addRMSNorm<T, false>(input, residual, weight, sum, normalized, width, epsilon);                            \
    }                                                                                                            \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
