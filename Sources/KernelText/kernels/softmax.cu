// Softmax of scaled scores, row by row: probabilities = e^(scale·(score − max)) / sum. One block a row, 32 to 1024 threads. Rows
// lie `pitch` elements apart; with a pitch that is a multiple of 16 bytes each of them begins with a whole pack.
#include "mathematics.cuh"
#include "reductions.cuh"
#include "rows.cuh"

// The maximum and the sum come from one pass: where a thread meets a larger score it shrinks the sum it has (Milakov and
// Gimelshein, "Online normalizer calculation for softmax", 2018). scale > 0. A score of −∞ (masked) has probability 0; a row
// of nothing else has no softmax, and gets zeros divided by zero.
template <typename T>
DEVICE void softmaxOfAnyRow(GLOBAL(const T) scores, GLOBAL(T) probabilities, int width, int pitch, float scale) {
  const u64 start = (u64)blockIdx.x * pitch;
  const auto row = rowPartInMemory<T, false>(scores + start, width);
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

// Whole packs: each exponential is taken once, and waits in registers for the sum. What lies beyond the packs that are kept is
// taken again. The identity of maxima is finite, as above.
template <typename T>
DEVICE void softmaxOfWholePacks(GLOBAL(const T) scores, GLOBAL(T) probabilities, int width, int pitch, float scale) {
  constexpr int size = Pack<T>::size, kept = 2;
  const u64 start = (u64)blockIdx.x * pitch;
  const auto row = rowPartInMemory<T, true, kept>(scores + start, width);
  float top = Maximum::identity;
  row.forEachElement([&](float x) { top = larger(top, x); });
  const float rowTop = blockReduce<0, Maximum>(top);
  const auto power = [=](T score) { return exponential(scale * (toFloat(score) - rowTop)); };
  const int own = (int)threadIdx.x * size, stride = (int)blockDim.x * size;
  float powers[kept][size] = {}, sum = 0.0f;
  UNROLL for (int k = 0; k < kept; ++k) {
    if (own + k * stride >= width) continue;
    UNROLL for (int i = 0; i < size; ++i) {
      powers[k][i] = power(row.pack[k].element[i]);
      sum += powers[k][i];
    }
  }
  for (int first = own + kept * stride; first < width; first += stride) {
    const Pack<T> x = row.load(first, size);
    UNROLL for (int i = 0; i < size; ++i) sum += power(x.element[i]);
  }
  const float share = reciprocal(blockReduce<1, Sum>(sum));
  UNROLL for (int k = 0; k < kept; ++k) {
    if (own + k * stride >= width) continue;
    Pack<T> y;
    UNROLL for (int i = 0; i < size; ++i) y.element[i] = fromFloat<T>(powers[k][i] * share);
    storeWords(probabilities + start + own + k * stride, y.words);
  }
  for (int first = own + kept * stride; first < width; first += stride) {
    const Pack<T> x = row.load(first, size);
    Pack<T> y;
    UNROLL for (int i = 0; i < size; ++i) y.element[i] = fromFloat<T>(power(x.element[i]) * share);
    storeWords(probabilities + start + first, y.words);
  }
}

#define INSTANTIATE(T)                                                                                      \
  KERNEL softmax_##T(GLOBAL(const T) scores, GLOBAL(T) probabilities, int width, int pitch, float scale) {  \
    if (hasWholePacks<T>(addressOf(scores) | addressOf(probabilities), width | pitch)) {                    \
      softmaxOfWholePacks<T>(scores, probabilities, width, pitch, scale);                                   \
    } else {                                                                                                \
      softmaxOfAnyRow<T>(scores, probabilities, width, pitch, scale);                                       \
    }                                                                                                       \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
