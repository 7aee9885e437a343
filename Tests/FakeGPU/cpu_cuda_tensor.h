// Twins of the functions of Sources/KernelText/kernels/tensor.cuh, which alone includes this file.
#pragma once
#include "cpu_cuda.h"

#define TENSOR_KERNEL(...) static void

static inline unsigned dynamicShared() { return 0; }
static inline Words loadShared(unsigned from) {
  Words words;
  std::memcpy(&words, cpu_cuda::dynamicShared(from, sizeof words), sizeof words);
  return words;
}
static inline unsigned loadSharedWord(unsigned from) {
  unsigned word;
  std::memcpy(&word, cpu_cuda::dynamicShared(from, sizeof word), sizeof word);
  return word;
}
static inline void storeShared(unsigned to, const Words &words) {
  std::memcpy(cpu_cuda::dynamicShared(to, sizeof words), &words, sizeof words);
}
static inline void storeShared(unsigned to, unsigned word) {
  std::memcpy(cpu_cuda::dynamicShared(to, sizeof word), &word, sizeof word);
}

template <typename T> static inline void copyAsync(unsigned to, cpu_cuda::Global<T> from, bool present) {
  cpu_cuda::copyLater(to, (present ? loadWords(from) : Words{}).word);
}
static inline void commitCopies() { cpu_cuda::commitCopies(); }
template <int groups> static inline void waitForCopies() { cpu_cuda::waitForCopies(groups); }

// Every lane gives its row, and its address; lane 8i + r has row r of matrix i. Memory answers eight rows at once if they lie
// in different banks, that is, at different places of 128 bytes; each further row at the same place takes a pass more.
static inline const cpu_cuda::LaneValues *exchangeRows(unsigned row) {
  const Words words = loadShared(row);
  const uint32_t own[5] = {words.word[0], words.word[1], words.word[2], words.word[3], row};
  const cpu_cuda::LaneValues *lanes = cpu_cuda::exchange(0xffffffffu, own, 5);
  if (cpu_cuda::lane() == 0) {
    for (unsigned i = 0; i < 4; ++i) {
      unsigned rows[8] = {}, most = 0;
      for (unsigned r = 0; r < 8; ++r) {
        const unsigned here = ++rows[lanes[8 * i + r][4] / 16 % 8];
        most = here > most ? here : most;
      }
      cpu_cuda::recordBankConflicts(most - 1);
    }
  }
  return lanes;
}
static inline void loadMatrices(unsigned (&fragment)[4], unsigned row) {
  const cpu_cuda::LaneValues *rows = exchangeRows(row);
  const unsigned lane = cpu_cuda::lane();
  for (unsigned i = 0; i < 4; ++i) fragment[i] = rows[8 * i + lane / 4][lane % 4];
}
static inline void loadMatricesTransposed(unsigned (&fragment)[4], unsigned row) {
  const cpu_cuda::LaneValues *rows = exchangeRows(row);
  const unsigned column = cpu_cuda::lane() / 4, upper = 2 * (cpu_cuda::lane() % 4);
  const auto element = [&](unsigned r) { return rows[r][column / 2] >> (16 * (column % 2)) & 0xffff; };
  for (unsigned i = 0; i < 4; ++i) fragment[i] = element(8 * i + upper) | element(8 * i + upper + 1) << 16;
}

// Each lane gives its 8 elements of A and 4 of B, and sums its own 4 of D.
template <typename T>
static inline void multiplyAdd(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, T) {
  const unsigned words[6] = {a[0], a[1], a[2], a[3], b0, b1};
  uint32_t own[12];
  for (int i = 0; i < 12; ++i) own[i] = floatBits(toFloat(T{(unsigned short)(words[i / 2] >> (16 * (i % 2)))}));
  const cpu_cuda::LaneValues *lanes = cpu_cuda::exchange(0xffffffffu, own, 12);
  const unsigned g = cpu_cuda::lane() / 4, t = cpu_cuda::lane() % 4;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned lower = i / 2, column = 2 * t + i % 2;
    float sum = 0;
    for (unsigned k = 0; k < 16; ++k) {
      const unsigned holder = k % 8 / 2;
      sum += floatFromBits(lanes[4 * g + holder][2 * (lower + 2 * (k / 8)) + k % 2]) *
             floatFromBits(lanes[4 * column + holder][8 + 2 * (k / 8) + k % 2]);
    }
    d[i] += sum;
  }
}

template <typename T> static inline unsigned roundPair(float low, float high, T) {
  return fromFloat<T>(low).bits | (unsigned)fromFloat<T>(high).bits << 16;
}
