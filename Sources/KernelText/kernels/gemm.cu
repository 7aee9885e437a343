// A linear layer on tensor cores: output = epilogue(input · weightᵀ), sums in float.
//
// Launch: 128 threads, 49152 bytes of dynamic shared memory, grid x: ⌈m / tile rows⌉ · ⌈n / tile columns⌉. Four tiles:
//   128x128  where it gives every SM a block
//    64x64   where only this one does: fewer rows or columns
//    32x32   where it gives the SMs more blocks than that, for up to 64 rows: its warps share out k
//    16x32   few rows (decode): it reads the weight with more blocks, whose warps share out k
// Grid y: of the last two tiles 1 or more shares of k, where so few columns of tiles leave SMs idle. With several, partial sums
// are left that gemm_combine adds up.
#include "mathematics.cuh"
#include "packs.cuh"
#include "tensor.cuh"

// A block's tile of the output, how many columns of input and weight it takes a step, and how many steps are in shared memory
// at once. A warp sums a part of the tile of its own, over its own part of a step's columns.
template <int rowCount, int columnCount, int depthCount, int warpsDown, int warpsAcross, int warpsDeep, int stageCount>
struct GemmTile {
  static constexpr int threads = 32 * warpsDown * warpsAcross * warpsDeep;
  static constexpr int rows = rowCount, columns = columnCount, depth = depthCount, stages = stageCount;
  static constexpr int warpRows = rows / warpsDown, warpColumns = columns / warpsAcross, warpDepth = depth / warpsDeep;
  static constexpr int down = warpsDown, across = warpsAcross, deep = warpsDeep;
  static constexpr int rowBytes = 2 * depth, stageBytes = (rows + columns) * rowBytes;
  // Chunks of 16 bytes in a row, those that a swizzle permutes, and rows until it begins again.
  static constexpr int chunks = depth / 8, swizzled = chunks < 8 ? chunks : 8, repeat = 8 / swizzled;
  // A row of a warp's part of the output on its way to memory, one chunk wider than its data.
  static constexpr int stagedBytes = 2 * warpColumns + 16;

  // Where a chunk of a row lies in the row: eight rows at the same chunk, as a matrix load reads them, lie in different banks.
  static DEVICE_MEMBER int place(int row, int chunk) { return chunk ^ (row / repeat % swizzled); }
};

// The block's threads begin to bring `rows` rows of a step's columns, those from `column` on, to shared memory. Rows from
// `rowsThere` on and columns from k on become zeros. Where 16 bytes cannot be copied at once (k is no multiple of 8, or the
// matrix begins off a 16-byte boundary) they go element by element through registers.
template <typename T, typename Tile, int rows>
DEVICE void bringRows(unsigned to, GLOBAL(const T) from, int rowsThere, int column, int k, bool isAligned) {
  constexpr int step = Tile::threads / Tile::chunks;
  static_assert(rows % step == 0, "each thread copies equally often");
  const int chunk = (int)threadIdx.x % Tile::chunks, own = column + chunk * 8, left = own < k ? k - own : 0;
  const int first = (int)threadIdx.x / Tile::chunks;
  const auto target = [=](int row) { return to + row * Tile::rowBytes + Tile::place(row, chunk) * 16; };
  if (isAligned) {
    UNROLL for (int i = 0; i < rows; i += step) {
      copyAsync(target(first + i), from + (u64)(first + i) * k + own, first + i < rowsThere && left > 0);
    }
  } else {
    for (int row = first; row < rows; row += step) {
      const int present = row < rowsThere ? (left < 8 ? left : 8) : 0;
      storeShared(target(row), loadPack<T>(from + (u64)row * k + own, present).words);
    }
  }
}

