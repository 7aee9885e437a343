// libcuda's functions about devices and memory.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "Driver.hpp"

using namespace fake_gpu;

thread_local bool fake_gpu::hasContext = false;

namespace {
// Behind each allocation, to see who writes too far.
constexpr size_t guardBytes = 256;
constexpr unsigned char guard = 0xA5;
}  // namespace

FAKE_API cuInit(unsigned) { ENTER; return state.devices > 0 ? success : noDevice; }
FAKE_API cuDriverGetVersion(int *version) { ENTER; *version = state.driverVersion; return success; }

FAKE_API cuGetErrorName(int32_t code, const char **name) {
  switch (code) {
    case success: *name = "CUDA_SUCCESS"; break;
    case invalidValue: *name = "CUDA_ERROR_INVALID_VALUE"; break;
    case outOfMemory: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    case noDevice: *name = "CUDA_ERROR_NO_DEVICE"; break;
    case invalidDevice: *name = "CUDA_ERROR_INVALID_DEVICE"; break;
    case invalidContext: *name = "CUDA_ERROR_INVALID_CONTEXT"; break;
    case 221: *name = "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"; break;
    case invalidHandle: *name = "CUDA_ERROR_INVALID_HANDLE"; break;
    case notFound: *name = "CUDA_ERROR_NOT_FOUND"; break;
    case illegalAddress: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
    case launchTimeout: *name = "CUDA_ERROR_LAUNCH_TIMEOUT"; break;
    case launchFailed: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
    case 803: *name = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; break;
    default: *name = nullptr; return invalidValue;
  }
  return success;
}

FAKE_API cuDeviceGetCount(int *count) { ENTER; *count = state.devices; return success; }

FAKE_API cuDeviceGet(int *device, int ordinal) {
  ENTER;
  if (ordinal < 0 || ordinal >= state.devices) return invalidDevice;
  *device = ordinal;
  return success;
}

FAKE_API cuDeviceGetName(char *name, int capacity, int) {
  ENTER;
  std::snprintf(name, size_t(capacity), "%s", state.name.c_str());
  return success;
}

FAKE_API cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
  ENTER;
  for (int i = 0; i < 16; ++i) uuid[i] = 0xFA;
  uuid[15] = (unsigned char)device;
  return success;
}

FAKE_API cuDeviceTotalMem_v2(size_t *bytes, int) { ENTER; *bytes = state.memory; return success; }
FAKE_API cuDeviceGetAttribute(int *value, int attribute, int) { ENTER; *value = state.attributes[attribute]; return success; }

FAKE_API cuDeviceGetPCIBusId(char *identifier, int capacity, int device) {
  ENTER;
  std::snprintf(identifier, size_t(capacity), "FA4E:%02X:00.0", (unsigned)device);
  return success;
}

FAKE_API cuDevicePrimaryCtxRetain(void **context, int) {
  ENTER;
  static char primary;
  ++state.contexts;
  *context = &primary;
  return success;
}

// The last release ends the context and frees what is left, as CUDA does; after a sticky error nothing else can.
FAKE_API cuDevicePrimaryCtxRelease_v2(int) {
  ENTER;
  if (state.contexts <= 0) return invalidContext;
  if (--state.contexts > 0) return success;
  if (!state.stickyError) state.leakedBytes += state.liveBytes();
  for (auto &allocation : state.allocations) std::free(reinterpret_cast<void *>(allocation.first));
  state.allocations.clear();
  if (state.stickyError) state.handles.clear();
  state.stickyError = success;
  return success;
}

FAKE_API cuCtxSetCurrent(void *context) { ENTER; hasContext = context != nullptr; return success; }

FAKE_API cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER_CONTEXT;
  *total = state.memory;
  *free = state.memory - size_t(state.liveBytes());
  return success;
}

FAKE_API cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  ENTER_CONTEXT;
  if (bytes == 0) return invalidValue;
  if (bytes > state.memory - size_t(state.liveBytes())) return outOfMemory;
  auto memory = static_cast<unsigned char *>(std::aligned_alloc(256, (bytes + guardBytes + 255) / 256 * 256));
  if (!memory) return outOfMemory;
  std::memset(memory, 0xFF, bytes);  // read before it is written, it is NaN
  std::memset(memory + bytes, guard, guardBytes);
  *address = reinterpret_cast<uint64_t>(memory);
  state.allocations[*address] = bytes;
  return success;
}

FAKE_API cuMemFree_v2(uint64_t address) {
  ENTER_CONTEXT;
  auto found = state.allocations.find(address);
  if (found == state.allocations.end()) return invalidValue;
  auto memory = reinterpret_cast<unsigned char *>(address);
  for (size_t i = 0; i < guardBytes; ++i) {
    if (memory[found->second + i] != guard) { ++state.overruns; break; }
  }
  state.allocations.erase(found);
  std::free(memory);
  return success;
}

FAKE_API cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  ENTER_CONTEXT;
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return success;
}

FAKE_API cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  ENTER_CONTEXT;
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  return success;
}

// 100 bytes read and 100 written a nanosecond, behind 2 µs.
FAKE_API cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *) {
  ENTER_CONTEXT;
  // Large copies are only timed; moving their bytes 30 times would make the tests slow.
  const size_t moved = bytes < (size_t(32) << 20) ? bytes : 0;
  std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), moved);
  if (state.corrupts && bytes > 0) reinterpret_cast<unsigned char *>(to)[bytes / 2] ^= 1;
  state.now += 2000 + double(bytes) / 100;
  return success;
}

FAKE_API cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void *) {
  ENTER_CONTEXT;
  std::memset(reinterpret_cast<void *>(to), value, bytes);
  state.now += 2000 + double(bytes) / 100;
  return success;
}
