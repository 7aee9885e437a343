// Fused attention of several queries a sequence: output = softmax(scale · query · keyᵀ, masked) · value. (Dao,
// "FlashAttention-2", 2023: scores never leave the registers; a block passes over the keys of its queries once.)
//
// Launch: 128 threads; grid x: batch · numHeads, grid y: ⌈queryTokens / rows⌉ tiles of queries, and dynamic shared memory for a
// tile of queries, one of keys, one of values: (rows + 2·keys) · (2·headDim + 16) bytes.
//   headDim   rows  keys   shared bytes
//        32    128    64          20480
//        64    128    64          36864
//        80    128    64          45056
//        96    128    64          53248
//       128    128    48          60928
//   128_r64     64    48          43520   two blocks an SM where it has 100 KB of shared memory (sm_86, sm_89)
//       256     64    32          67584
// Above 48 KiB the launcher must first raise the kernel's limit (CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES).
#include "attention.cuh"

// query and output [batch, queryTokens, numHeads, headDim], the tokens of query `queryStride` elements apart, those of output
// without gaps; key and value [batch, capacity, numKeyValueHeads, headDim] of which keyTokens are there, tokens `keyStride`
// elements apart. Both strides are multiples of 8, all pointers lie on 16-byte boundaries. numHeads is a multiple of
// numKeyValueHeads. The queries are the last tokens: query i has the position p = keyTokens − queryTokens + i ≥ 0. It sees all
// keys, or, where isCausal is not 0, those up to p; and where window is not 0 (then isCausal is not 0 either) only
// those from p − window + 1 on. Keys that no query sees are not read.
template <typename T, int d, int rowTiles, int keys>
DEVICE void flashAttention(
    GLOBAL(const T) query, GLOBAL(const T) key, GLOBAL(const T) value, GLOBAL(T) output, int queryTokens, int keyTokens,
    int capacity, int numHeads, int numKeyValueHeads, int queryStride, int keyStride, int isCausal, int window,
    float scale) {
  constexpr int threads = 128, warpRows = 16 * rowTiles, rows = threads / 32 * warpRows;
  const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
  const int sequence = blockIdx.x / numHeads, head = blockIdx.x % numHeads;
  const int keyHead = head / (numHeads / numKeyValueHeads);
  // With a causal mask the last queries have the most work: they begin first.
  const int firstQuery = (int)(gridDim.y - 1 - blockIdx.y) * rows, past = keyTokens - queryTokens;
  const int queries = queryTokens - firstQuery < rows ? queryTokens - firstQuery : rows;

  // The keys that any of the block's queries sees.
  const int firstPosition = past + firstQuery, lastPosition = firstPosition + queries - 1;
  const int end = isCausal ? lastPosition + 1 : keyTokens;
  const int begin = window && firstPosition - window + 1 > 0 ? firstPosition - window + 1 : 0;

  const auto queryRow = query + ((u64)sequence * queryTokens + firstQuery) * queryStride + head * d;
  const u64 keyOffset = (u64)sequence * capacity * keyStride + keyHead * d;
  const unsigned queryTile = dynamicShared(), keyTile = queryTile + rows * rowBytes<d>;
  const unsigned valueTile = keyTile + keys * rowBytes<d>;
  const auto copyTile = [&](unsigned to, GLOBAL(const T) from, int first) {
    copyRows<d, keys, threads>(
        to, thread, begin - first, end - first, from + keyOffset + (u64)first * keyStride, keyStride);
    commitCopies();
  };

  const unsigned warpQueries = queryTile + warp * warpRows * rowBytes<d>;
  const unsigned queryAddress = tileAddress<d>(warpQueries, lane);
  float outputs[rowTiles][d / 8][4] = {};
  OnlineSoftmax softmax[rowTiles];

  copyRows<d, rows, threads>(queryTile, thread, 0, queries, queryRow, queryStride);
  int first = begin / keys * keys;
  copyTile(keyTile, key, first);
  for (; first < end; first += keys) {
    // The values arrive during the first product, the next keys during the second. Each barrier also says that all warps are
    // done with the tile that the next copies overwrite.
    waitForCopies<0>();
    __syncthreads();
    copyTile(valueTile, value, first);
    float scores[rowTiles][keys / 8][4];
    multiplyKeys<T, d, rowTiles, keys>(scores, keyTile, lane, [&](unsigned (&a)[4], int m, int k) {
      loadMatrices(a, queryAddress + m * 16 * rowBytes<d> + k * 32);
    });
    // Most tiles are seen in full by all queries.
    const bool isPartial = first + keys > (isCausal ? firstPosition + 1 : keyTokens) ||
                           (window && first < lastPosition - window + 1);
    unsigned probabilities[rowTiles][keys / 8][2];
    UNROLL for (int m = 0; m < rowTiles; ++m) {
      if (isPartial) {
        UNROLL for (int half = 0; half < 2; ++half) {
          const int position = firstPosition + warp * warpRows + m * 16 + half * 8 + lane / 4;
          const int column = first + lane % 4 * 2;
          maskScores(
              scores[m], half, window ? position - window + 1 - column : 0,
              (isCausal ? position + 1 : keyTokens) - column);
        }
      }
      softmax[m].template add<T>(scores[m], probabilities[m], outputs[m], scale * 1.4426950408889634f);
    }
    waitForCopies<0>();
    __syncthreads();
    if (first + keys < end) copyTile(keyTile, key, first + keys);
    multiplyValues<T, d, rowTiles, keys>(outputs, probabilities, valueTile, lane);
  }

  // Over the warp's own queries, to be stored 16 bytes at a time.
  UNROLL for (int m = 0; m < rowTiles; ++m) {
    UNROLL for (int half = 0; half < 2; ++half) {
      const float share = reciprocal(softmax[m].rowSum(half));
      const unsigned row = warpQueries + (m * 16 + half * 8 + lane / 4) * rowBytes<d>;
      UNROLL for (int j = 0; j < d / 8; ++j) {
        const float *pair = &outputs[m][j][2 * half];
        storeShared(row + j * 16 + lane % 4 * 4, roundPair(pair[0] * share, pair[1] * share, T()));
      }
    }
  }
  __syncwarp();
  const auto outputRow = output + (((u64)sequence * queryTokens + firstQuery) * numHeads + head) * d;
  for (int i = lane; i < warpRows * (d / 8); i += 32) {
    const int row = i / (d / 8), chunk = i % (d / 8);
    if (warp * warpRows + row < queries) {
      storeWords(
          outputRow + (u64)(warp * warpRows + row) * numHeads * d + chunk * 8,
          loadShared(warpQueries + row * rowBytes<d> + chunk * 16));
    }
  }
}

