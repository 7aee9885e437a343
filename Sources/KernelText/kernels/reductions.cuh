// Sums and maxima over a block of 32, 64, … 1024 threads; every thread gets the result.
#pragma once
#include "device.cuh"

struct Sum {
  static constexpr float identity = 0.0f;
  DEVICE_MEMBER float operator()(float left, float right) const { return left + right; }
};
struct Maximum {
  // Minus the largest float: below or equal to every finite value.
  static constexpr float identity = -3.402823466e+38f;
  DEVICE_MEMBER float operator()(float left, float right) const { return larger(left, right); }
};

// Butterfly: after step s each lane holds the result of the lanes that differ from it in the bits used so far. The steps are
// written out so that the mutation test can delete each.
template <typename Operation> DEVICE float warpReduce(float value) {
  const Operation combine;
  value = combine(value, shuffleXor(value, 16));
  value = combine(value, shuffleXor(value, 8));
  value = combine(value, shuffleXor(value, 4));
  value = combine(value, shuffleXor(value, 2));
  value = combine(value, shuffleXor(value, 1));
  return value;
}

// Each use in a kernel has a `place` of its own in shared memory; so no barrier is needed before it is written.
template <int place, typename Operation> DEVICE float blockReduce(float value) {
  SHARED(float, partial, 32);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  value = warpReduce<Operation>(value);
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  value = lane < warps ? partial[lane] : Operation::identity;
  return warpReduce<Operation>(value);
}
