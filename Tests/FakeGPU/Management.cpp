// The part of NVML that is read.
#include <cstdio>

#include "Driver.hpp"

using namespace fake_gpu;

namespace {
constexpr int32_t insufficientSize = 7, notSupported = 3;
constexpr uint64_t hardwareThermal = 0x40;
struct Memory { unsigned long long total, free, used; };
struct Process { unsigned pid; unsigned long long bytes; unsigned gpuInstance, computeInstance; };
struct Field {
  unsigned identifier, scope;
  long long timestamp, latency;
  uint32_t type;
  int32_t result;
  unsigned long long value;
};
char device;
}  // namespace

FAKE_API nvmlInit_v2(void) { ENTER; return success; }
FAKE_API nvmlShutdown(void) { ENTER; return success; }

FAKE_API nvmlSystemGetDriverVersion(char *version, unsigned capacity) {
  ENTER;
  std::snprintf(version, capacity, "000.00");
  return success;
}

FAKE_API nvmlDeviceGetHandleByPciBusId_v2(const char *, void **handle) { ENTER; *handle = &device; return success; }

// SM 1000 MHz, memory 1000 MHz; 40 °C; 70 of 100 W in the last second. While work is queued, SM 900 MHz and 60 °C.
FAKE_API nvmlDeviceGetClockInfo(void *, int clock, unsigned *megahertz) {
  ENTER;
  constexpr int sm = 1;
  *megahertz = clock == sm && state.isWorkQueued ? 900 : 1000;
  return success;
}
FAKE_API nvmlDeviceGetMaxClockInfo(void *, int, unsigned *megahertz) { ENTER; *megahertz = 1000; return success; }
FAKE_API nvmlDeviceGetTemperature(void *, int, unsigned *celsius) { ENTER; *celsius = state.isWorkQueued ? 60 : 40; return success; }
// As nvmlTemperature_v1_t.
struct VersionedTemperature { unsigned version; int sensor, celsius; };
FAKE_API nvmlDeviceGetTemperatureV(void *, VersionedTemperature *temperature) {
  ENTER;
  constexpr int versionMismatch = 25;
  if (temperature->version != (sizeof *temperature | 1u << 24)) return versionMismatch;
  temperature->celsius = state.isWorkQueued ? 60 : 40;
  return success;
}
FAKE_API nvmlDeviceGetPowerUsage(void *, unsigned *milliwatts) { ENTER; *milliwatts = 70000; return success; }
FAKE_API nvmlDeviceGetEnforcedPowerLimit(void *, unsigned *milliwatts) { ENTER; *milliwatts = 100000; return success; }

FAKE_API nvmlDeviceGetCurrentClocksThrottleReasons(void *, unsigned long long *bits) {
  ENTER;
  *bits = state.reasonsNow();
  return success;
}

FAKE_API nvmlDeviceGetCurrentClocksEventReasons(void *, unsigned long long *bits) {
  ENTER;
  *bits = state.reasonsNow();
  return success;
}

FAKE_API nvmlDeviceGetEccMode(void *, int *current, int *pending) { ENTER; *current = *pending = 1; return success; }
FAKE_API nvmlDeviceGetMigMode(void *, unsigned *current, unsigned *pending) { ENTER; *current = *pending = 0; return success; }

FAKE_API nvmlDeviceGetMemoryInfo(void *, Memory *memory) {
  ENTER;
  const auto used = (unsigned long long)state.liveBytes();
  *memory = {state.memory, state.memory - used, used};
  return success;
}

FAKE_API nvmlDeviceGetComputeRunningProcesses_v3(void *, unsigned *count, Process *processes) {
  ENTER;
  const unsigned capacity = *count;
  *count = unsigned(state.processes);
  if (capacity < *count) return insufficientSize;
  for (unsigned i = 0; i < *count; ++i) processes[i] = {1000 + i, 1ull << 30, ~0u, ~0u};
  return success;
}

// Power 30 W, while work is queued 95 W; energy 5 J and 70 W since; slowed down by heat for 2 s, and further while that is a reason; the others are not supported.
FAKE_API nvmlDeviceGetFieldValues(void *, int count, Field *fields) {
  ENTER;
  for (int i = 0; i < count; ++i) {
    Field &field = fields[i];
    field.type = 3;
    field.result = success;
    switch (field.identifier) {
      case 83: field.value = 5000 + (unsigned long long)(state.now * 70e-6); break;
      case 186:
        field.value = state.isWorkQueued ? 95000 : 30000;
        if (!state.hasInstantPower) field.result = notSupported;
        break;
      case 270: field.value = 2000000000 + (unsigned long long)(state.reasonsNow() & hardwareThermal ? state.now : 0); break;
      default: field.result = notSupported;
    }
  }
  return success;
}
