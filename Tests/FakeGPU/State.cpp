// The switches of the stand-in.
#include "State.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "FakeGPU.h"

namespace fake_gpu {

State state;
std::recursive_mutex lock;

namespace {

std::string reportPath;

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
  const bool isNumber = !value.empty() && std::isdigit((unsigned char)value[0]);
  const Failure failure{after(value, at), after(value, colon)};
  if (key == "fail") state.failures[value.substr(0, std::min(at, colon))] = failure;
  if (key == "fault" && isNumber) state.launchFaults[""] = {0, int32_t(number)};
  if (key == "fault" && !isNumber) state.launchFaults[value.substr(0, std::min(at, colon))] = failure;
  if (key == "interrupt") state.launchesToInterrupt = isNumber ? int64_t(number) : after(value, at);
  if (key == "interrupt" && !isNumber) state.interruptedKernel = value.substr(0, at);
  if (key == "scale") state.timeScale = number;
  if (key == "noise") state.noise = number;
  if (key == "drift") state.drift = number;
  if (key == "sink") state.sink = number;
  if (key == "reasons") {
    state.clockReasons = uint64_t(number);
    state.timesToReasons = after(value, at);
  }
  if (key == "loadreasons") state.loadReasons = uint64_t(number);
  if (key == "instantpower") state.hasInstantPower = number != 0;
  if (key == "processes") state.processes = int32_t(number);
  if (key == "corrupt" && isNumber) state.corrupts = number != 0;
  if (key == "corrupt" && !isNumber) {
    state.corruptKernel = value.substr(0, at);
    state.runsToCorruption = after(value, at);
  }
  if (key == "eventrecord") state.eventRecord = number;
  if (key == "graphlaunch") state.graphLaunch = number;
  if (key == "architectures") {
    state.architectures.clear();
    std::istringstream numbers(value);
    for (std::string word; std::getline(numbers, word, ',');) state.architectures.push_back(std::atoi(word.c_str()));
  }
  if (key == "refuse") state.refusedProgram = value;
  if (key == "attribute") state.attributes[std::atoi(value.c_str())] = after(value, colon);
  if (key == "memory") state.memory = uint64_t(number);
  if (key == "report") reportPath = value;
  if (key == "workspace") state.matrixWorkspace = uint64_t(number);
  if (key == "algorithms") state.matrixAlgorithms = int32_t(number);
  if (key == "fastest") state.fastestAlgorithm = int32_t(number);
  if (key == "algorithm") state.hasMatrixAlgorithm = number != 0;
}

void applyAll(const char *switches) {
  std::istringstream words(switches);
  for (std::string word; words >> word;) apply(word);
}

void reset() {
  freeAllocations();
  state = State{};
  const char *switches = std::getenv("FAKE_GPU");
  applyAll(switches ? switches : "");
}

// What the process leaves behind, for whoever started it.
void report() {
  if (reportPath.empty()) return;
  std::ofstream file(reportPath);
  file << "live_bytes " << state.liveBytes() << "\nlive_handles " << state.handles.size() << "\ncontexts " << state.contexts
       << "\nleaked_bytes " << state.leakedBytes << "\noverruns " << state.overruns << "\nlaunches " << state.launches
       << "\nreal_runs " << state.realRuns << "\n";
}

// The report is registered behind `state`, so that it comes before its end.
const bool isReset = (reset(), std::atexit(report) == 0);

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
void fake_gpu_fault_kernel(int32_t code) { LOCKED; state.launchFaults[""] = {0, code}; }
void fake_gpu_set_time_scale(double scale) { LOCKED; state.timeScale = scale; }
void fake_gpu_set_noise(double share) { LOCKED; state.noise = share; }
void fake_gpu_set_corruption(int32_t isOn) { LOCKED; state.corrupts = isOn != 0; }
void fake_gpu_set_clock_reasons(uint64_t bits) { LOCKED; state.clockReasons = bits; }
void fake_gpu_apply(const char *switches) { LOCKED; applyAll(switches); }
void fake_gpu_set_processes(int32_t count) { LOCKED; state.processes = count; }

int32_t fake_gpu_calls(const char *call) { LOCKED; return state.calls[call]; }
int64_t fake_gpu_launches(void) { LOCKED; return state.launches; }
int64_t fake_gpu_real_runs(void) { LOCKED; return state.realRuns; }
int64_t fake_gpu_runs_of(const char *kernel) { LOCKED; return state.runsOfKernel[kernel]; }
const char *fake_gpu_compiled_for(void) { LOCKED; return state.compiledFor.c_str(); }
int64_t fake_gpu_live_bytes(void) { LOCKED; return state.liveBytes(); }
int32_t fake_gpu_live_handles(void) { LOCKED; return int32_t(state.handles.size()) + state.contexts; }
int64_t fake_gpu_leaked_bytes(void) { LOCKED; return state.leakedBytes; }
int32_t fake_gpu_overruns(void) { LOCKED; return state.overruns; }
