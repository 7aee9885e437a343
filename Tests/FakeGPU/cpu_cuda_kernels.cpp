#include "cpu_cuda_entry.h"
// The kernels' own text. It comes after the standard library's headers, because it redefines names like threadIdx.
#include "add_rmsnorm.cu"
#include "copy.cu"
#include "embedding.cu"
#include "empty.cu"
#include "expert_combine.cu"
#include "exponentials.cu"
#include "flash_attention.cu"
#include "flash_decode.cu"
#include "flash_decode_combine.cu"
#include "gelu.cu"
#include "gemm.cu"
#include "gemm_combine.cu"
#include "grouped_gemm.cu"
#include "layernorm.cu"
#include "residual_add.cu"
#include "reread.cu"
#include "rmsnorm.cu"
#include "rotary.cu"
#include "rotary_kv_write.cu"
#include "route.cu"
#include "silu_and_mul.cu"
#include "softmax.cu"
#include "spin.cu"
#include "sweep.cu"
// Wrong on purpose.
#include "cpu_cuda_faulty_kernels.cuh"

namespace cpu_cuda {
namespace {
constexpr Kernel kernels[] = {
    ENTRIES(add_rmsnorm), ENTRY(copy_bytes),     ENTRIES(embedding), ENTRY(empty_kernel),      ENTRIES(gelu),
    ENTRIES(layernorm),   ENTRIES(residual_add), ENTRIES(rmsnorm),   ENTRIES(rotary),          ENTRIES(rotary_kv_write),
    ENTRIES(silu_and_mul), ENTRIES(softmax),     ENTRY(spin_nanoseconds),
    ENTRY(sweep_bytes), ENTRY(reread_bytes), ENTRY(exponentials),
    HEAD_ENTRIES(flash_attention), ENTRY(flash_attention_f16_d128_r64), ENTRY(flash_attention_bf16_d128_r64),
    HEAD_ENTRIES(flash_decode), TENSOR_ENTRIES(flash_decode_combine),
    TILE_ENTRIES(gemm_f16), TILE_ENTRIES(gemm_bf16), TENSOR_ENTRIES(gemm_combine),
    GROUPED_ENTRIES(grouped_gemm_f16), GROUPED_ENTRIES(grouped_gemm_bf16), ENTRIES(expert_combine), ENTRIES(route),
};
constexpr Kernel faultyKernels[] = {
    ENTRY(faulty_without_barrier), ENTRY(faulty_split_wait),      ENTRY(faulty_write_behind_end), ENTRY(faulty_read_behind_end),
    ENTRY(faulty_unaligned_pack),  ENTRY(faulty_shared_overrun), ENTRY(faulty_unwritten_shared), ENTRY(faulty_early_exit),
    ENTRY(faulty_copy_without_wait), ENTRY(faulty_copy_without_commit), ENTRY(faulty_copy_over_unread),
    ENTRY(faulty_dynamic_shared), ENTRY(faulty_divergent_load), ENTRY(tile_product_f16), ENTRY(tile_product_bf16),
};
}  // namespace

const Kernel *kernelAt(int index) {
  return index >= 0 && index < (int)(sizeof kernels / sizeof *kernels) ? &kernels[index] : nullptr;
}

const Kernel *findKernel(const char *name) {
  for (const Kernel &kernel : kernels) {
    if (std::strcmp(kernel.name, name) == 0) return &kernel;
  }
  for (const Kernel &kernel : faultyKernels) {
    if (std::strcmp(kernel.name, name) == 0) return &kernel;
  }
  return nullptr;
}

Outcome launch(
    const Kernel &kernel, Dimensions grid, Dimensions block, size_t sharedBytes, Order order, void **arguments) {
  return run(grid, block, sharedBytes, order, [&] { kernel.call(arguments); });
}
}  // namespace cpu_cuda
