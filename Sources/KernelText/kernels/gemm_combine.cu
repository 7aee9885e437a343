// Adds up the shares of k that blocks of gemm left: output = epilogue(Σ partialsₛ). A thread has 8 columns of a row: grid
// ⌈m · ⌈n / 8⌉ / block⌉, blocks of up to 256 threads.
#include "mathematics.cuh"
#include "packs.cuh"
#include "tensor.cuh"

// partials, float [shares, m, n]; bias [n], output [m, n] and epilogue as of gemm.
template <typename T>
DEVICE void gemmCombine(
    GLOBAL(const float) partials, GLOBAL(const T) bias, GLOBAL(T) output, int m, int n, int shares, int epilogue) {
  const u64 index = (u64)blockIdx.x * blockDim.x + threadIdx.x;
  const int packs = (n + 7) / 8, column = (int)(index % packs) * 8;
  const u64 row = index / packs;
  if (row >= (u64)m) return;
  const int present = presentInPack<T>(column, n);
  float sums[8] = {};
  for (int s = 0; s < shares; ++s) {
    UNROLL for (int half = 0; half < 2; ++half) {
      const int left = present - 4 * half, there = left < 0 ? 0 : left < 4 ? left : 4;
      const Pack<float> pack = loadPack<float>(partials + ((u64)s * m + row) * n + column + 4 * half, there);
      UNROLL for (int e = 0; e < 4; ++e) sums[4 * half + e] += pack.element[e];
    }
  }
  UNROLL for (int i = 0; i < 8; ++i) {
    if (epilogue & 1 && i < present) sums[i] += toFloat(bias[column + i]);
    if (epilogue & 2) sums[i] = geluOf(sums[i]);
  }
  Pack<T> pack;
  UNROLL for (int e = 0; e < 4; ++e) pack.words.word[e] = roundPair(sums[2 * e], sums[2 * e + 1], T());
  storePack<T>(output + row * n + column, pack, present);
}

#define INSTANTIATE(T)                                                                                             \
  TENSOR_KERNEL(256) gemm_combine_##T(                                                                             \
      GLOBAL(const float) partials, GLOBAL(const T) bias, GLOBAL(T) output, int m, int n, int shares,              \
      int epilogue) {                                                                                              \
    gemmCombine<T>(partials, bias, output, m, n, shares, epilogue);                                                \
  }
INSTANTIATE(f16)
INSTANTIATE(bf16)
#undef INSTANTIATE
