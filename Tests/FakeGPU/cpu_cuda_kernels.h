// The product's kernels by name, callable the way a driver gets them: as an array of pointers to arguments.
#pragma once
#include "cpu_cuda_block.h"

namespace cpu_cuda {
struct Kernel {
  const char *name;
  int parameterCount;
  // Bytes of each.
  const size_t *parameterSizes;
  // Runs the kernel as the current thread.
  void (*call)(void **arguments);
};

// Null where there is no such kernel.
const Kernel *findKernel(const char *name);
// The kernels of Sources/KernelText/kernels by index; null behind the last.
const Kernel *kernelAt(int index);

Outcome launch(const Kernel &, Dimensions grid, Dimensions block, size_t sharedBytes, Order, void **arguments);
}  // namespace cpu_cuda
