// The CUDA that a kernel sees on the CPU: what Sources/KernelText/kernels/device.cuh includes where NVRTC does not read it.
//
// Only that file includes this one (and cpu_cuda_tensor.h, which comes later), behind the standard library's headers: the names below are macros.
#pragma once
#include "cpu_cuda_thread.h"
#include <chrono>
#include <cmath>
#include <cstring>

#define KERNEL static void
#define DEVICE static inline
#define DEVICE_MEMBER inline
#define UNROLL
#define GLOBAL(type) cpu_cuda::Global<type>
#define SHARED(type, name, count) \
  static const char name##Key = 0; \
  const cpu_cuda::Shared<type> name{static_cast<type *>(cpu_cuda::sharedMemory(&name##Key, (count) * sizeof(type))), count}

#define threadIdx (cpu_cuda::threadIndex())
#define blockIdx (cpu_cuda::blockIndex())
#define blockDim (cpu_cuda::blockSize())
#define gridDim (cpu_cuda::gridSize())
#define __syncthreads cpu_cuda::syncThreads

static inline void __syncwarp(unsigned mask = 0xffffffffu) { cpu_cuda::syncWarp(mask); }

template <typename T> static inline T __shfl_sync(unsigned mask, T value, int from) {
  static_assert(sizeof(T) == 4);
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits = cpu_cuda::shuffle(mask, bits, (unsigned)from % 32);
  std::memcpy(&value, &bits, 4);
  return value;
}
template <typename T> static inline T __shfl_xor_sync(unsigned mask, T value, int bits) {
  return __shfl_sync(mask, value, (int)cpu_cuda::lane() ^ bits);
}
// Lanes without a partner keep their value.
template <typename T> static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta) {
  const unsigned from = cpu_cuda::lane() + delta;
  return __shfl_sync(mask, value, (int)(from < 32 ? from : cpu_cuda::lane()));
}
template <typename T> static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta) {
  const unsigned own = cpu_cuda::lane();
  return __shfl_sync(mask, value, (int)(own >= delta ? own - delta : own));
}

// Twins of the functions of device.cuh.
template <typename T> static inline u64 addressOf(cpu_cuda::Global<T> pointer) { return (u64)(uintptr_t)pointer.pointer; }
template <typename T> static inline Words loadWords(cpu_cuda::Global<T> from) {
  cpu_cuda::recordAccess(from.pointer, sizeof(Words), alignof(Words), cpu_cuda::Access::read);
  Words words;
  std::memcpy(&words, from.pointer, sizeof words);
  return words;
}
template <typename T> static inline Words loadWordsFromL2(cpu_cuda::Global<T> from) { return loadWords(from); }
template <typename T> static inline void storeWords(cpu_cuda::Global<T> to, const Words &words) {
  cpu_cuda::recordAccess(to.pointer, sizeof(Words), alignof(Words), cpu_cuda::Access::write);
  std::memcpy(to.pointer, &words, sizeof words);
}
static inline float shuffleXor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
static inline unsigned floatBits(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
static inline float floatFromBits(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
static inline float halfToFloat(unsigned short bits) {
  _Float16 half;
  std::memcpy(&half, &bits, 2);
  return (float)half;
}
static inline unsigned short floatToHalf(float value) {
  const _Float16 half = (_Float16)value;
  unsigned short bits;
  std::memcpy(&bits, &half, 2);
  return bits;
}
static inline float powerOfTwo(float x) { return std::exp2(x); }
static inline float larger(float left, float right) { return std::fmax(left, right); }
static inline float reciprocal(float x) { return 1.0f / x; }
static inline float reciprocalRoot(float x) { return 1.0f / std::sqrt(x); }
static inline u64 nanoseconds() {
  return (u64)std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}
