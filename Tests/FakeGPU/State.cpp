// The switches of the stand-in.
#include "State.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "FakeGPU.h"

namespace fake_gpu {

State state;
std::recursive_mutex lock;

namespace {

// One switch of FAKE_GPU, e.g. `fail=cuMemAlloc_v2@2:2`.
void apply(const std::string &word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos) return;
  const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
  const double number = std::strtod(value.c_str(), nullptr);
  const auto colon = value.find(':'), at = value.find('@');
  const auto after = [](const std::string &text, size_t position) {
    return std::atoi(text.c_str() + (position == std::string::npos ? text.size() : position + 1));
  };
  if (key == "devices") state.devices = int32_t(number);
  if (key == "version") state.driverVersion = int32_t(number);
  if (key == "fail") state.failures[value.substr(0, std::min(at, colon))] = {after(value, at), after(value, colon)};
  if (key == "fault") state.kernelFault = int32_t(number);
  if (key == "scale") state.timeScale = number;
  if (key == "noise") state.noise = number;
  if (key == "reasons") state.clockReasons = uint64_t(number);
  if (key == "processes") state.processes = int32_t(number);
  if (key == "corrupt") state.corrupts = number != 0;
  if (key == "attribute") state.attributes[std::atoi(value.c_str())] = after(value, colon);
  if (key == "memory") state.memory = uint64_t(number);
}

void reset() {
  for (auto &allocation : state.allocations) std::free(reinterpret_cast<void *>(allocation.first));
  state = State{};
  const char *switches = std::getenv("FAKE_GPU");
  std::istringstream words(switches ? switches : "");
  for (std::string word; words >> word;) apply(word);
}

const bool isReset = (reset(), true);

}  // namespace
}  // namespace fake_gpu

using namespace fake_gpu;
#define LOCKED std::lock_guard<std::recursive_mutex> hold(lock)

void fake_gpu_reset(void) { LOCKED; reset(); }
void fake_gpu_set_devices(int32_t count) { LOCKED; state.devices = count; }
void fake_gpu_set_driver_version(int32_t version) { LOCKED; state.driverVersion = version; }
void fake_gpu_set_name(const char *name) { LOCKED; state.name = name; }
void fake_gpu_set_attribute(int32_t attribute, int32_t value) { LOCKED; state.attributes[attribute] = value; }
void fake_gpu_set_memory(uint64_t bytes) { LOCKED; state.memory = bytes; }
void fake_gpu_fail(const char *call, int32_t after, int32_t code) { LOCKED; state.failures[call] = {after, code}; }
void fake_gpu_fault_kernel(int32_t code) { LOCKED; state.kernelFault = code; }
void fake_gpu_set_time_scale(double scale) { LOCKED; state.timeScale = scale; }
void fake_gpu_set_noise(double share) { LOCKED; state.noise = share; }
void fake_gpu_set_corruption(int32_t isOn) { LOCKED; state.corrupts = isOn != 0; }
void fake_gpu_set_clock_reasons(uint64_t bits) { LOCKED; state.clockReasons = bits; }
void fake_gpu_set_processes(int32_t count) { LOCKED; state.processes = count; }

int32_t fake_gpu_calls(const char *call) { LOCKED; return state.calls[call]; }
int64_t fake_gpu_live_bytes(void) { LOCKED; return state.liveBytes(); }
int32_t fake_gpu_live_handles(void) { LOCKED; return int32_t(state.handles.size()) + state.contexts; }
int64_t fake_gpu_leaked_bytes(void) { LOCKED; return state.leakedBytes; }
int32_t fake_gpu_overruns(void) { LOCKED; return state.overruns; }
