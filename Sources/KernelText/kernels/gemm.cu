// A linear layer on tensor cores: output = epilogue(input · weightᵀ), sums in float.
//
// Launch: 128 threads, 49152 bytes of dynamic shared memory, grid x: ⌈m / tile rows⌉ · ⌈n / tile columns⌉. Four tiles:
//   128x128  where it gives every SM a block
//    64x64   where only this one does: fewer rows or columns
//    32x32   where it gives the SMs more blocks than that, for up to 64 rows: its warps share out k
//    16x32   few rows (decode): it reads the weight with more blocks, whose warps share out k
// Grid y: of the last two tiles 1 or more shares of k, where so few columns of tiles leave SMs idle. With several, partial sums
// are left that gemm_combine adds up.
#include "gemm.cuh"

// Leaves a share's sums not rounded, by way of shared memory, to be stored 16 bytes at a time. A single warp has all of the
// block's sums. partials: the share's part of them, rows of n, from the tile's first column and row on.
template <typename Tile>
DEVICE void storePartials(
    const typename Tile::Sums &sums, GLOBAL(float) partials, int rowsThere, int columnsThere, int n) {
  static_assert(Tile::down == 1 && Tile::across == 1, "a single warp has all sums");
  constexpr int sumBytes = 4 * Tile::warpColumns + 16;
  const int lane = (int)threadIdx.x % 32;
  const unsigned part = dynamicShared() + Tile::passedBytes;
  UNROLL for (int r = 0; r < Tile::warpRows / 16; ++r) {
    UNROLL for (int c = 0; c < Tile::warpColumns / 8; ++c) {
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
    const int row = i / sumPacks, column = i % sumPacks * 4;
    if (row < rowsThere && column < columnsThere) {
      Pack<float> pack;
      pack.words = loadShared(part + row * sumBytes + i % sumPacks * 16);
      storePack<float>(partials + (u64)row * n + column, pack, presentInPack<float>(column, columnsThere));
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
  const int tilesDown = (m + Tile::rows - 1) / Tile::rows, tilesAcross = (n + Tile::columns - 1) / Tile::columns;
  const TilePlace place = TilePlace::of((int)blockIdx.x, tilesDown, tilesAcross);
  const int firstRow = place.down * Tile::rows, firstColumn = place.across * Tile::columns;
  const int rowsThere = m - firstRow, columnsThere = n - firstColumn;
  const bool isAligned = (addressOf(input) | addressOf(weight) | (u64)k * sizeof(T)) % 16 == 0;
  // The block's own share of k, in steps.
  int firstStep = 0, steps = (k + Tile::depth - 1) / Tile::depth;
  if constexpr (Tile::deep > 1) {
    firstStep = (int)((u64)steps * blockIdx.y / gridDim.y);
    steps = (int)((u64)steps * (blockIdx.y + 1) / gridDim.y);
  }
  const auto takeSums = [&](const typename Tile::Sums &sums) {
    if (gridDim.y == 1) return false;
    if constexpr (Tile::deep > 1) {
      storePartials<Tile>(
          sums, partials + ((u64)blockIdx.y * m + firstRow) * n + firstColumn, rowsThere, columnsThere, n);
    }
    return true;
  };
  gemmTile<T, Tile>(
      input + (u64)firstRow * k, NeighbouringRows(), weight + (u64)firstColumn * k, bias + firstColumn,
      output + (u64)firstRow * n + firstColumn, rowsThere, columnsThere, n, k, isAligned, firstStep, steps, epilogue,
      takeSums);
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
