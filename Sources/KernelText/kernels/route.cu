// From a router's logits to each token's experts and their weights. A warp has a row: blocks of 32, 64, … 1024 threads, as many
// of them as rows need warps.
#include "mathematics.cuh"
#include "packs.cuh"
#include "reductions.cuh"

// The larger of two logits, of equal ones that of the expert with the smaller number.
DEVICE void keepLarger(float &value, float &expert, float otherValue, float otherExpert) {
  if (otherValue > value || (otherValue == value && otherExpert < expert)) {
    value = otherValue;
    expert = otherExpert;
  }
}

// logits [rows, experts], weights and ids [rows, chosen]: largest logit first. At most 512 experts, 32 of them chosen. scoring:
// 0 softmax of all logits, 1 softmax of the chosen ones, 2 sigmoid. renormalises: the chosen ones' scores are divided by their
// sum. Weights are multiplied by `scale` at last.
template <typename T>
DEVICE void route(
    GLOBAL(const T) logits, GLOBAL(T) weights, GLOBAL(int) ids, int rows, int experts, int chosen, int scoring,
    int renormalises, float scale) {
  constexpr int size = Pack<T>::size, kept = 512 / 32 / size;
  const int lane = (int)threadIdx.x % 32;
  const u64 row = (u64)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  if (row >= (u64)rows) return;
  // A lane's logits; what is chosen, or not there, is below all others.
  float own[kept][size];
  UNROLL for (int i = 0; i < kept; ++i) {
    const int first = (lane + 32 * i) * size, present = first < experts ? presentInPack<T>(first, experts) : 0;
    const Pack<T> pack = loadPack<T>(logits + row * experts + first, present);
    UNROLL for (int e = 0; e < size; ++e) own[i][e] = e < present ? toFloat(pack.element[e]) : Maximum::identity;
  }
  float top = 0.0f, sum = 1.0f;
  if (scoring < 2) {
    top = Maximum::identity;
    UNROLL for (int i = 0; i < kept; ++i) {
      UNROLL for (int e = 0; e < size; ++e) top = larger(top, own[i][e]);
    }
    top = warpReduce<Maximum>(top);
  }
  if (scoring == 0) {
    sum = 0.0f;
    UNROLL for (int i = 0; i < kept; ++i) {
      UNROLL for (int e = 0; e < size; ++e) {
        if ((lane + 32 * i) * size + e < experts) sum += exponential(own[i][e] - top);
      }
    }
    sum = warpReduce<Sum>(sum);
  }
  // Lane k keeps the k-th that is chosen.
  float weight = 0.0f, total = 0.0f;
  int id = 0;
  for (int k = 0; k < chosen; ++k) {
    float value = Maximum::identity, expert = 512.0f;
    UNROLL for (int i = 0; i < kept; ++i) {
      UNROLL for (int e = 0; e < size; ++e) keepLarger(value, expert, own[i][e], (float)((lane + 32 * i) * size + e));
    }
    keepLarger(value, expert, shuffleXor(value, 16), shuffleXor(expert, 16));
    keepLarger(value, expert, shuffleXor(value, 8), shuffleXor(expert, 8));
    keepLarger(value, expert, shuffleXor(value, 4), shuffleXor(expert, 4));
    keepLarger(value, expert, shuffleXor(value, 2), shuffleXor(expert, 2));
    keepLarger(value, expert, shuffleXor(value, 1), shuffleXor(expert, 1));
    UNROLL for (int i = 0; i < kept; ++i) {
      UNROLL for (int e = 0; e < size; ++e) {
        if ((float)((lane + 32 * i) * size + e) == expert) own[i][e] = Maximum::identity;
      }
    }
    const float score = scoring == 2 ? sigmoid(value) : exponential(value - top) * reciprocal(sum);
    total += score;
    if (lane == k) {
      weight = score;
      id = (int)expert;
    }
  }
  const float share = scoring == 1 || renormalises ? scale * reciprocal(total) : scale;
  if (lane < chosen) {
    weights[row * chosen + lane] = fromFloat<T>(weight * share);
    ids[row * chosen + lane] = id;
  }
}

#define INSTANTIATE(T)                                                                                                  \
  KERNEL route_##T(                                                                                                     \
      GLOBAL(const T) logits, GLOBAL(T) weights, GLOBAL(int) ids, int rows, int experts, int chosen, int scoring,       \
      int renormalises, float scale) {                                                                                  \
    route<T>(logits, weights, ids, rows, experts, chosen, scoring, renormalises, scale);                                \
  }
FOR_EVERY_ELEMENT(INSTANTIATE)
#undef INSTANTIATE
