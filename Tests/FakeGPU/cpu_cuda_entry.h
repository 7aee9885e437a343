// A table entry for a kernel: unpacks the driver's array of argument pointers into the kernel's parameters.
#pragma once
#include "cpu_cuda_kernels.h"
#include <utility>

namespace cpu_cuda {
template <auto kernel, typename... Parameters> struct Unpacked {
  template <size_t... index> static void call(void **arguments, std::index_sequence<index...>) {
    kernel(*static_cast<Parameters *>(arguments[index])...);
  }
  // Behind the last a zero, because an array without elements is none.
  static constexpr size_t sizes[] = {sizeof(Parameters)..., 0};
  static void call(void **arguments) { call(arguments, std::index_sequence_for<Parameters...>{}); }
};

template <auto kernel, typename... Parameters> constexpr Kernel entry(const char *name, void (*)(Parameters...)) {
  return {name, (int)sizeof...(Parameters), Unpacked<kernel, Parameters...>::sizes, Unpacked<kernel, Parameters...>::call};
}
}  // namespace cpu_cuda

#define ENTRY(kernel) cpu_cuda::entry<kernel>(#kernel, kernel)
#define ENTRIES(kernel) ENTRY(kernel##_f16), ENTRY(kernel##_bf16), ENTRY(kernel##_f32)
// Both element types of the tensor cores; those in each head dimension.
#define TENSOR_ENTRIES(kernel) ENTRY(kernel##_f16), ENTRY(kernel##_bf16)
#define HEAD_ENTRIES(kernel)                                                                                     \
  ENTRY(kernel##_f16_d32), ENTRY(kernel##_bf16_d32), ENTRY(kernel##_f16_d64), ENTRY(kernel##_bf16_d64), ENTRY(kernel##_f16_d80), ENTRY(kernel##_bf16_d80),         \
      ENTRY(kernel##_f16_d96), ENTRY(kernel##_bf16_d96), ENTRY(kernel##_f16_d128), ENTRY(kernel##_bf16_d128),   \
      ENTRY(kernel##_f16_d256), ENTRY(kernel##_bf16_d256)
// The tiles of gemm.cu.
#define TILE_ENTRIES(kernel) ENTRY(kernel##_128x128), ENTRY(kernel##_64x64), ENTRY(kernel##_32x32), ENTRY(kernel##_16x32)
// Those of grouped_gemm.cu.
#define GROUPED_ENTRIES(kernel) ENTRY(kernel##_128x128), ENTRY(kernel##_64x64), ENTRY(kernel##_16x32)
