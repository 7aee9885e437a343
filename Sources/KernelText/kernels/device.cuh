// The machine under a kernel: every intrinsic and every PTX instruction that kernels use, one device function each.
//
// One text has two readers. NVRTC (or nvcc) takes the definitions below; a C++ compiler takes their twins, which run the same
// kernels on the CPU in tests. No CUDA header is included, so a kernel compiles wherever NVRTC alone is installed.
#pragma once

typedef unsigned long long u64;

// What one vector access moves.
struct alignas(16) Words {
  unsigned word[4];
};

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

// Any block size up to 1024 threads can be launched: at most 64 registers a thread.
#define KERNEL extern "C" __global__ void __launch_bounds__(1024)
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__
#define UNROLL _Pragma("unroll")
// A pointer into device memory. No two of a kernel's pointers overlap where one of them is written through.
#define GLOBAL(type) type *__restrict__
#define SHARED(type, name, count) __shared__ type name[count]

template <typename T> DEVICE u64 addressOf(const T *pointer) { return reinterpret_cast<u64>(pointer); }
template <typename T> DEVICE Words loadWords(const T *from) { return *reinterpret_cast<const Words *>(from); }
// Past the L1 cache, whatever it holds. The compiler neither drops nor merges these loads.
template <typename T> DEVICE Words loadWordsFromL2(const T *from) {
  Words words;
  asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words.word[0]), "=r"(words.word[1]), "=r"(words.word[2]), "=r"(words.word[3])
               : "l"(__cvta_generic_to_global(from)));
  return words;
}
template <typename T> DEVICE void storeWords(T *to, const Words &words) { *reinterpret_cast<Words *>(to) = words; }

// The value of the lane whose number differs in the bits of `mask`; all 32 lanes take part.
DEVICE float shuffleXor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

DEVICE float halfToFloat(unsigned short bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}
DEVICE unsigned short floatToHalf(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}
DEVICE unsigned floatBits(float value) { return __float_as_uint(value); }
DEVICE float floatFromBits(unsigned bits) { return __uint_as_float(bits); }

// 2^x, one SFU instruction; 2 ulp.
DEVICE float powerOfTwo(float x) {
  float value;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(value) : "f"(x));
  return value;
}
// 1 / x, one SFU instruction; 1 ulp.
DEVICE float reciprocal(float x) {
  float value;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(value) : "f"(x));
  return value;
}
// 1 / sqrt(x), one SFU instruction; 2^-22.9 relative.
DEVICE float reciprocalRoot(float x) {
  float value;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(value) : "f"(x));
  return value;
}
// The larger of two floats, one instruction; where one is NaN the other.
DEVICE float larger(float left, float right) {
  float value;
  asm("max.f32 %0, %1, %2;" : "=f"(value) : "f"(left), "f"(right));
  return value;
}
// A clock that runs at the same speed whatever the SM's clock does.
DEVICE u64 nanoseconds() {
  u64 time;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
  return time;
}

#else
#include "cpu_cuda.h"
#endif
