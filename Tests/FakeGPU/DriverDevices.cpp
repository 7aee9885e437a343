// libcuda's functions about devices and memory.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "Driver.hpp"
#include "Emulator.hpp"

using namespace fake_gpu;

thread_local bool fake_gpu::hasContext = false;

namespace {
// Behind each allocation, to see who writes too far.
constexpr size_t guardBytes = 256;
constexpr unsigned char guard = 0xA5;

bool isOverrun(uint64_t address, size_t bytes) {
  const auto behind = reinterpret_cast<const unsigned char *>(address) + bytes;
  return std::any_of(behind, behind + guardBytes, [](unsigned char byte) { return byte != guard; });
}

// The bytes where they lie in one allocation, which then counts as written; nullptr elsewhere.
void *writable(uint64_t address, size_t bytes) {
  Allocation *allocation = state.find(address, bytes);
  if (!allocation) return nullptr;
  allocation->version = ++state.versions;
  return reinterpret_cast<void *>(address);
}

const void *readable(uint64_t address, size_t bytes) {
  return state.find(address, bytes) ? reinterpret_cast<const void *>(address) : nullptr;
}
}  // namespace

void fake_gpu::freeAllocations() {
  for (const auto &[address, allocation] : state.allocations) {
    releaseMemory(address);
    std::free(reinterpret_cast<void *>(address));
  }
  state.allocations.clear();
}

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
    case invalidImage: *name = "CUDA_ERROR_INVALID_IMAGE"; break;
    case 221: *name = "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"; break;
    case invalidHandle: *name = "CUDA_ERROR_INVALID_HANDLE"; break;
    case notFound: *name = "CUDA_ERROR_NOT_FOUND"; break;
    case illegalAddress: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
    case launchTimeout: *name = "CUDA_ERROR_LAUNCH_TIMEOUT"; break;
    case misalignedAddress: *name = "CUDA_ERROR_MISALIGNED_ADDRESS"; break;
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
  freeAllocations();
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
  state.allocations[*address] = {bytes, ++state.versions};
  adoptMemory(*address, bytes);
  return success;
}

FAKE_API cuMemFree_v2(uint64_t address) {
  ENTER_CONTEXT;
  auto found = state.allocations.find(address);
  if (found == state.allocations.end()) return invalidValue;
  state.overruns += isOverrun(address, found->second.bytes);
  ++state.versions;
  state.allocations.erase(found);
  releaseMemory(address);
  std::free(reinterpret_cast<void *>(address));
  return success;
}

FAKE_API cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  ENTER_CONTEXT;
  void *target = writable(to, bytes);
  if (!target) return invalidValue;
  std::memcpy(target, from, bytes);
  return success;
}

FAKE_API cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  ENTER_CONTEXT;
  const void *source = readable(from, bytes);
  if (!source) return invalidValue;
  std::memcpy(to, source, bytes);
  return success;
}

FAKE_API cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *) {
  ENTER_CONTEXT;
  // Large copies are only timed; moving their bytes 30 times would make the tests slow.
  const size_t moved = bytes < (size_t(32) << 20) ? bytes : 0;
  const void *source = readable(from, bytes);
  void *target = writable(to, bytes);
  if (!source || !target) return invalidValue;
  std::memcpy(target, source, moved);
  if (state.corrupts && bytes > 0) static_cast<unsigned char *>(target)[bytes / 2] ^= 1;
  state.now += launchNanoseconds + 2 * double(bytes) / bytesPerNanosecond;
  state.isWorkQueued = true;
  return success;
}

namespace {
// A memset in a graph: work without a name.
Outcome setBytes(const Kernel &, const Launch &launch) {
  const auto bytes = *static_cast<size_t *>(launch.parameters[2]);
  void *target = writable(*static_cast<uint64_t *>(launch.parameters[0]), bytes);
  if (!target) return {illegalAddress, 0};
  std::memset(target, *static_cast<unsigned char *>(launch.parameters[1]), bytes);
  return {success, launchNanoseconds + double(bytes) / bytesPerNanosecond};
}
const Kernel memsetWork{"", {sizeof(uint64_t), 1, sizeof(size_t)}, setBytes};

template <typename Value> std::vector<unsigned char> bytesOf(const Value &value) {
  const auto bytes = reinterpret_cast<const unsigned char *>(&value);
  return {bytes, bytes + sizeof value};
}
}  // namespace

FAKE_API cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void *stream) {
  ENTER_CONTEXT;
  if (const auto own = static_cast<Stream *>(stream); own && own->isCapturing) {
    own->captured.push_back({&memsetWork, {}, {bytesOf(to), bytesOf(value), bytesOf(bytes)}});
    return success;
  }
  void *target = writable(to, bytes);
  if (!target) return invalidValue;
  std::memset(target, value, bytes);
  state.isWorkQueued = true;
  state.now += launchNanoseconds + double(bytes) / bytesPerNanosecond;
  return success;
}
