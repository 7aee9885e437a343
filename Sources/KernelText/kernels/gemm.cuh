// A tile of a product on tensor cores: what gemm.cu and grouped_gemm.cu share. Which rows and which matrix a tile is of is theirs.
#pragma once
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
  // Of a lane: its four of each 16×8 tile of the warp's part.
  using Sums = float[warpRows / 16][warpColumns / 8][4];
  // Sums that warps pass on to the one that adds them up.
  static constexpr int passedBytes = rows * columns * 4 * (deep - 1);

  // Where a chunk of a row lies in the row: eight rows at the same chunk, as a matrix load reads them, lie in different banks.
  static DEVICE_MEMBER int place(int row, int chunk) { return chunk ^ (row / repeat % swizzled); }
};

// A tile's rows lie one behind the other. Another type says of each row where in the matrix it lies.
struct NeighbouringRows {
  // Of the tile's row that is the thread's `i`-th to copy.
  DEVICE_MEMBER int copied(int, int row) const { return row; }
};

// The block's threads begin to bring `rows` rows of a step's columns, those from `column` on, to shared memory. Rows from
// `rowsThere` on and columns from k on become zeros. Where 16 bytes cannot be copied at once (k is no multiple of 8, or the
// matrix begins off a 16-byte boundary) they go element by element through registers.
template <typename T, typename Tile, int rows, typename Places>
DEVICE void bringRows(
    unsigned to, GLOBAL(const T) from, const Places &places, int rowsThere, int column, int k, bool isAligned) {
  constexpr int step = Tile::threads / Tile::chunks;
  static_assert(rows % step == 0, "each thread copies equally often");
  const int chunk = (int)threadIdx.x % Tile::chunks, own = column + chunk * 8, left = own < k ? k - own : 0;
  const int first = (int)threadIdx.x / Tile::chunks;
  const auto target = [=](int row) { return to + row * Tile::rowBytes + Tile::place(row, chunk) * 16; };
  if (isAligned) {
    UNROLL for (int i = 0; i < rows / step; ++i) {
      const int row = first + i * step;
      copyAsync(target(row), from + (u64)places.copied(i, row) * k + own, row < rowsThere && left > 0);
    }
  } else {
    UNROLL for (int i = 0; i < rows / step; ++i) {
      const int row = first + i * step, present = row < rowsThere ? (left < 8 ? left : 8) : 0;
      storeShared(target(row), loadPack<T>(from + (u64)places.copied(i, row) * k + own, present).words);
    }
  }
}

// Where a block's tile lies: so many tiles down and across. Blocks go down a strip of eight tiles' height, column by column, so
// that those that run together share rows and columns of tiles, which then come from the L2 cache.
struct TilePlace {
  int down, across;

  static DEVICE_MEMBER TilePlace of(int block, int tilesDown, int tilesAcross) {
    const int strip = block / (8 * tilesAcross), place = block - strip * 8 * tilesAcross;
    const int height = tilesDown - 8 * strip < 8 ? tilesDown - 8 * strip : 8;
    return {8 * strip + place % height, place / height};
  }
};

// A block's tile: the products of `rowsThere` rows and `columnsThere` columns, or of as many as a tile has, over the steps of k
// from `firstStep` to before `steps`. input: the matrix of which `inputRows` says where the rows lie; weight, [columns, k], bias
// and output, rows of n: from the tile's first column and row on. isAligned: whether rows of both matrices begin on 16-byte
// boundaries. epilogue: as of gemm.
//
// takeSums(sums), asked of the warp that has added up the other warps' sums where warps share out k: whether they are no
// output.
template <typename T, typename Tile, typename InputRows, typename TakeSums>
DEVICE void gemmTile(
    GLOBAL(const T) input, const InputRows &inputRows, GLOBAL(const T) weight, GLOBAL(const T) bias, GLOBAL(T) output,
    int rowsThere, int columnsThere, int n, int k, bool isAligned, int firstStep, int steps, int epilogue,
    const TakeSums &takeSums) {
  constexpr int rowTiles = Tile::warpRows / 16, columnTiles = Tile::warpColumns / 8;
  const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
  const int across = warp % Tile::across, down = warp / Tile::across % Tile::down;
  const int deep = warp / (Tile::across * Tile::down);

  const unsigned shared = dynamicShared();
  const auto bringStep = [&](int step) {
    const unsigned to = shared + step % Tile::stages * Tile::stageBytes;
    const int column = step * Tile::depth;
    bringRows<T, Tile, Tile::rows>(to, input, inputRows, rowsThere, column, k, isAligned);
    bringRows<T, Tile, Tile::columns>(
        to + Tile::rows * Tile::rowBytes, weight, NeighbouringRows(), columnsThere, column, k, isAligned);
  };

  // Where a lane's part of the first 16×16 tile lies: of the input as a fragment of A, of the weight's rows as two of B.
  const int inputRow = down * Tile::warpRows + lane % 16;
  const int weightRow = across * Tile::warpColumns + lane / 16 * 8 + lane % 8;
  const int firstChunk = deep * (Tile::warpDepth / 8);
  const unsigned inputAddress = inputRow * Tile::rowBytes, weightAddress = (Tile::rows + weightRow) * Tile::rowBytes;
  const int inputChunk = Tile::place(inputRow, firstChunk + lane / 16);
  const int weightChunk = Tile::place(weightRow, firstChunk + lane / 8 % 2);

  typename Tile::Sums sums = {};
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
    if (takeSums(sums)) return;
  }

  // Rounded, to the warp's own shared memory, to be stored 16 bytes at a time.
  const int row = down * Tile::warpRows, column = across * Tile::warpColumns;
  const unsigned staged =
      shared + Tile::passedBytes + (down * Tile::across + across) * Tile::warpRows * Tile::stagedBytes;
  UNROLL for (int c = 0; c < columnTiles; ++c) {
    float added[2] = {0.0f, 0.0f};
    UNROLL for (int e = 0; e < 2; ++e) {
      const int own = column + c * 8 + lane % 4 * 2 + e;
      if (epilogue & 1 && own < columnsThere) added[e] = toFloat(bias[own]);
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
    if (ownRow < rowsThere && ownColumn < columnsThere) {
      Pack<T> pack;
      pack.words = loadShared(staged + i / packs * Tile::stagedBytes + i % packs * 16);
      storePack<T>(output + (u64)ownRow * n + ownColumn, pack, presentInPack<T>(ownColumn, columnsThere));
    }
  }
}
