// Rotary position embedding of what a fused projection wrote: queries turn in place, keys turn on their way to the cache,
// values move there. One block a token (x: place in the sequence, y: sequence), any block size.
#include "rotation.cuh"

// A token of `projected` is its queries, keys and values side by side: (heads + 2·key heads)·d elements. The caches are
// [batch, capacity, key heads, d], written from place `past` on. The table has a row for each place from 0 on.
template <typename T>
DEVICE void rotaryKVWrite(
    GLOBAL(T) projected, GLOBAL(T) keyCache, GLOBAL(T) valueCache, GLOBAL(const T) table, int heads, int keyHeads,
    int headDim, int turned, int capacity, int past) {
  const int place = past + (int)blockIdx.x;
  const u64 token = (u64)blockIdx.y * gridDim.x + blockIdx.x, slot = (u64)blockIdx.y * capacity + place;
  const auto queries = projected + token * (heads + 2 * keyHeads) * headDim;
  const auto keys = queries + heads * headDim;
  const auto values = keys + keyHeads * headDim;
  const u64 cached = slot * keyHeads * headDim;
  rotateHeads<T>(table + (u64)place * turned, queries, queries, heads, headDim, turned);
  rotateHeads<T>(table + (u64)place * turned, keys, keyCache + cached, keyHeads, headDim, turned);
  copyHeads<T>(keys, keyCache + cached, keyHeads, headDim, turned);
  copyHeads<T>(values, valueCache + cached, keyHeads, headDim, 0);
}

#define INSTANTIATE(T)                                                                                              \
  KERNEL rotary_kv_write_##T(                                                                                       \
      GLOBAL(T) projected, GLOBAL(T) keyCache, GLOBAL(T) valueCache, GLOBAL(const T) table, int heads, int keyHeads, \
      int headDim, int turned, int capacity, int past) {                                                            \
    rotaryKVWrite<T>(projected, keyCache, valueCache, table, heads, keyHeads, headDim, turned, capacity, past);     \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
