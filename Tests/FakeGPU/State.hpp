// Everything that the stand-in remembers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace fake_gpu {

struct Failure {
  int32_t remaining;
  int32_t code;
};

struct State {
  int32_t devices = 1;
  int32_t driverVersion = 13000;
  // Begins as DeviceProperties.standInPrefix, so that nobody can take it for a GPU.
  std::string name = "Fake GPU (no device, its times are made up)";
  // By CUDA's number; compute capability 9.0, 4 SMs.
  std::map<int32_t, int32_t> attributes = {{13, 1000000}, {16, 4},  {32, 1}, {36, 1000000}, {37, 64},
                                           {38, 1 << 20}, {75, 9}, {76, 0}, {97, 232448}};
  uint64_t memory = uint64_t(1) << 30;
  std::map<std::string, Failure> failures;
  std::map<std::string, int32_t> calls;
  // What the next kernel does, and what every call answers after it did.
  int32_t kernelFault = 0;
  int32_t stickyError = 0;
  double timeScale = 1, noise = 0;
  bool corrupts = false;
  uint64_t clockReasons = 0;
  int32_t processes = 0;
  // The device's clock, ns.
  double now = 0;
  uint64_t random = 0x9E3779B97F4A7C15;
  int32_t contexts = 0;
  std::map<uint64_t, size_t> allocations;
  std::set<void *> handles;
  int64_t leakedBytes = 0;
  int32_t overruns = 0;

  int64_t liveBytes() const {
    int64_t sum = 0;
    for (auto &allocation : allocations) sum += int64_t(allocation.second);
    return sum;
  }

  // Counts the call and says what it must answer for a fault asked for, 0 for none.
  int32_t enter(const char *call) {
    ++calls[call];
    auto found = failures.find(call);
    if (found == failures.end()) return 0;
    return found->second.remaining-- <= 0 ? found->second.code : 0;
  }
};

extern State state;
extern std::recursive_mutex lock;

}  // namespace fake_gpu
