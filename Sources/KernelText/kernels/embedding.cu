// Gathers a row of the table for each token: output[token] = table[id[token] − firstRow]. One block a token, any block size.
#include "packs.cuh"

// This device has rows firstRow ..< firstRow + ownRows of the vocabulary; a token whose row another device has gets zeros,
// and the all-reduce that follows fills it in.
template <typename T>
DEVICE void embedding(
    GLOBAL(const int) tokenIDs, GLOBAL(const T) table, GLOBAL(T) output, int width, int firstRow, int ownRows) {
  const int row = tokenIDs[blockIdx.x] - firstRow;
  const bool isOwn = row >= 0 && row < ownRows;
  const u64 read = isOwn ? (u64)row * width : 0, written = (u64)blockIdx.x * width;
  const u64 step = (u64)blockDim.x * Pack<T>::size;
  for (u64 first = (u64)threadIdx.x * Pack<T>::size; first < (u64)width; first += step) {
    const int present = presentInPack<T>(first, width);
    storePack<T>(output + written + first, loadPack<T>(table + read + first, isOwn ? present : 0), present);
  }
}

#define INSTANTIATE(T)                                                                                        \
  KERNEL embedding_##T(                                                                                       \
      GLOBAL(const int) tokenIDs, GLOBAL(const T) table, GLOBAL(T) output, int width, int firstRow, int ownRows) { \
    embedding<T>(tokenIDs, table, output, width, firstRow, ownRows);                                          \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
