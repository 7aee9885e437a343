/// The CUDA kernels' source text, embedded at build time: the product compiles them at run time for the GPU it finds.
///
/// A kernel is called after its operator and its element type: `rmsnorm_f16`, `rmsnorm_bf16`, `rmsnorm_f32`; `copy_bytes`,
/// `empty_kernel` and `spin_nanoseconds` have none. Each `.cu` says which grids and blocks it runs in, and what its
/// parameters mean; any block has at most 1024 threads. Arithmetic is in float, results are rounded to nearest even. Widths are
/// at most 2^30.
///
/// Kernels on tensor cores (`tensor.cuh`) need sm_80, are refused below with that reason, and have no f32. Their files say the
/// size of their blocks, their dynamic shared memory, and the workspace of split decode and of products that share k among
/// blocks; beside them only the lists of experts' kernels (whose rows are whose, which tiles there are) are no operand of an
/// operator. Matrix products are called after their tile (`gemm_f16_128x128`, `grouped_gemm_bf16_16x32`; `gemm_combine_f16` takes
/// any), attention after the head dimension, 32, 64, 80, 96, 128 or 256 (`flash_attention_bf16_d128`, `flash_decode_f16_d64`;
/// `flash_decode_combine_f16` takes any).
///
/// Shown without a GPU, by the same text compiled for the CPU (Tests/FakeGPU) and by NVRTC for sm_70 (sm_80) to sm_120: results
/// against double precision, in five orders of the threads; that the distinct bytes a kernel touches are exactly its operator's
/// operands and the workspace it declares; that no access is out of bounds or misaligned; that no register spills and that
/// tensors move 16 bytes at a time; that matrix loads from shared memory meet no bank conflict.
///
/// **Not verified, because no GPU was at hand:** that a driver loads the machine code and the kernels run there; the last bits
/// of `ex2.approx`, `rcp.approx` and `rsqrt.approx`, whose errors (2 ulp, 1 ulp, 2^-22.9) are NVIDIA's statement, while the
/// CPU computes exactly; that tensor cores deal out fragments as the PTX manual says, and in which order they sum; weak memory
/// ordering, and that asynchronous copies overlap with arithmetic; achieved bandwidth, tensor throughput and the best block,
/// grid and number of splits; that `spin_nanoseconds` lasts as long as told, because the step of the GPU's `globaltimer` differs
/// between models (up to about 1 µs).
#pragma once
#include <stddef.h>

/// A file of the folder `kernels`.
struct KernelText {
  /// The file's name, by which others include it.
  const char *_Nonnull name;
  /// Its contents and a closing zero, which `length` does not count.
  const char *_Nonnull text;
  size_t length;
};

/// All files: kernels (`.cu`) and what they include (`.cuh`).
const struct KernelText *_Nonnull kernelTexts(size_t *_Nonnull count);
