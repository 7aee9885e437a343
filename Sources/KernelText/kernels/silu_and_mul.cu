// silu(gate) · up, silu(g) = g / (1 + e^−g). Row of the grid's x; the blocks of its y share the row, 1 or more.
#include "mathematics.cuh"
#include "packs.cuh"

// Rows of gate and of up are `stride` elements apart: width where they are two tensors, 2·width where one product wrote them
// side by side (then up = gate + width).
template <typename T>
DEVICE void siluAndMul(GLOBAL(const T) gate, GLOBAL(const T) up, GLOBAL(T) output, int width, int stride) {
  const u64 read = (u64)blockIdx.x * stride, written = (u64)blockIdx.x * width;
  const u64 step = (u64)gridDim.y * blockDim.x * Pack<T>::size;
  for (u64 first = ((u64)blockIdx.y * blockDim.x + threadIdx.x) * Pack<T>::size; first < (u64)width; first += step) {
    const int present = presentInPack<T>(first, width);
    const Pack<T> g = loadPack<T>(gate + read + first, present), u = loadPack<T>(up + read + first, present);
    Pack<T> y;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      const float value = toFloat(g.element[i]);
      y.element[i] = fromFloat<T>(value * sigmoid(value) * toFloat(u.element[i]));
    }
    storePack<T>(output + written + first, y, present);
  }
}

#define INSTANTIATE(T)                                                                                            \
  KERNEL silu_and_mul_##T(GLOBAL(const T) gate, GLOBAL(const T) up, GLOBAL(T) output, int width, int stride) {    \
    siluAndMul<T>(gate, up, output, width, stride);                                                               \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
