// Fused attention of one query a sequence over its cached keys, which are read once: the query heads that share a key head are
// the rows of one warp's tile, and blocks divide the keys ("Flash-Decoding", Dao et al., 2023).
//
// Launch: grid x: batch · numKeyValueHeads · ⌈group / 16⌉, where group = numHeads / numKeyValueHeads (more than 16 heads a group
// read the keys again, from the L2 cache where they are in step); grid y: splits ≥ 1 of each sequence's keys. With one split
// the output is written; with several, partial results that flash_decode_combine merges.
//   headDim   threads   shared bytes
//        32       128          20480
//        64       128          36864
//        80       128          45056
//        96       128          53248
//       128       128          69632
//       256        64          67584
// that is, for each warp two buffers of 16 keys and 16 values: 64 · (2·headDim + 16) · warps. Above 48 KiB the launcher must
// first raise the kernel's limit (CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES).
//
// Enough splits let two blocks or more run on each SM, while each still has several tiles of 16 keys for each of its warps.
//
// Workspace where splits > 1, all of it written: partials, float [batch, numHeads, splits, headDim]; statistics, float [batch,
// numHeads, splits, 2]; together 4 · batch · numHeads · splits · (headDim + 2) bytes. A split without keys leaves zeros.
#include "attention.cuh"

// query: batch rows of [numHeads, headDim], `queryStride` elements apart; output [batch, numHeads, headDim]. A sequence sees its
// first lengths[sequence] ≥ 1 keys, or the last `window` of those where that is not 0.
//
// Contiguous cache: key and value [batch, pageTokens, numKeyValueHeads, headDim] and pageTable null. Paged: [pages, pageTokens,
// numKeyValueHeads, headDim], where token i of a sequence lies in page pageTable[sequence, i / pageTokens] of its `maxPages`, and
// pageTokens is a multiple of 16. Tokens are `keyStride` elements apart. Strides are multiples of 8, pointers lie on 16-byte
// boundaries. Keys and pages that are not seen are not read.
template <typename T, int d, int warps>
DEVICE void flashDecode(
    GLOBAL(const T) query, GLOBAL(const T) key, GLOBAL(const T) value, GLOBAL(T) output, GLOBAL(float) partials,
    GLOBAL(float) statistics, GLOBAL(const int) lengths, GLOBAL(const int) pageTable, int pageTokens, int maxPages,
    int numHeads, int numKeyValueHeads, int queryStride, int keyStride, int window, float scale) {
  constexpr int keys = 16;
  constexpr unsigned tileBytes = keys * rowBytes<d>, bufferBytes = 2 * tileBytes;
  const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
  const int group = numHeads / numKeyValueHeads, sixteens = (group + 15) / 16;
  const int keyHead = blockIdx.x / sixteens % numKeyValueHeads, sequence = blockIdx.x / sixteens / numKeyValueHeads;
  const int firstRow = blockIdx.x % sixteens * 16, firstHead = keyHead * group + firstRow;
  const int rows = group - firstRow < 16 ? group - firstRow : 16;

  // The block's tiles of 16 keys. Its warps take them in turns, each with buffers and a softmax of its own.
  const int end = lengths[sequence], begin = window && end > window ? end - window : 0;
  const int split = blockIdx.y, splits = gridDim.y;
  const u64 tiles = (end + keys - 1) / keys - begin / keys;
  const int lastTile = begin / keys + (int)(tiles * (split + 1) / splits);
  int tile = begin / keys + (int)(tiles * split / splits) + warp;

  const unsigned own = dynamicShared() + warp * 2 * bufferBytes;
  // Where the tile's first key lies.
  const auto tileOffset = [&](int tile) -> u64 {
    if (tile >= lastTile) return 0;
    const int first = tile * keys, page = first / pageTokens;
    const int home = addressOf(pageTable) ? (int)pageTable[(u64)sequence * maxPages + page] : sequence;
    return ((u64)home * pageTokens + (first - page * pageTokens)) * keyStride + keyHead * d;
  };
  const auto copyTile = [&](unsigned to, int tile, u64 offset) {
    if (tile < lastTile) {
      const int present = begin - tile * keys, absent = end - tile * keys;
      copyRows<d, keys, 32>(to, lane, present, absent, key + offset, keyStride);
      copyRows<d, keys, 32>(to + tileBytes, lane, present, absent, value + offset, keyStride);
    }
    commitCopies();
  };

  // Queries come through the second buffer, while the first one fills.
  copyRows<d, 16, 32>(own + bufferBytes, lane, 0, rows, query + (u64)sequence * queryStride + firstHead * d, d);
  commitCopies();
  copyTile(own, tile, tileOffset(tile));
  // A page is looked up one tile ahead of its copies.
  u64 offset = tileOffset(tile + warps);
  waitForCopies<1>();
  __syncwarp();
  unsigned queries[d / 16][4];
  UNROLL for (int k = 0; k < d / 16; ++k) loadMatrices(queries[k], tileAddress<d>(own + bufferBytes, lane) + k * 32);

  float outputs[1][d / 8][4] = {};
  OnlineSoftmax softmax;
  for (unsigned buffer = own; tile < lastTile; tile += warps) {
    // All lanes are done with the other buffer: a matrix load has read all its rows before any lane goes on.
    const unsigned other = 2 * own + bufferBytes - buffer;
    copyTile(other, tile + warps, offset);
    offset = tileOffset(tile + 2 * warps);
    waitForCopies<1>();
    __syncwarp();
    float scores[1][keys / 8][4];
    multiplyKeys<T, d, 1, keys>(scores, buffer, lane, [&](unsigned (&a)[4], int, int k) {
      UNROLL for (int i = 0; i < 4; ++i) a[i] = queries[k][i];
    });
    const int column = tile * keys + lane % 4 * 2;
    UNROLL for (int half = 0; half < 2; ++half) maskScores(scores[0], half, begin - column, end - column);
    unsigned probabilities[1][keys / 8][2];
    softmax.add<T>(scores[0], probabilities[0], outputs[0], scale * 1.4426950408889634f);
    multiplyValues<T, d, 1, keys>(outputs, probabilities, buffer + tileBytes, lane);
    buffer = other;
  }

  // Each warp's outputs into its own buffers, rows 8 floats wider than their data against bank conflicts; behind them the
  // maximum and the sum of each row.
  constexpr unsigned floatRow = 4 * (d + 8), statisticsAt = 16 * floatRow;
  UNROLL for (int half = 0; half < 2; ++half) {
    const int row = half * 8 + lane / 4;
    const float sum = softmax.rowSum(half);
    storeShared(own + statisticsAt + row * 8, floatBits(softmax.top[half]));
    storeShared(own + statisticsAt + row * 8 + 4, floatBits(sum));
    UNROLL for (int j = 0; j < d / 8; ++j) {
      const unsigned to = own + row * floatRow + (j * 8 + lane % 4 * 2) * 4;
      storeShared(to, floatBits(outputs[0][j][2 * half]));
      storeShared(to + 4, floatBits(outputs[0][j][2 * half + 1]));
    }
  }
  __syncthreads();
  for (int i = thread; i < rows * (d / 8); i += 32 * warps) {
    const int row = i / (d / 8), column = i % (d / 8) * 8;
    float top = lowest, sum = 0.0f, merged[8] = {};
    UNROLL for (int w = 0; w < warps; ++w) {
      const unsigned from = dynamicShared() + w * 2 * bufferBytes;
      const float warpTop = floatFromBits(loadSharedWord(from + statisticsAt + row * 8));
      const float newTop = larger(top, warpTop);
      const float shrink = powerOfTwo(top - newTop), share = powerOfTwo(warpTop - newTop);
      top = newTop;
      sum = sum * shrink + floatFromBits(loadSharedWord(from + statisticsAt + row * 8 + 4)) * share;
      UNROLL for (int part = 0; part < 2; ++part) {
        const Words words = loadShared(from + row * floatRow + (column + part * 4) * 4);
        UNROLL for (int e = 0; e < 4; ++e) {
          merged[part * 4 + e] = merged[part * 4 + e] * shrink + floatFromBits(words.word[e]) * share;
        }
      }
    }
    const u64 head = (u64)sequence * numHeads + firstHead + row;
    if (splits == 1) {
      const float share = reciprocal(sum);
      Words words;
      UNROLL for (int e = 0; e < 4; ++e) {
        words.word[e] = roundPair(merged[2 * e] * share, merged[2 * e + 1] * share, T());
      }
      storeWords(output + head * d + column, words);
    } else {
      const u64 part = head * splits + split;
      UNROLL for (int e = 0; e < 8; e += 4) {
        const Words words = {
            {floatBits(merged[e]), floatBits(merged[e + 1]), floatBits(merged[e + 2]), floatBits(merged[e + 3])}};
        storeWords(partials + part * d + column + e, words);
      }
      if (column == 0) {
        statistics[part * 2] = top;
        statistics[part * 2 + 1] = sum;
      }
    }
  }
}

