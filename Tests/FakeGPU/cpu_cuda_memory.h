// Device memory on the CPU.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cpu_cuda {
// Poisoned with 0xFF, so that floating-point elements nobody wrote read as NaN. On a 256-byte boundary, as a GPU's are. 0
// where the host has no more.
uint64_t allocate(size_t bytes);
// Memory of the caller's becomes device memory, as it is, until it is released; the caller frees it.
void adopt(uint64_t address, size_t bytes);
// False where nothing was allocated or adopted at this address.
bool release(uint64_t address);
// Whether [address, address + bytes) lies in one allocation.
bool isDeviceMemory(uint64_t address, size_t bytes);

// Distinct bytes of [address, address + bytes) that kernels have read, or written, since the last `forgetAccesses`.
uint64_t distinctBytes(uint64_t address, size_t bytes, bool written);
// The first byte of these that a kernel has written since then; 0 where there is none.
uint64_t firstWritten(uint64_t address, size_t bytes);
void forgetAccesses();
// Passes that loads of matrices from shared memory took beyond one for eight rows, since then.
uint64_t bankConflicts();
}  // namespace cpu_cuda