// `name`: the head dim, and behind it the rows where a head dim has two kernels.
#define INSTANTIATE(T, name, d, rowTiles, keys)                                                                             \
  TENSOR_KERNEL(128, 2) flash_attention_##T##_d##name(                                                                     \
      GLOBAL(const T) query, GLOBAL(const T) key, GLOBAL(const T) value, GLOBAL(T) output, int queryTokens, int keyTokens, \
      int capacity, int numHeads, int numKeyValueHeads, int queryStride, int keyStride, int isCausal, int window,          \
      float scale) {                                                                                                       \
    flashAttention<T, d, rowTiles, keys>(                                                                                  \
        query, key, value, output, queryTokens, keyTokens, capacity, numHeads, numKeyValueHeads, queryStride, keyStride,   \
        isCausal, window, scale);                                                                                          \
  }
FOR_BOTH_ELEMENTS(INSTANTIATE, 32, 32, 2, 64)
FOR_BOTH_ELEMENTS(INSTANTIATE, 64, 64, 2, 64)
FOR_BOTH_ELEMENTS(INSTANTIATE, 80, 80, 2, 64)
FOR_BOTH_ELEMENTS(INSTANTIATE, 96, 96, 2, 64)
FOR_BOTH_ELEMENTS(INSTANTIATE, 128, 128, 2, 48)
FOR_BOTH_ELEMENTS(INSTANTIATE, 128_r64, 128, 1, 48)
FOR_BOTH_ELEMENTS(INSTANTIATE, 256, 256, 1, 32)
#undef INSTANTIATE