// input [m, k], weight [n, k], output [m, n], without gaps. epilogue: 1 adds bias [n], 2 applies gelu (tanh form), 3 both, in
// this order, before the result is rounded; without 1 the bias is not read. m, n, k ≥ 1, any. partials, float [shares, m, n],
// all of it written: in place of output and bias where grid y is more than 1; it lies on a 16-byte boundary.
template <typename T, typename Tile>
DEVICE void gemm(
    GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(const T) bias, GLOBAL(T) output, GLOBAL(float) partials, int m,
    int n, int k, int epilogue) {
  constexpr int rowTiles = Tile::warpRows / 16, columnTiles = Tile::warpColumns / 8;
  const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
  const int across = warp % Tile::across, down = warp / Tile::across % Tile::down;
  const int deep = warp / (Tile::across * Tile::down);

  // Blocks go down a strip of eight tiles' height, column by column, so that those that run together share rows and columns
  // of tiles, which then come from the L2 cache.
  const int tilesDown = (m + Tile::rows - 1) / Tile::rows, tilesAcross = (n + Tile::columns - 1) / Tile::columns;
  const int strip = (int)blockIdx.x / (8 * tilesAcross), place = (int)blockIdx.x - strip * 8 * tilesAcross;
  const int height = tilesDown - 8 * strip < 8 ? tilesDown - 8 * strip : 8;
  const int firstRow = (8 * strip + place % height) * Tile::rows, firstColumn = place / height * Tile::columns;

  const auto inputRows = input + (u64)firstRow * k, weightRows = weight + (u64)firstColumn * k;
  const bool isAligned = (addressOf(input) | addressOf(weight) | (u64)k * sizeof(T)) % 16 == 0;
  const unsigned shared = dynamicShared();
  const auto bringStep = [&](int step) {
    const unsigned to = shared + step % Tile::stages * Tile::stageBytes;
    const int column = step * Tile::depth;
    bringRows<T, Tile, Tile::rows>(to, inputRows, m - firstRow, column, k, isAligned);
    bringRows<T, Tile, Tile::columns>(
        to + Tile::rows * Tile::rowBytes, weightRows, n - firstColumn, column, k, isAligned);
  };

  // Where a lane's part of the first 16×16 tile lies: of the input as a fragment of A, of the weight's rows as two of B.
  const int inputRow = down * Tile::warpRows + lane % 16;
  const int weightRow = across * Tile::warpColumns + lane / 16 * 8 + lane % 8;
  const int firstChunk = deep * (Tile::warpDepth / 8);
  const unsigned inputAddress = inputRow * Tile::rowBytes, weightAddress = (Tile::rows + weightRow) * Tile::rowBytes;
  const int inputChunk = Tile::place(inputRow, firstChunk + lane / 16);
  const int weightChunk = Tile::place(weightRow, firstChunk + lane / 8 % 2);

  float sums[rowTiles][columnTiles][4] = {};
  // The block's own share of k, in steps.
  int firstStep = 0, steps = (k + Tile::depth - 1) / Tile::depth;
  if constexpr (Tile::deep > 1) {
    firstStep = (int)((u64)steps * blockIdx.y / gridDim.y);
    steps = (int)((u64)steps * (blockIdx.y + 1) / gridDim.y);
  }
  UNROLL for (int step = 0; step < Tile::stages - 1; ++step) {
    if (firstStep + step < steps) bringStep(firstStep + step);
    commitCopies();
  }
  for (int step = firstStep; step < steps; ++step) {
    waitForCopies<Tile::stages - 2>();
    // Now the step is there, and every warp has read the one before, whose place the next to come takes.
    __syncthreads();
    if (step + Tile::stages - 1 < steps) bringStep(step + Tile::stages - 1);
    commitCopies();
    const unsigned stage = shared + step % Tile::stages * Tile::stageBytes;
    UNROLL for (int j = 0; j < Tile::warpDepth / 16; ++j) {
      unsigned a[rowTiles][4];
      // The j-th two chunks lie where the swizzle puts them: exclusive or with the chunk's number, which 2j only adds bits to.
      UNROLL for (int r = 0; r < rowTiles; ++r) {
        loadMatrices(a[r], stage + inputAddress + r * 16 * Tile::rowBytes + (inputChunk ^ 2 * j) * 16);
      }
      UNROLL for (int c = 0; c < columnTiles; c += 2) {
        unsigned b[4];
        loadMatrices(b, stage + weightAddress + c * 8 * Tile::rowBytes + (weightChunk ^ 2 * j) * 16);
        UNROLL for (int r = 0; r < rowTiles; ++r) {
          multiplyAdd(sums[r][c], a[r], b[0], b[1], T());
          multiplyAdd(sums[r][c + 1], a[r], b[2], b[3], T());
        }
      }
    }
  }
  // Every copy has come and is read; from here on shared memory is for the results.
  __syncthreads();

  if constexpr (Tile::deep > 1) {
    // The warps that summed other columns pass their sums on, each lane its own.
    const auto passed = [&](int part, int r, int c) {
      const int other = (part - 1) * Tile::down * Tile::across + down * Tile::across + across;
      return shared + ((other * rowTiles + r) * columnTiles + c) * 512 + lane * 16;
    };
    if (deep > 0) {
      UNROLL for (int r = 0; r < rowTiles; ++r) {
        UNROLL for (int c = 0; c < columnTiles; ++c) {
          Words words;
          UNROLL for (int e = 0; e < 4; ++e) words.word[e] = floatBits(sums[r][c][e]);
          storeShared(passed(deep, r, c), words);
        }
      }
    }
    __syncthreads();
    if (deep > 0) return;
    UNROLL for (int part = 1; part < Tile::deep; ++part) {
      UNROLL for (int r = 0; r < rowTiles; ++r) {
        UNROLL for (int c = 0; c < columnTiles; ++c) {
          const Words words = loadShared(passed(part, r, c));
          UNROLL for (int e = 0; e < 4; ++e) sums[r][c][e] += floatFromBits(words.word[e]);
        }
      }
    }
    if (gridDim.y > 1) {
      // Not rounded, to shared memory, to be stored 16 bytes at a time.
      static_assert(Tile::down == 1 && Tile::across == 1, "a single warp has all sums");
      constexpr int sumBytes = 4 * Tile::warpColumns + 16;
      const unsigned part = shared + Tile::rows * Tile::columns * 4 * (Tile::deep - 1);
      UNROLL for (int r = 0; r < rowTiles; ++r) {
        UNROLL for (int c = 0; c < columnTiles; ++c) {
          UNROLL for (int e = 0; e < 4; ++e) {
            storeShared(
                part + (r * 16 + e / 2 * 8 + lane / 4) * sumBytes + (c * 8 + lane % 4 * 2 + e % 2) * 4,
                floatBits(sums[r][c][e]));
          }
        }
      }
      __syncwarp();
      constexpr int sumPacks = Tile::warpColumns / 4;
      UNROLL for (int i = lane; i < Tile::warpRows * sumPacks; i += 32) {
        const int ownRow = firstRow + i / sumPacks, ownColumn = firstColumn + i % sumPacks * 4;
        if (ownRow < m && ownColumn < n) {
          Pack<float> pack;
          pack.words = loadShared(part + i / sumPacks * sumBytes + i % sumPacks * 16);
          storePack<float>(
              partials + ((u64)blockIdx.y * m + ownRow) * n + ownColumn, pack, presentInPack<float>(ownColumn, n));
        }
      }
      return;
    }
  }

  // Rounded, to the warp's own shared memory, to be stored 16 bytes at a time.
  const int row = firstRow + down * Tile::warpRows, column = firstColumn + across * Tile::warpColumns;
  const unsigned staged = shared + Tile::rows * Tile::columns * 4 * (Tile::deep - 1) +
                          (down * Tile::across + across) * Tile::warpRows * Tile::stagedBytes;
  UNROLL for (int c = 0; c < columnTiles; ++c) {
    float added[2] = {0.0f, 0.0f};
    UNROLL for (int e = 0; e < 2; ++e) {
      const int own = column + c * 8 + lane % 4 * 2 + e;
      if (epilogue & 1 && own < n) added[e] = toFloat(bias[own]);
    }
    UNROLL for (int r = 0; r < rowTiles; ++r) {
      UNROLL for (int half = 0; half < 2; ++half) {
        float pair[2];
        UNROLL for (int e = 0; e < 2; ++e) {
          const float sum = sums[r][c][2 * half + e] + added[e];
          pair[e] = epilogue & 2 ? geluOf(sum) : sum;
        }
        storeShared(
            staged + (r * 16 + half * 8 + lane / 4) * Tile::stagedBytes + c * 16 + lane % 4 * 4,
            roundPair(pair[0], pair[1], T()));
      }
    }
  }
  __syncwarp();
  constexpr int packs = Tile::warpColumns / 8;
  UNROLL for (int i = lane; i < Tile::warpRows * packs; i += 32) {
    const int ownRow = row + i / packs, ownColumn = column + i % packs * 8;
    if (ownRow < m && ownColumn < n) {
      Pack<T> pack;
      pack.words = loadShared(staged + i / packs * Tile::stagedBytes + i % packs * 16);
      storePack<T>(output + (u64)ownRow * n + ownColumn, pack, presentInPack<T>(ownColumn, n));
    }
  }
}

