// Packs: the elements of one 16-byte access.
#pragma once
#include "elements.cuh"

template <typename T> union Pack {
  static constexpr int size = 16 / sizeof(T);
  Words words;
  T element[size];
};

// How many of the elements from `first` on, a pack at most, lie before `end`.
template <typename T> DEVICE int presentInPack(u64 first, u64 end) {
  return end - first < (u64)Pack<T>::size ? (int)(end - first) : Pack<T>::size;
}

// One access where the pack is full and lies on a 16-byte boundary; else element by element: the last pack of an odd width,
// and rows or tensors that start anywhere. Elements that are not present are zero.
template <typename T, typename Pointer> DEVICE Pack<T> loadPack(Pointer from, int present) {
  Pack<T> pack;
  if (present == Pack<T>::size && addressOf(from) % 16 == 0) {
    pack.words = loadWords(from);
  } else {
    pack.words = Words{};
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      if (i < present) pack.element[i] = from[i];
    }
  }
  return pack;
}

// Whether all packs of a tensor's rows are full and lie on 16-byte boundaries: then each is one access, and nothing is asked of
// any. `addresses`: those of the tensors' first elements, or-ed together.
template <typename T> DEVICE bool hasWholePacks(u64 addresses, int width) {
  return addresses % 16 == 0 && width % Pack<T>::size == 0;
}

// What loadPack and storePack do where it is known that the pack is whole.
template <typename T, bool isWhole, typename Pointer> DEVICE Pack<T> loadPackOf(Pointer from, int present) {
  if constexpr (isWhole) {
    Pack<T> pack;
    pack.words = loadWords(from);
    return pack;
  } else {
    return loadPack<T>(from, present);
  }
}

template <typename T, typename Pointer> DEVICE void storePack(Pointer to, const Pack<T> &pack, int present) {
  if (present == Pack<T>::size && addressOf(to) % 16 == 0) {
    storeWords(to, pack.words);
  } else {
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      if (i < present) to[i] = pack.element[i];
    }
  }
}

template <typename T, bool isWhole, typename Pointer> DEVICE void storePackOf(Pointer to, const Pack<T> &pack, int present) {
  if constexpr (isWhole) {
    storeWords(to, pack.words);
  } else {
    storePack<T>(to, pack, present);
  }
}
