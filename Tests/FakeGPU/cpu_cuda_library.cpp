// The C interface by which tests and the stand-in for the driver reach kernels and device memory: opened with dlopen, so that
// a library built from mutated kernels can take this one's place.
#include "cpu_cuda_kernels.h"
#include "cpu_cuda_memory.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED uint64_t cpu_cuda_allocate(uint64_t bytes) { return cpu_cuda::allocate(bytes); }
EXPORTED void cpu_cuda_adopt(uint64_t address, uint64_t bytes) { cpu_cuda::adopt(address, bytes); }
EXPORTED bool cpu_cuda_release(uint64_t address) { return cpu_cuda::release(address); }
EXPORTED uint64_t cpu_cuda_distinct_bytes(uint64_t address, uint64_t bytes, bool written) {
  return cpu_cuda::distinctBytes(address, bytes, written);
}
EXPORTED uint64_t cpu_cuda_first_written(uint64_t address, uint64_t bytes) {
  return cpu_cuda::firstWritten(address, bytes);
}
EXPORTED uint64_t cpu_cuda_bank_conflicts() { return cpu_cuda::bankConflicts(); }
EXPORTED void cpu_cuda_forget_accesses() { cpu_cuda::forgetAccesses(); }

// Null behind the last.
EXPORTED const char *cpu_cuda_kernel_name(int32_t index) {
  const cpu_cuda::Kernel *kernel = cpu_cuda::kernelAt(index);
  return kernel ? kernel->name : nullptr;
}

// Bytes of a kernel's parameter; 0 behind the last, −1 where there is no such kernel.
EXPORTED int32_t cpu_cuda_parameter_bytes(const char *name, int32_t index) {
  const cpu_cuda::Kernel *kernel = cpu_cuda::findKernel(name);
  if (!kernel) return -1;
  return index >= 0 && index < kernel->parameterCount ? (int32_t)kernel->parameterSizes[index] : 0;
}

// As a driver launches, which has checked the extents (x, y, z) and counts no arguments; threads in ascending order. A
// `cpu_cuda::Outcome`, or −1 where there is no such kernel.
EXPORTED int32_t cpu_cuda_run(
    const char *name, const uint32_t *grid, const uint32_t *block, uint64_t sharedBytes, void **arguments) {
  const cpu_cuda::Kernel *kernel = cpu_cuda::findKernel(name);
  if (!kernel) return -1;
  return (int32_t)cpu_cuda::launch(
      *kernel, {grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}, sharedBytes, {}, arguments);
}

// A `cpu_cuda::Outcome`; −1 where there is no such kernel, −2 where it takes another number of arguments, −3 where no GPU
// would launch it.
EXPORTED int32_t cpu_cuda_launch(
    const char *name, uint32_t gridX, uint32_t gridY, uint32_t blockX, uint32_t sharedBytes, int32_t order, uint32_t seed,
    void **arguments, int32_t count) {
  const cpu_cuda::Kernel *kernel = cpu_cuda::findKernel(name);
  if (!kernel) return -1;
  if (kernel->parameterCount != count) return -2;
  if (gridX == 0 || gridX > 0x7fffffffu || gridY == 0 || gridY > 65535 || blockX == 0 || blockX > 1024) return -3;
  // A block of sm_90 may have 227 KiB.
  if (sharedBytes > 227 << 10) return -3;
  return (int32_t)cpu_cuda::launch(
      *kernel, {gridX, gridY, 1}, {blockX, 1, 1}, sharedBytes, {(cpu_cuda::Order::Kind)order, seed}, arguments);
}
