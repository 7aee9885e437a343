// Runs the product's kernels on the CPU, as seldom as can be: the emulator needs milliseconds for what a GPU does in one
// microsecond, and a measurement launches each kernel hundreds of times.
//
// A launch runs for real where its result may be new: the first of its kernel, grid, block and arguments, and the first
// after the host (a copy or a memset, across the device too) has written into memory that it touches. Any other only takes its
// time. So the repetitions of a kernel that works in place do not add up, and where two kernels write the same output in
// turn, it holds what the one wrote that ran for real last.
#include "Emulator.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <map>

#include "Driver.hpp"

namespace fake_gpu {
namespace {

// The C interface of cpu_cuda_library.cpp.
struct Library {
  void (*adopt)(uint64_t address, uint64_t bytes);
  bool (*release)(uint64_t address);
  uint64_t (*distinctBytes)(uint64_t address, uint64_t bytes, bool written);
  uint64_t (*firstWritten)(uint64_t address, uint64_t bytes);
  void (*forgetAccesses)();
  const char *(*kernelName)(int32_t index);
  int32_t (*parameterBytes)(const char *name, int32_t index);
  int32_t (*run)(const char *name, const uint32_t *grid, const uint32_t *block, uint64_t sharedBytes, void **arguments);
};

template <typename Function> bool find(void *handle, const char *name, Function &function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  return function != nullptr;
}

// Beside this library, or the one that ROOFLINE_CPU_KERNELS names; nullptr where it is missing.
const Library *library() {
  static Library library;
  static const bool isOpen = [] {
    Dl_info own;
    if (!dladdr(reinterpret_cast<const void *>(&findEmulatedKernel), &own)) return false;
    const std::string path = own.dli_fname;
    const char *named = std::getenv("ROOFLINE_CPU_KERNELS");
    const std::string sibling = named ? named : path.substr(0, path.rfind('/') + 1) + "libCPUKernels.so";
    void *handle = dlopen(sibling.c_str(), RTLD_NOW | RTLD_LOCAL);
    return handle && find(handle, "cpu_cuda_adopt", library.adopt) && find(handle, "cpu_cuda_release", library.release) &&
           find(handle, "cpu_cuda_distinct_bytes", library.distinctBytes) &&
           find(handle, "cpu_cuda_first_written", library.firstWritten) &&
           find(handle, "cpu_cuda_forget_accesses", library.forgetAccesses) &&
           find(handle, "cpu_cuda_kernel_name", library.kernelName) &&
           find(handle, "cpu_cuda_parameter_bytes", library.parameterBytes) && find(handle, "cpu_cuda_run", library.run);
  }();
  return isOpen ? &library : nullptr;
}

// What tells a launch from others: name, extents and the arguments' bytes.
std::string key(const Kernel &kernel, const Launch &launch) {
  std::string key = kernel.name;
  const auto append = [&](const void *bytes, size_t count) { key.append(static_cast<const char *>(bytes), count); };
  append(&launch.grid, sizeof launch.grid);
  append(&launch.block, sizeof launch.block);
  append(&launch.sharedBytes, sizeof launch.sharedBytes);
  for (size_t i = 0; i < kernel.parameterSizes.size(); ++i) append(launch.parameters[i], kernel.parameterSizes[i]);
  return key;
}

// The error that CUDA has for how the emulator ended a launch.
int32_t code(int32_t outcome) {
  switch (outcome) {
    case 0: return success;
    case 1: return launchTimeout;
    case 2: return illegalAddress;
    case 3: return misalignedAddress;
    default: return launchFailed;
  }
}

// Flips the highest bit of an exponent: of the first element of 4 bytes written, or of the second of 2 bytes.
void corrupt(uint64_t address, size_t bytes) {
  const uint64_t written = library()->firstWritten(address, bytes);
  if (written && written + 3 < address + bytes) reinterpret_cast<unsigned char *>(written)[3] ^= 0x40;
}

Outcome runForReal(const Kernel &kernel, const Launch &launch) {
  library()->forgetAccesses();
  const uint32_t grid[] = {launch.grid.x, launch.grid.y, launch.grid.z};
  const uint32_t block[] = {launch.block.x, launch.block.y, launch.block.z};
  const int32_t result = code(library()->run(kernel.name.c_str(), grid, block, launch.sharedBytes, launch.parameters));
  ++state.realRuns;
  const bool isWrong = state.isCorrupted(kernel.name);
  PastLaunch past;
  uint64_t touched = 0;
  for (const auto &[address, allocation] : state.allocations) {
    const uint64_t written = library()->distinctBytes(address, allocation.bytes, true);
    const uint64_t both = written + library()->distinctBytes(address, allocation.bytes, false);
    if (both) past.versions[address] = allocation.version;
    if (written && isWrong) corrupt(address, allocation.bytes);
    touched += both;
  }
  past.nanoseconds = launchNanoseconds + double(touched) / bytesPerNanosecond;
  if (!result) state.pastLaunches[key(kernel, launch)] = past;
  return {result, past.nanoseconds};
}

Outcome runOrRepeat(const Kernel &kernel, const Launch &launch) {
  const auto found = state.pastLaunches.find(key(kernel, launch));
  if (found == state.pastLaunches.end()) return runForReal(kernel, launch);
  for (const auto &[address, version] : found->second.versions) {
    const auto allocation = state.allocations.find(address);
    if (allocation == state.allocations.end() || allocation->second.version != version) return runForReal(kernel, launch);
  }
  return {success, found->second.nanoseconds};
}

}  // namespace

void adoptMemory(uint64_t address, size_t bytes) {
  if (library()) library()->adopt(address, bytes);
}

void releaseMemory(uint64_t address) {
  if (library()) library()->release(address);
}

const Kernel *findEmulatedKernel(const std::string &name) {
  static std::map<std::string, Kernel> known;
  if (const auto found = known.find(name); found != known.end()) return &found->second;
  if (!library() || library()->parameterBytes(name.c_str(), 0) < 0) return nullptr;
  Kernel kernel{name, {}, runOrRepeat, emulatedRegisters};
  while (const int32_t bytes = library()->parameterBytes(name.c_str(), int32_t(kernel.parameterSizes.size()))) {
    kernel.parameterSizes.push_back(size_t(bytes));
  }
  return &known.emplace(name, kernel).first->second;
}

std::vector<std::string> emulatedKernelNames() {
  std::vector<std::string> names;
  while (const char *name = library() ? library()->kernelName(int32_t(names.size())) : nullptr) names.emplace_back(name);
  return names;
}

}  // namespace fake_gpu
