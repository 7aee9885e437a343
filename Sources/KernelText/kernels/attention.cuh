// What prefill and decode share: tiles of heads in shared memory, the two products, the softmax between them.
//
// A warp has 16·n rows (queries) and passes over tiles of keys. A row's scores lie in the four lanes 4g … 4g+3 of the quad g,
// as fragments of D (tensor.cuh); the probabilities become fragments of A without leaving their lanes.
#pragma once
#include "tensor.cuh"

// A row of d elements in shared memory, one chunk of 16 bytes wider than its data: an odd number of chunks, as d is a multiple
// of 16. So the eight rows that a matrix load reads at once lie in different banks.
template <int d> constexpr int rowBytes = 2 * d + 16;

// `threads` threads begin to copy rows [0, rows) of d elements each, which lie `stride` elements apart in memory: those of
// [begin, end); the others are not read and become zeros.
template <int d, int rows, int threads, typename Pointer>
DEVICE void copyRows(unsigned to, int thread, int begin, int end, Pointer from, u64 stride) {
  // Threads side by side in a row, chunks of a thread in a row, rows apart.
  constexpr int chunks = d / 8, side = chunks % 8 == 0 ? 8 : chunks % 4 == 0 ? 4 : 2, step = threads / side;
  static_assert(rows % step == 0, "each thread copies equally often");
  const int row = thread / side, chunk = thread % side;
  auto source = from + row * stride + chunk * 8;
  to += row * rowBytes<d> + chunk * 16;
  UNROLL for (int r = 0; r < rows; r += step) {
    UNROLL for (int c = 0; c < chunks; c += side) {
      copyAsync(to + r * rowBytes<d> + c * 16, source + c * 8, r >= begin - row && r < end - row);
    }
    source = source + step * stride;
  }
}

// The address from which a lane of a warp loads its part of a 16×16 tile of rows: as a fragment of A, or transposed as two of
// B. The k-th such tile to the right lies 32·k bytes further.
template <int d> DEVICE unsigned tileAddress(unsigned rows, int lane) {
  return rows + lane % 16 * rowBytes<d> + lane / 16 * 16;
}
// The same as two fragments of B not transposed: rows are B's columns.
template <int d> DEVICE unsigned columnTileAddress(unsigned rows, int lane) {
  return rows + (lane / 16 * 8 + lane % 8) * rowBytes<d> + lane / 8 % 2 * 16;
}

// scores = queries · keysᵀ. `loadQueries(fragment, m, k)` gives the m-th 16 rows' k-th 16 columns.
template <typename T, int d, int rowTiles, int keys, typename LoadQueries>
DEVICE void multiplyKeys(float (&scores)[rowTiles][keys / 8][4], unsigned keyRows, int lane, LoadQueries loadQueries) {
  UNROLL for (int m = 0; m < rowTiles; ++m) {
    UNROLL for (int j = 0; j < keys / 8; ++j) {
      UNROLL for (int e = 0; e < 4; ++e) scores[m][j][e] = 0.0f;
    }
  }
  const unsigned address = columnTileAddress<d>(keyRows, lane);
  UNROLL for (int k = 0; k < d / 16; ++k) {
    unsigned a[rowTiles][4];
    UNROLL for (int m = 0; m < rowTiles; ++m) loadQueries(a[m], m, k);
    UNROLL for (int n = 0; n < keys / 16; ++n) {
      unsigned b[4];
      loadMatrices(b, address + n * 16 * rowBytes<d> + k * 32);
      UNROLL for (int m = 0; m < rowTiles; ++m) {
        multiplyAdd(scores[m][2 * n], a[m], b[0], b[1], T());
        multiplyAdd(scores[m][2 * n + 1], a[m], b[2], b[3], T());
      }
    }
  }
}

