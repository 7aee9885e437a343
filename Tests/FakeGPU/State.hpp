// Everything that the stand-in remembers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace fake_gpu {

struct Failure {
  int32_t remaining;
  int32_t code;
};

struct Allocation {
  size_t bytes;
  // Another number whenever anyone but a kernel writes into it.
  uint64_t version;
};

// A launch that has run, and the memory that it touched, by address and version.
struct PastLaunch {
  double nanoseconds = 0;
  std::map<uint64_t, uint64_t> versions;
};

struct State {
  int32_t devices = 1;
  int32_t driverVersion = 13000;
  // Begins as DeviceProperties.standInPrefix, so that nobody can take it for a GPU.
  std::string name = "Fake GPU (no device, its times are made up)";
  // By CUDA's number; compute capability 9.0, 4 SMs.
  std::map<int32_t, int32_t> attributes = {{13, 1000000}, {16, 4},  {32, 1}, {36, 1000000}, {37, 64},
                                           {38, 1 << 20}, {75, 9}, {76, 0}, {81, 233472}, {97, 232448}};
  uint64_t memory = uint64_t(1) << 30;
  std::map<std::string, Failure> failures;
  std::map<std::string, int32_t> calls;
  // How launches end, by the kernel's name or for any (""), and what every call answers after one did.
  std::map<std::string, Failure> launchFaults;
  int32_t stickyError = 0;
  // Launches, of one kernel or of any, that go well before an interrupt; below 0: no interrupt.
  std::string interruptedKernel;
  int64_t launchesToInterrupt = -1;
  std::string corruptKernel, refusedProgram;
  double timeScale = 1, noise = 0, drift = 0, sink = 0;
  // Times read since a stream was last waited for.
  int64_t timesSinceRest = 0;
  bool corrupts = false;
  // Real runs of a kernel, and after how many the one to be corrupted goes wrong.
  std::map<std::string, int64_t> runsOfKernel;
  int64_t runsToCorruption = 0;
  // What launching a graph takes of the device's time, ns.
  double graphLaunch = 0;
  // What recording an event takes of it, ns.
  double eventRecord = 0;
  // What the compiler knows, as it numbers them, and for what it compiled last.
  std::vector<int32_t> architectures = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};
  std::string compiledFor;
  // cuBLASLt: what its algorithm asks for, bytes, and whether it has one.
  uint64_t matrixWorkspace = 0;
  bool hasMatrixAlgorithm = true;
  // How many it offers, and which of them takes half the time of the others.
  int32_t matrixAlgorithms = 1, fastestAlgorithm = 0;
  uint64_t clockReasons = 0;
  // NVML while work is queued that nobody has waited for.
  uint64_t loadReasons = 0;
  bool isWorkQueued = false;
  bool hasInstantPower = true;
  // Times read before the reasons show.
  int64_t timesToReasons = 0;
  int64_t timesRead = 0;
  int32_t processes = 0;
  // The device's clock, ns.
  double now = 0;
  uint64_t random = 0x9E3779B97F4A7C15;
  int32_t contexts = 0;
  std::map<uint64_t, Allocation> allocations;
  uint64_t versions = 0;
  std::map<std::string, PastLaunch> pastLaunches;
  std::map<void *, int32_t> sharedLimits;
  int64_t launches = 0, realRuns = 0;
  std::set<void *> handles;
  int64_t leakedBytes = 0;
  int32_t overruns = 0;

  int64_t liveBytes() const {
    int64_t sum = 0;
    for (auto &allocation : allocations) sum += int64_t(allocation.second.bytes);
    return sum;
  }

  // The allocation in which [address, address + bytes) lies.
  Allocation *find(uint64_t address, size_t bytes) {
    const auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) return nullptr;
    auto &[start, allocation] = *std::prev(after);
    const uint64_t offset = address - start;
    return offset <= allocation.bytes && bytes <= allocation.bytes - offset ? &allocation : nullptr;
  }

  // Counts a real run, and says whether its result is to be wrong.
  bool isCorrupted(const std::string &kernel) {
    return runsOfKernel[kernel]++ >= runsToCorruption && corruptKernel == kernel;
  }

  uint64_t reasonsNow() const {
    return (timesRead >= timesToReasons ? clockReasons : 0) | (isWorkQueued ? loadReasons : 0);
  }

  // Counts the call and says what it must answer for a fault asked for, 0 for none.
  int32_t enter(const char *call) {
    ++calls[call];
    return due(failures, call);
  }

  // The code of a fault whose turn has come, 0 otherwise.
  static int32_t due(std::map<std::string, Failure> &failures, const std::string &name) {
    auto found = failures.find(name);
    if (found == failures.end()) return 0;
    return found->second.remaining-- <= 0 ? found->second.code : 0;
  }
};

extern State state;
extern std::recursive_mutex lock;

// Frees all memory of the device.
void freeAllocations();

}  // namespace fake_gpu
