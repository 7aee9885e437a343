// Rotary position embedding of one token's heads: the pairs (j, j + r/2) of a head's first r elements turn by the angle of j.
#pragma once
#include "packs.cuh"

// The token's row of the table: r/2 cosines, then r/2 sines. `from` and `to` are the token's heads, d elements each; they may
// be the same. The block's threads share the packs of all heads, those of a head next to each other.
template <typename T, typename Source, typename Target>
DEVICE void rotateHeads(GLOBAL(const T) table, Source from, Target to, int heads, int headDim, int turned) {
  const int half = turned / 2, packs = (half + Pack<T>::size - 1) / Pack<T>::size;
  for (int index = (int)threadIdx.x; index < heads * packs; index += (int)blockDim.x) {
    const int first = index % packs * Pack<T>::size, head = index / packs * headDim;
    const int present = presentInPack<T>(first, half);
    const Pack<T> cosine = loadPack<T>(table + first, present), sine = loadPack<T>(table + half + first, present);
    const Pack<T> x = loadPack<T>(from + head + first, present), y = loadPack<T>(from + head + half + first, present);
    Pack<T> turnedX, turnedY;
    UNROLL for (int i = 0; i < Pack<T>::size; ++i) {
      const float a = toFloat(x.element[i]), b = toFloat(y.element[i]);
      const float c = toFloat(cosine.element[i]), s = toFloat(sine.element[i]);
      turnedX.element[i] = fromFloat<T>(a * c - b * s);
      turnedY.element[i] = fromFloat<T>(a * s + b * c);
    }
    storePack<T>(to + head + first, turnedX, present);
    storePack<T>(to + head + half + first, turnedY, present);
  }
}

// Moves the elements from `skipped` on of each of a token's heads.
template <typename T, typename Source, typename Target>
DEVICE void copyHeads(Source from, Target to, int heads, int headDim, int skipped) {
  const int width = headDim - skipped, packs = (width + Pack<T>::size - 1) / Pack<T>::size;
  for (int index = (int)threadIdx.x; index < heads * packs; index += (int)blockDim.x) {
    const int first = index % packs * Pack<T>::size, start = index / packs * headDim + skipped + first;
    const int present = presentInPack<T>(first, width);
    storePack<T>(to + start, loadPack<T>(from + start, present), present);
  }
}
