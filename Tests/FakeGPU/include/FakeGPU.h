// A stand-in for libcuda.so.1, libnvidia-ml.so.1 and libnvrtc, for tests: no GPU, a clock of its own, and faults on demand.
//
// Device memory is host memory. Work runs when it is queued, and takes what the kernel says it takes of the stand-in's own
// clock, so that times are the same in every run. The environment variable FAKE_GPU holds the same switches for a process
// that cannot call these functions, separated by blanks:
//   devices=0  version=11000  fail=cuMemAlloc_v2@2:2  fault=700  scale=1.1  noise=0.2  reasons=64  processes=2
//   corrupt=1  attribute=16:132  memory=85899345920
#pragma once
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

// Everything as at the start: one device, no faults, no memory, what FAKE_GPU says.
void fake_gpu_reset(void);
void fake_gpu_set_devices(int32_t count);
// As cuDriverGetVersion writes it: 13000 is CUDA 13.0.
void fake_gpu_set_driver_version(int32_t version);
void fake_gpu_set_name(const char *name);
void fake_gpu_set_attribute(int32_t attribute, int32_t value);
void fake_gpu_set_memory(uint64_t bytes);
// The call after the next `after` calls of that name answers the code, as do all later ones.
void fake_gpu_fail(const char *call, int32_t after, int32_t code);
// The next kernel ends with the error; as on a GPU, it shows at the next synchronization and then never goes away.
void fake_gpu_fault_kernel(int32_t code);
// Every event time is multiplied by it.
void fake_gpu_set_time_scale(double scale);
// Every event time is off by up to this share of it, to either side.
void fake_gpu_set_noise(double share);
// Copies on the device flip a bit.
void fake_gpu_set_corruption(int32_t isOn);
// NVML: why the clocks are where they are, and how many others compute here.
void fake_gpu_set_clock_reasons(uint64_t bits);
void fake_gpu_set_processes(int32_t count);

// How often a function was called.
int32_t fake_gpu_calls(const char *call);
// Bytes of device memory allocated and not yet freed.
int64_t fake_gpu_live_bytes(void);
// Contexts, streams, events, modules and graphs that are still there.
int32_t fake_gpu_live_handles(void);
// Bytes that were still allocated when a healthy context went away: leaks that CUDA covers up.
int64_t fake_gpu_leaked_bytes(void);
// Allocations behind whose end something was written, seen when they were freed.
int32_t fake_gpu_overruns(void);

#ifdef __cplusplus
}
#endif
