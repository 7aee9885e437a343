// Powers of two from registers alone: what the special-function units give at best, 8 · rounds of them a thread. Any grid, any
// block; `output` has an element for each thread of the grid.
#include "device.cuh"

// x ← 2^-x in eight chains that do not wait for each other. Each begins at its own x in [0, 1), so that the compiler cannot
// merge them, and stays in [0, 1]. The stored sum of the chains keeps the compiler from dropping them.
KERNEL exponentials(GLOBAL(float) output, int rounds) {
  constexpr int chains = 8;
  float x[chains];
  UNROLL for (int i = 0; i < chains; ++i) x[i] = (float)(threadIdx.x * chains + i) / (1024 * chains);
  for (int round = 0; round < rounds; ++round) {
    UNROLL for (int i = 0; i < chains; ++i) x[i] = powerOfTwo(-x[i]);
  }
  float sum = 0.0f;
  UNROLL for (int i = 0; i < chains; ++i) sum += x[i];
  output[(u64)blockIdx.x * blockDim.x + threadIdx.x] = sum;
}
