// The tensor cores and what feeds them: matrix multiply-add, matrix loads, asynchronous copies, dynamic shared memory. One
// device function an instruction, as in device.cuh. Kernels that include this file run on sm_80 and newer.
//
// Shared memory is addressed by byte, in 32 bits; on the CPU its first byte has the address 0. A fragment is a warp's tile,
// dealt out to its lanes as PTX ISA, "Matrix fragments for mma.m16n8k16", says. With g = lane / 4 and t = lane % 4, and two
// neighbouring elements a word:
//   A (16×16)  a[0]: row g, columns 2t, 2t+1;  a[1]: row g+8;  a[2]: row g, columns 2t+8, 2t+9;  a[3]: row g+8, those columns
//   B (16×8)   b0: column g, rows 2t, 2t+1;    b1: rows 2t+8, 2t+9
//   D (16×8)   d[0], d[1]: row g, columns 2t, 2t+1;  d[2], d[3]: row g+8
#pragma once
#include "elements.cuh"

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#error "this kernel needs sm_80 or newer: bfloat16 tensor cores and asynchronous copies"
#endif

// TENSOR_KERNEL(threads) or TENSOR_KERNEL(threads, blocks): blocks have at most so many threads, and so many blocks an SM must
// find registers: 65536 / (threads · blocks) a thread, 255 at most.
#define TENSOR_KERNEL(...) extern "C" __global__ void __launch_bounds__(__VA_ARGS__)

// Where the launch's dynamic shared memory begins.
DEVICE unsigned dynamicShared() {
  extern __shared__ __align__(128) unsigned char dynamicSharedBytes[];
  return (unsigned)__cvta_generic_to_shared(dynamicSharedBytes);
}
DEVICE Words loadShared(unsigned from) {
  Words words;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words.word[0]), "=r"(words.word[1]), "=r"(words.word[2]), "=r"(words.word[3])
               : "r"(from)
               : "memory");
  return words;
}
DEVICE unsigned loadSharedWord(unsigned from) {
  unsigned word;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(word) : "r"(from) : "memory");
  return word;
}
DEVICE void storeShared(unsigned to, const Words &words) {
  asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(words.word[0]), "r"(words.word[1]),
               "r"(words.word[2]), "r"(words.word[3])
               : "memory");
}
DEVICE void storeShared(unsigned to, unsigned word) { asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(word) : "memory"); }

// Begins to copy 16 bytes, both ends on 16-byte boundaries; zeros where the source is not `present`, which is then not read.
// Until `waitForCopies` the destination is undefined.
template <typename T> DEVICE void copyAsync(unsigned to, const T *from, bool present) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(__cvta_generic_to_global(from)),
               "r"(present ? 16 : 0)
               : "memory");
}
// Closes a group: the thread's copies since the last one.
DEVICE void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits for the thread's own copies, all but those of its latest `groups` groups.
template <int groups> DEVICE void waitForCopies() { asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory"); }

// Four 8×8 matrices of two-byte elements: lane 8i + r has the address of row r of matrix i. Word i of lane 4g + t becomes
// elements 2t and 2t+1 of row g of matrix i. The warp's lanes go on together, when all rows are read.
DEVICE void loadMatrices(unsigned (&fragment)[4], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(row)
               : "memory");
}
// The same, transposed: word i becomes the elements of rows 2t and 2t+1 in column g.
DEVICE void loadMatricesTransposed(unsigned (&fragment)[4], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(row)
               : "memory");
}

// D += A·B, elements of the last argument's type, sums in float.
#define MULTIPLY_ADD(T, type)                                                                                           \
  DEVICE void multiplyAdd(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, T) {                         \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 "                                         \
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                      \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                       \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                       \
  }
MULTIPLY_ADD(f16, "f16")
MULTIPLY_ADD(bf16, "bf16")
#undef MULTIPLY_ADD

// Two neighbouring elements, rounded to nearest even, in a word.
DEVICE unsigned roundPair(float low, float high, f16) {
  unsigned pair;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}
DEVICE unsigned roundPair(float low, float high, bf16) {
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

#else
#include "cpu_cuda_tensor.h"
#endif
