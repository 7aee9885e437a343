// Softmax of scaled scores, row by row: probabilities = e^(scale·(score − max)) / sum. One block a row, 32 to 1024 threads. Rows
// lie `pitch` elements apart; with a pitch that is a multiple of 16 bytes each of them begins with a whole pack.
#include "mathematics.cuh"
#include "reductions.cuh"
#include "rows.cuh"

// The maximum and the sum come from one pass: where a thread meets a larger score it shrinks the sum it has (Milakov and
// Gimelshein, "Online normalizer calculation for softmax", 2018). scale > 0. A score of −∞ (masked) has probability 0; a row
// of nothing else has no softmax, and gets zeros divided by zero.
template <typename T>
DEVICE void softmax(GLOBAL(const T) scores, GLOBAL(T) probabilities, int width, int pitch, float scale) {
  const u64 start = (u64)blockIdx.x * pitch;
  const auto row = rowPartInMemory<T>(scores + start, width);
  // The identity is finite, so that −∞ − top is −∞ and never NaN.
  float top = Maximum::identity, sum = 0.0f;
  row.forEachPack([&](const Pack<T> &x, int, int present) {
    float larger = top;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      if (i < present) larger = Maximum()(larger, toFloat(x.element[i]));
    }
    sum *= exponential(scale * (top - larger));
    top = larger;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      if (i < present) sum += exponential(scale * (toFloat(x.element[i]) - top));
    }
  });
  const float rowTop = blockReduce<0, Maximum>(top);
  const float share = reciprocal(blockReduce<1, Sum>(sum * exponential(scale * (top - rowTop))));
  row.forEachPack([&](const Pack<T> &x, int first, int present) {
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      y.element[i] = fromFloat<T>(exponential(scale * (toFloat(x.element[i]) - rowTop)) * share);
    }
    storePack<T>(probabilities + start + first, y, present);
  });
}

#define INSTANTIATE(T)                                                                                      \
  KERNEL softmax_##T(GLOBAL(const T) scores, GLOBAL(T) probabilities, int width, int pitch, float scale) {  \
    softmax<T>(scores, probabilities, width, pitch, scale);                                                 \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