#define INSTANTIATE(T, name, ...)                                                                                          \
  TENSOR_KERNEL(128) gemm_##T##_##name(                                                                                    \
      GLOBAL(const T) input, GLOBAL(const T) weight, GLOBAL(const T) bias, GLOBAL(T) output, GLOBAL(float) partials,       \
      int m, int n, int k, int epilogue) {                                                                                 \
    gemm<T, GemmTile<__VA_ARGS__>>(input, weight, bias, output, partials, m, n, k, epilogue);                              \
  }
INSTANTIATE(f16, 128x128, 128, 128, 32, 2, 2, 1, 3)
INSTANTIATE(bf16, 128x128, 128, 128, 32, 2, 2, 1, 3)
INSTANTIATE(f16, 64x64, 64, 64, 64, 2, 2, 1, 3)
INSTANTIATE(bf16, 64x64, 64, 64, 64, 2, 2, 1, 3)
INSTANTIATE(f16, 32x32, 32, 32, 128, 1, 1, 4, 3)
INSTANTIATE(bf16, 32x32, 32, 32, 128, 1, 1, 4, 3)
INSTANTIATE(f16, 16x32, 16, 32, 128, 1, 1, 4, 4)
INSTANTIATE(bf16, 16x32, 16, 32, 128, 1, 1, 4, 4)
#undef INSTANTIATE
