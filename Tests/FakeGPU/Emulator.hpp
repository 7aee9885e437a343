// The product's kernels: their own text, compiled for the CPU in the library CPUKernels.
#pragma once
#include <string>

#include "Kernel.hpp"

namespace fake_gpu {

// Memory that those kernels may touch, from now until it is released. Nothing happens where the library is missing.
void adoptMemory(uint64_t address, size_t bytes);
void releaseMemory(uint64_t address);

// nullptr where the library is missing or has no kernel of that name.
const Kernel *findEmulatedKernel(const std::string &name);
// All of them, in the library's order.
std::vector<std::string> emulatedKernelNames();

}  // namespace fake_gpu
