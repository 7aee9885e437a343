// Products of routed experts on tensor cores: output = x · Wᵀ of each row's own expert, sums in float.
//
// Launch: 128 threads, 49152 bytes of dynamic shared memory, grid x: tiles in the list · ⌈n / tile columns⌉. Three of the tiles
// of gemm.cu:
//   128x128  where experts have more rows than the next tile
//    64x64   where they have up to that many
//    16x32   few rows an expert (decode)
// A tile's rows are of one expert: what its last tile lacks is padding.
#include "gemm.cuh"

// The rows that a list names for the pairs from `first` on; where there is no list, each pair has a row of its own. A thread has
// those that it copies in registers.
template <typename Tile> struct ListedRows {
  static constexpr int step = Tile::threads / Tile::chunks, count = Tile::rows / step;
  int kept[count];

  DEVICE_MEMBER ListedRows(GLOBAL(const int) list, int first, int rowsThere) {
    UNROLL for (int i = 0; i < count; ++i) {
      const int row = (int)threadIdx.x / Tile::chunks + i * step;
      kept[i] = row >= rowsThere ? 0 : addressOf(list) == 0 ? first + row : list[first + row];
    }
  }
  DEVICE_MEMBER int copied(int i, int) const { return kept[i]; }
};

// x, rows of k; rows [pairs]: which row of x each token–expert pair reads, null where each has one of its own. Pairs of an
// expert are neighbours. tiles [tileCount][3]: a tile's expert, its first pair and how many pairs it has, as many as the tile's
// rows at most. weight [experts, n, k], bias [experts, n], null where there is none, output [pairs, n], without gaps.
template <typename T, typename Tile>
DEVICE void groupedGemm(
    GLOBAL(const T) x, GLOBAL(const int) rows, GLOBAL(const int) tiles, GLOBAL(const T) weight, GLOBAL(const T) bias,
    GLOBAL(T) output, int tileCount, int n, int k) {
  const int tilesAcross = (n + Tile::columns - 1) / Tile::columns;
  const TilePlace place = TilePlace::of((int)blockIdx.x, tileCount, tilesAcross);
  const int expert = tiles[3 * place.down], first = tiles[3 * place.down + 1], count = tiles[3 * place.down + 2];
  const int column = place.across * Tile::columns;
  const u64 weightRow = (u64)expert * n + column;
  const bool isAligned = (addressOf(x) | addressOf(weight) | (u64)k * sizeof(T)) % 16 == 0;
  gemmTile<T, Tile>(
      x, ListedRows<Tile>(rows, first, count), weight + weightRow * k, bias + weightRow, output + (u64)first * n + column,
      count, n - column, n, k, isAligned, 0, (k + Tile::depth - 1) / Tile::depth, addressOf(bias) == 0 ? 0 : 1,
      [](const typename Tile::Sums &) { return false; });
}

// blocks: how many an SM must find registers for; its shared memory holds four at most. Left to itself the compiler spills
// registers to make room for more.
#define INSTANTIATE(T, name, blocks, ...)                                                                                  \
  TENSOR_KERNEL(128, blocks) grouped_gemm_##T##_##name(                                                                    \
      GLOBAL(const T) x, GLOBAL(const int) rows, GLOBAL(const int) tiles, GLOBAL(const T) weight, GLOBAL(const T) bias,    \
      GLOBAL(T) output, int tileCount, int n, int k) {                                                                     \
    groupedGemm<T, GemmTile<__VA_ARGS__>>(x, rows, tiles, weight, bias, output, tileCount, n, k);                          \
  }
INSTANTIATE(f16, 128x128, 2, 128, 128, 32, 2, 2, 1, 3)
INSTANTIATE(bf16, 128x128, 2, 128, 128, 32, 2, 2, 1, 3)
INSTANTIATE(f16, 64x64, 4, 64, 64, 64, 2, 2, 1, 3)
INSTANTIATE(bf16, 64x64, 4, 64, 64, 64, 2, 2, 1, 3)
INSTANTIATE(f16, 16x32, 4, 16, 32, 128, 1, 1, 4, 4)
INSTANTIATE(bf16, 16x32, 4, 16, 32, 128, 1, 1, 4, 4)
#undef INSTANTIATE
