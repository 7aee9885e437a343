// Products of routed experts on tensor cores: output = x · Wᵀ of each row's own expert, sums in float.
//
// Launch: 128 threads, 49152 bytes of dynamic shared memory, grid x: tiles in the list · ⌈n / tile columns⌉. Three of the tiles
// of gemm.cu:
//   128x128  where experts have more rows than the next tile
//    64x64   where they have up to that many
//    16x32   few rows an expert (decode)
// A tile's rows are of one expert: what its last tile lacks is padding.
#include "gemm.cuh"

// Where a list says that a tile's rows lie, those of the pairs from `first` on; where there is none, each pair has a row of its
// own. A thread keeps those that it copies in registers.
template <typename Tile> struct ListedRows {
  static constexpr int step = Tile::threads / Tile::chunks, count = Tile::rows / step;
  GLOBAL(const int) list;
  int first;
  int kept[count];

  DEVICE_MEMBER void keep(int rowsThere) {
    UNROLL for (int i = 0; i < count; ++i) {
      const int row = (int)threadIdx.x / Tile::chunks + i * step;
      kept[i] = row < rowsThere ? at(row) : 0;
    }
  }
  DEVICE_MEMBER int copied(int i, int) const { return kept[i]; }
  DEVICE_MEMBER int at(int row) const { return addressOf(list) == 0 ? first + row : list[first + row]; }
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
  ListedRows<Tile> listed{rows, first, {}};
  listed.keep(count);
  gemmTile<T, Tile>(
      x, listed, weight + weightRow * k, bias + weightRow, output + (u64)first * n + column, count, n - column, n, k,
      isAligned, 0, (k + Tile::depth - 1) / Tile::depth, addressOf(bias) == 0 ? 0 : 1,
      [](const typename Tile::Sums &) { return false; });
}

#define INSTANTIATE(T, name, ...)                                                                                          \
  TENSOR_KERNEL(128) grouped_gemm_##T##_##name(                                                                            \
      GLOBAL(const T) x, GLOBAL(const int) rows, GLOBAL(const int) tiles, GLOBAL(const T) weight, GLOBAL(const T) bias,    \
      GLOBAL(T) output, int tileCount, int n, int k) {                                                                      \
    groupedGemm<T, GemmTile<__VA_ARGS__>>(x, rows, tiles, weight, bias, output, tileCount, n, k);                          \
  }
INSTANTIATE(f16, 128x128, 128, 128, 32, 2, 2, 1, 3)
INSTANTIATE(bf16, 128x128, 128, 128, 32, 2, 2, 1, 3)
INSTANTIATE(f16, 64x64, 64, 64, 64, 2, 2, 1, 3)
INSTANTIATE(bf16, 64x64, 64, 64, 64, 2, 2, 1, 3)
INSTANTIATE(f16, 16x32, 16, 32, 128, 1, 1, 4, 4)
INSTANTIATE(bf16, 16x32, 16, 32, 128, 1, 1, 4, 4)
#undef INSTANTIATE