// outputs += probabilities · values, the probabilities as OnlineSoftmax leaves them.
template <typename T, int d, int rowTiles, int keys>
DEVICE void multiplyValues(
    float (&outputs)[rowTiles][d / 8][4], const unsigned (&probabilities)[rowTiles][keys / 8][2], unsigned valueRows,
    int lane) {
  const unsigned address = tileAddress<d>(valueRows, lane);
  UNROLL for (int k = 0; k < keys / 16; ++k) {
    unsigned a[rowTiles][4];
    UNROLL for (int m = 0; m < rowTiles; ++m) {
      UNROLL for (int i = 0; i < 4; ++i) a[m][i] = probabilities[m][2 * k + i / 2][i % 2];
    }
    UNROLL for (int n = 0; n < d / 16; ++n) {
      unsigned b[4];
      loadMatricesTransposed(b, address + k * 16 * rowBytes<d> + n * 32);
      UNROLL for (int m = 0; m < rowTiles; ++m) {
        multiplyAdd(outputs[m][2 * n], a[m], b[0], b[1], T());
        multiplyAdd(outputs[m][2 * n + 1], a[m], b[2], b[3], T());
      }
    }
  }
}

// Scores that a query does not see become −∞: those of columns before `begin` and from `end` on, counted from the lane's first.
template <int columns> DEVICE void maskScores(float (&scores)[columns][4], int half, int begin, int end) {
  UNROLL for (int j = 0; j < columns; ++j) {
    UNROLL for (int e = 0; e < 2; ++e) {
      if (j * 8 + e < begin || j * 8 + e >= end) scores[j][2 * half + e] = floatFromBits(0xff800000u);
    }
  }
}

// Below every score, and finite: −∞ − lowest is −∞, never NaN.
constexpr float lowest = -1e30f;

// The softmax of 16 rows so far (Milakov and Gimelshein, 2018): of rows g and g+8 in each lane of quad g.
struct OnlineSoftmax {
  // The largest score, times scale·log2 e, of the whole row; the sum of the probabilities that this lane has seen.
  float top[2] = {lowest, lowest};
  float sum[2] = {0.0f, 0.0f};

  // The scores' probabilities relative to the new maximum, rounded to T: of row g in words [j][0], of row g+8 in [j][1]. The
  // outputs so far shrink to that maximum. `scale` is positive and includes log2 e.
  template <typename T, int columns, int outputColumns>
  DEVICE_MEMBER void add(
      const float (&scores)[columns][4], unsigned (&probabilities)[columns][2], float (&outputs)[outputColumns][4],
      float scale) {
    UNROLL for (int half = 0; half < 2; ++half) {
      float value = lowest;
      UNROLL for (int j = 0; j < columns; ++j) {
        value = larger(value, larger(scores[j][2 * half], scores[j][2 * half + 1]));
      }
      value = larger(value, shuffleXor(value, 1));
      value = larger(value, shuffleXor(value, 2));
      const float newTop = larger(top[half], value * scale), shrink = powerOfTwo(top[half] - newTop);
      top[half] = newTop;
      float added = 0.0f;
      UNROLL for (int j = 0; j < columns; ++j) {
        const float low = powerOfTwo(scores[j][2 * half] * scale - newTop);
        const float high = powerOfTwo(scores[j][2 * half + 1] * scale - newTop);
        added += low + high;
        probabilities[j][half] = roundPair(low, high, T());
      }
      sum[half] = sum[half] * shrink + added;
      UNROLL for (int j = 0; j < outputColumns; ++j) {
        outputs[j][2 * half] *= shrink;
        outputs[j][2 * half + 1] *= shrink;
      }
    }
  }

  // The sum over the row's four lanes.
  DEVICE_MEMBER float rowSum(int half) const {
    float value = sum[half];
    value += shuffleXor(value, 1);
    value += shuffleXor(value, 2);
    return value;
  }
};

// Expands instantiate(T, d, …) for both element types of the tensor cores.
#define FOR_BOTH_ELEMENTS(instantiate, ...) instantiate(f16, __VA_ARGS__) instantiate(bf16, __VA_ARGS__)