#define INSTANTIATE(T, d, warps)                                                                                           \
  TENSOR_KERNEL(32 * warps, 2) flash_decode_##T##_d##d(                                                                    \
      GLOBAL(const T) query, GLOBAL(const T) key, GLOBAL(const T) value, GLOBAL(T) output, GLOBAL(float) partials,         \
      GLOBAL(float) statistics, GLOBAL(const int) lengths, GLOBAL(const int) pageTable, int pageTokens, int maxPages,      \
      int numHeads, int numKeyValueHeads, int queryStride, int keyStride, int window, float scale) {                       \
    flashDecode<T, d, warps>(                                                                                              \
        query, key, value, output, partials, statistics, lengths, pageTable, pageTokens, maxPages, numHeads,               \
        numKeyValueHeads, queryStride, keyStride, window, scale);                                                          \
  }
FOR_BOTH_ELEMENTS(INSTANTIATE, 32, 4)
FOR_BOTH_ELEMENTS(INSTANTIATE, 64, 4)
FOR_BOTH_ELEMENTS(INSTANTIATE, 80, 4)
FOR_BOTH_ELEMENTS(INSTANTIATE, 96, 4)
FOR_BOTH_ELEMENTS(INSTANTIATE, 128, 4)
FOR_BOTH_ELEMENTS(INSTANTIATE, 256, 2)
#undef INSTANTIATE
