// Rotary position embedding in place, of queries and of keys that already are where they stay. One block a token (x: place in
// the sequence, y: sequence), any block size.
#include "rotation.cuh"

// Queries are [batch, tokens, heads, d]; keys [batch, capacity, key heads, d], of which the places from `past` on are turned:
// the cache, or (capacity = tokens, past = 0) an activation. The table has a row for each place from 0 on.
template <typename T>
DEVICE void rotary(
    GLOBAL(T) query, GLOBAL(T) key, GLOBAL(const T) table, int heads, int keyHeads, int headDim, int turned,
    int capacity, int past) {
  const int place = past + (int)blockIdx.x;
  const u64 token = (u64)blockIdx.y * gridDim.x + blockIdx.x, slot = (u64)blockIdx.y * capacity + place;
  const auto queries = query + token * heads * headDim;
  const auto keys = key + slot * keyHeads * headDim;
  rotateHeads<T>(table + (u64)place * turned, queries, queries, heads, headDim, turned);
  rotateHeads<T>(table + (u64)place * turned, keys, keys, keyHeads, headDim, turned);
}

#define INSTANTIATE(T)                                                                                     \
  KERNEL rotary_##T(                                                                                       \
      GLOBAL(T) query, GLOBAL(T) key, GLOBAL(const T) table, int heads, int keyHeads, int headDim, int turned, \
      int capacity, int past) {                                                                            \
    rotary<T>(query, key, table, heads, keyHeads, headDim, turned, capacity, past);                        \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
