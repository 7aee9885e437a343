// Kernels that are wrong on purpose, one mistake each, which the emulator must notice; and one that is right.
#pragma once
#include "elements.cuh"
#include "packs.cuh"
#include "tensor.cuh"

KERNEL faulty_without_barrier(GLOBAL(const float) input, GLOBAL(float) output) {
  SHARED(float, tile, 256);
  tile[threadIdx.x] = input[threadIdx.x];
  output[threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
}

// Half a warp waits at the barrier, the other half for the whole warp.
KERNEL faulty_split_wait(GLOBAL(float) output) {
  if (threadIdx.x < 16) __syncthreads();
  output[threadIdx.x] = shuffleXor(1.0f, 1);
}

// A lane leaves before its warp's shuffle.
KERNEL faulty_early_exit(GLOBAL(float) output) {
  if (threadIdx.x == 31) return;
  output[threadIdx.x] = shuffleXor(1.0f, 1);
}

KERNEL faulty_write_behind_end(GLOBAL(float) output, int count) { output[count] = 1.0f; }

KERNEL faulty_read_behind_end(GLOBAL(const float) input, GLOBAL(float) output, int count) { output[0] = input[count]; }

KERNEL faulty_unaligned_pack(GLOBAL(const f16) input, GLOBAL(f16) output) { storeWords(output, loadWords(input + 1)); }

KERNEL faulty_shared_overrun(GLOBAL(float) output) {
  SHARED(float, tile, 16);
  tile[threadIdx.x] = 1.0f;
  output[threadIdx.x] = tile[threadIdx.x];
}

KERNEL faulty_unwritten_shared(GLOBAL(float) output) {
  SHARED(float, tile, 32);
  output[threadIdx.x] = tile[threadIdx.x];
}

// Each thread copies 16 bytes to shared memory and passes on its own.
DEVICE void passOn(GLOBAL(const float) input, GLOBAL(float) output, bool commits, bool waits) {
  const unsigned own = dynamicShared() + 16 * threadIdx.x;
  copyAsync(own, input + 4 * threadIdx.x, true);
  if (commits) commitCopies();
  if (waits) waitForCopies<0>();
  storeWords(output + 4 * threadIdx.x, loadShared(own));
}
KERNEL faulty_copy_without_wait(GLOBAL(const float) input, GLOBAL(float) output) { passOn(input, output, true, false); }
KERNEL faulty_copy_without_commit(GLOBAL(const float) input, GLOBAL(float) output) { passOn(input, output, false, true); }

// The copy begins before what it overwrites is read.
KERNEL faulty_copy_over_unread(GLOBAL(const float) input, GLOBAL(float) output) {
  const unsigned own = dynamicShared() + 16 * threadIdx.x;
  storeShared(own, Words{});
  copyAsync(own, input + 4 * threadIdx.x, true);
  commitCopies();
  storeWords(output + 4 * threadIdx.x, loadShared(own));
  waitForCopies<0>();
}

// Half a warp loads matrices while the other half shuffles.
KERNEL faulty_divergent_load(GLOBAL(float) output) {
  unsigned fragment[4] = {};
  if (threadIdx.x < 16) loadMatrices(fragment, dynamicShared());
  if (threadIdx.x >= 16) fragment[0] = floatBits(shuffleXor(1.0f, 1));
  output[threadIdx.x] = floatFromBits(fragment[0]);
}

// Reads 16 bytes from an address on.
KERNEL faulty_dynamic_shared(GLOBAL(float) output, int address) { storeWords(output, loadShared(dynamicShared() + address)); }

// C (16×16) = A·Bᵀ, or A·B where `isTransposed` says that B lies so; A and B of `present` rows, 16 columns each. One warp.
template <typename T>
DEVICE void tileProduct(GLOBAL(const T) a, GLOBAL(const T) b, GLOBAL(float) c, int isTransposed, int present) {
  const unsigned lane = threadIdx.x, right = 512;
  for (unsigned chunk = lane; chunk < 32; chunk += 32) {
    const bool isThere = (int)chunk / 2 < present;
    copyAsync(dynamicShared() + 16 * chunk, a + 8 * chunk, isThere);
    copyAsync(dynamicShared() + right + 16 * chunk, b + 8 * chunk, isThere);
  }
  commitCopies();
  waitForCopies<0>();
  __syncwarp();
  unsigned left[4], words[4];
  loadMatrices(left, dynamicShared() + 32 * (lane % 16) + 16 * (lane / 16));
  float d[2][4] = {};
  if (isTransposed) {
    loadMatricesTransposed(words, dynamicShared() + right + 32 * (lane % 16) + 16 * (lane / 16));
  } else {
    loadMatrices(words, dynamicShared() + right + 32 * (lane % 8 + lane / 16 * 8) + 16 * (lane / 8 % 2));
  }
  multiplyAdd(d[0], left, words[0], words[1], T());
  multiplyAdd(d[1], left, words[2], words[3], T());
  for (unsigned i = 0; i < 8; ++i) {
    c[(lane / 4 + i % 4 / 2 * 8) * 16 + i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i / 4][i % 4];
  }
}
KERNEL tile_product_f16(GLOBAL(const f16) a, GLOBAL(const f16) b, GLOBAL(float) c, int isTransposed, int present) {
  tileProduct<f16>(a, b, c, isTransposed, present);
}
KERNEL tile_product_bf16(GLOBAL(const bf16) a, GLOBAL(const bf16) b, GLOBAL(float) c, int isTransposed, int present) {
  tileProduct<bf16>(a, b, c, isTransposed, present);
}
