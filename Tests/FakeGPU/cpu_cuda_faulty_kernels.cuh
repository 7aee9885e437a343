// Kernels that are wrong on purpose, one mistake each: the emulator must notice.
#pragma once
#include "elements.cuh"
#include "packs.cuh"

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
