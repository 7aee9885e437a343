// A block's row, dealt out to its threads pack by pack: thread t has packs t, t + blockDim, t + 2·blockDim, …
#pragma once
#include "packs.cuh"

// A thread's part of a row that is needed in several passes.
//
// Its first `kept` packs wait in registers, all loads in flight at once, so that a row of up to that many packs a thread is
// read from memory once: with 4, 32768 two-byte elements at 1024 threads. What lies beyond is loaded again in each pass, by
// then from the L2 cache. isWhole: all packs are full, on 16-byte boundaries (hasWholePacks), which saves every question.
template <typename T, int kept, bool isWhole, typename Load> struct RowPart {
  Load load;
  int width;
  Pack<T> pack[kept];

  // How many elements of the pack that begins at a column are there.
  static DEVICE_MEMBER int present(int first, int width) {
    if constexpr (isWhole) return Pack<T>::size;
    return presentInPack<T>(first, width);
  }

  // visit(pack, its first column, how many of its elements are present) for each pack of the thread.
  template <typename Visit> DEVICE_MEMBER void forEachPack(Visit visit) const {
    UNROLL for (int k = 0; k < kept; ++k) {
      const int first = (int)(threadIdx.x + k * blockDim.x) * Pack<T>::size;
      if (first < width) visit(pack[k], first, present(first, width));
    }
    const int stride = (int)blockDim.x * Pack<T>::size;
    for (int first = (int)threadIdx.x * Pack<T>::size + kept * stride; first < width; first += stride) {
      visit(load(first, present(first, width)), first, present(first, width));
    }
  }

  // visit(pack, the other part's pack there, first column, present) for each pack of the thread: the other part may keep
  // fewer.
  template <int others, typename OtherLoad, typename Visit>
  DEVICE_MEMBER void forEachPack(const RowPart<T, others, isWhole, OtherLoad> &other, Visit visit) const {
    static_assert(others <= kept, "what the other part keeps is asked for here");
    UNROLL for (int k = 0; k < kept; ++k) {
      const int first = (int)(threadIdx.x + k * blockDim.x) * Pack<T>::size;
      if (first >= width) continue;
      if (k < others) {
        visit(pack[k], other.pack[k < others ? k : 0], first, present(first, width));
      } else {
        visit(pack[k], other.load(first, present(first, width)), first, present(first, width));
      }
    }
    const int stride = (int)blockDim.x * Pack<T>::size;
    for (int first = (int)threadIdx.x * Pack<T>::size + kept * stride; first < width; first += stride) {
      const int there = present(first, width);
      visit(load(first, there), other.load(first, there), first, there);
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
template <typename T, int kept, bool isWhole, typename Load>
DEVICE RowPart<T, kept, isWhole, Load> rowPart(int width, Load load) {
  RowPart<T, kept, isWhole, Load> part{load, width, {}};
  UNROLL for (int k = 0; k < kept; ++k) {
    const int first = (int)(threadIdx.x + k * blockDim.x) * Pack<T>::size;
    if (first < width) part.pack[k] = load(first, part.present(first, width));
  }
  return part;
}

// The row that lies in memory from `row` on.
template <typename T, bool isWhole, int kept = 4, typename Pointer> DEVICE auto rowPartInMemory(Pointer row, int width) {
  return rowPart<T, kept, isWhole>(
      width, [=](int first, int present) { return loadPackOf<T, isWhole>(row + first, present); });
}
