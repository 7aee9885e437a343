// Kernels that compute an output element from the elements at the same place: any grid, any block.
#pragma once
#include "packs.cuh"

// visit(first element, how many are present) for each pack of the thread; neighbouring threads have neighbouring packs.
template <typename T, typename Visit> DEVICE void forEachPackOfGrid(u64 count, Visit visit) {
  const u64 stride = (u64)gridDim.x * blockDim.x * Pack<T>::size;
  for (u64 first = ((u64)blockIdx.x * blockDim.x + threadIdx.x) * Pack<T>::size; first < count; first += stride) {
    visit(first, presentInPack<T>(first, count));
  }
}
