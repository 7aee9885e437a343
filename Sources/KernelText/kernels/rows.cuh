// A block's row, dealt out to its threads pack by pack: thread t has packs t, t + blockDim, t + 2·blockDim, …
#pragma once
#include "packs.cuh"

// A thread's part of a row that is needed in several passes.
//
// Its first `kept` packs wait in registers, all loads in flight at once, so that a row of up to that many packs a thread is
// read from memory once: with 4, 32768 two-byte elements at 1024 threads. What lies beyond is loaded again in each pass, by
// then from the L2 cache.
template <typename T, int kept, typename Load> struct RowPart {
  Load load;
  int width;
  Pack<T> pack[kept];

  // visit(pack, its first column, how many of its elements are present) for each pack of the thread.
  template <typename Visit> DEVICE_MEMBER void forEachPack(Visit visit) const {
    UNROLL for (int k = 0; k < kept; ++k) {
      const int first = (int)(threadIdx.x + k * blockDim.x) * Pack<T>::size;
      if (first < width) visit(pack[k], first, presentInPack<T>(first, width));
    }
    const int stride = (int)blockDim.x * Pack<T>::size;
    for (int first = (int)threadIdx.x * Pack<T>::size + kept * stride; first < width; first += stride) {
      const int present = presentInPack<T>(first, width);
      visit(load(first, present), first, present);
    }
  }

  // visit(element as float) for each element of the thread.
  template <typename Visit> DEVICE_MEMBER void forEachElement(Visit visit) const {
    forEachPack([&](const Pack<T> &x, int, int present) {
      UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
        if (i < present) visit(toFloat(x.element[i]));
      }
    });
  }
};

// load(first column, how many elements are present) gives a pack. width < 2^30, so that no column of the last stride overflows.
template <typename T, int kept = 4, typename Load> DEVICE RowPart<T, kept, Load> rowPart(int width, Load load) {
  RowPart<T, kept, Load> part{load, width, {}};
  UNROLL for (int k = 0; k < kept; ++k) {
    const int first = (int)(threadIdx.x + k * blockDim.x) * Pack<T>::size;
    if (first < width) part.pack[k] = load(first, presentInPack<T>(first, width));
  }
  return part;
}

// The row that lies in memory from `row` on.
template <typename T, typename Pointer> DEVICE auto rowPartInMemory(Pointer row, int width) {
  return rowPart<T>(width, [=](int first, int present) { return loadPack<T>(row + first, present); });
}
