// Merges what the splits of flash_decode left: output = Σ 2^(topₛ − top) · partialsₛ / Σ 2^(topₛ − top) · sumₛ. A thread has 8
// columns of a head: grid ⌈rows · headDim / 8 / block⌉, blocks of up to 256 threads. headDim is a multiple of 8, pointers lie on
// 16-byte boundaries.
#include "tensor.cuh"

// partials [rows, splits, headDim]; statistics [rows, splits, 2]: a split's maximum, in powers of two, and its sum. rows: batch ·
// numHeads.
template <typename T>
DEVICE void flashDecodeCombine(
    GLOBAL(const float) partials, GLOBAL(const float) statistics, GLOBAL(T) output, int rows, int splits, int headDim) {
  const u64 index = (u64)blockIdx.x * blockDim.x + threadIdx.x, row = index * 8 / headDim;
  const int column = (int)(index * 8 % headDim);
  if (row >= (u64)rows) return;
  float top = statistics[row * splits * 2];
  for (int s = 1; s < splits; ++s) {
    const float other = statistics[(row * splits + s) * 2];
    top = top < other ? other : top;
  }
  float sum = 0.0f, merged[8] = {};
  for (int s = 0; s < splits; ++s) {
    const u64 part = row * splits + s;
    const float share = powerOfTwo(statistics[part * 2] - top);
    sum += statistics[part * 2 + 1] * share;
    UNROLL for (int half = 0; half < 2; ++half) {
      const Words words = loadWords(partials + part * headDim + column + half * 4);
      UNROLL for (int e = 0; e < 4; ++e) merged[half * 4 + e] += floatFromBits(words.word[e]) * share;
    }
  }
  const float share = reciprocal(sum);
  Words words;
  UNROLL for (int e = 0; e < 4; ++e) words.word[e] = roundPair(merged[2 * e] * share, merged[2 * e + 1] * share, T());
  storeWords(output + row * headDim + column, words);
}

#define INSTANTIATE(T)                                                                                              \
  TENSOR_KERNEL(256) flash_decode_combine_##T(                                                                      \
      GLOBAL(const float) partials, GLOBAL(const float) statistics, GLOBAL(T) output, int rows, int splits,         \
      int headDim) {                                                                                                \
    flashDecodeCombine<T>(partials, statistics, output, rows, splits, headDim);                                     \
  }
INSTANTIATE(f16)
INSTANTIATE(bf16)
#undef INSTANTIATE
