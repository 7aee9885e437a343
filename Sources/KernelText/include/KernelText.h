/// The CUDA kernels' source text, embedded at build time: the product compiles them at run time for the GPU it finds.
///
/// A kernel is called after its operator and its element type: `rmsnorm_f16`, `rmsnorm_bf16`, `rmsnorm_f32`; `copy_bytes`,
/// `empty_kernel` and `spin_nanoseconds` have none. Each `.cu` says which grids and blocks it runs in, and what its
/// parameters mean; any block has at most 1024 threads, no kernel needs a workspace. Arithmetic is in float, results are
/// rounded to nearest even. Widths are at most 2^30. Kernels on tensor cores (`gemm_f16_128x128` and the like) run on sm_80 and
/// newer, in blocks of the size and with the dynamic shared memory that their file says.
///
/// Shown without a GPU, by the same text compiled for the CPU (Tests/FakeGPU) and by NVRTC for sm_70 to sm_120: results against
/// double precision, in five orders of the threads; that the distinct bytes a kernel touches are exactly its operator's
/// operands; that no access is out of bounds or misaligned; that no register spills and that tensors move 16 bytes at a time.
///
/// **Not verified, because no GPU was at hand:** that a driver loads the machine code and the kernels run there; the last bits
/// of `ex2.approx`, `rcp.approx` and `rsqrt.approx`, whose errors (2 ulp, 1 ulp, 2^-22.9) are NVIDIA's statement, while the
/// CPU computes exactly; weak memory ordering; achieved bandwidth and the best block and grid; that `spin_nanoseconds` lasts as
/// long as told, because the step of the GPU's `globaltimer` differs between models (up to about 1 µs).
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
