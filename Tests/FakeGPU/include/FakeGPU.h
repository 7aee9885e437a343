// A stand-in for libcuda.so.1, libnvidia-ml.so.1, libnvrtc and libcublasLt, for tests: no GPU, a clock of its own, and faults
// on demand.
//
// Device memory is host memory. Work runs when it is queued, and takes a made-up time of the stand-in's own clock (2 µs and
// 200 bytes a nanosecond), so that times are the same in every run. The product's kernels run as the library CPUKernels beside
// this one has them, and check each access; without that library they are not found. A launch like one before only takes its
// time (Emulator.cpp says when).
//
// Switches, for the environment variable FAKE_GPU and for fake_gpu_apply, separated by blanks. Where one has @N, N calls,
// launches or times go well before it shows:
//   devices=0                     no GPU
//   version=11000                 an old driver, as cuDriverGetVersion writes it
//   attribute=16:132              CUDA's device attribute 16 is 132
//   memory=1000000                bytes of the device
//   workspace=4096  algorithm=0   cuBLASLt's algorithm needs that many bytes; it has none
//   algorithms=8  fastest=3       cuBLASLt offers eight, of which the fourth takes half the time of the others
//   fail=cuMemAlloc_v2@2:2        a function's third call and all later ones answer 2 (of any library)
//   architectures=75,90           what the compiler knows
//   refuse=rmsnorm.cu             the compiler refuses that program, with a log
//   fault=700                     the next launch ends with 700: it shows at the next synchronization, and never goes away
//   fault=rmsnorm_f16@3:702       the fourth launch of that kernel does
//   interrupt=10                  the eleventh launch raises SIGINT
//   interrupt=rmsnorm_f16@3       the fourth launch of that kernel does
//   corrupt=rmsnorm_f16           the kernel computes one element of each of its outputs wrong
//   corrupt=rmsnorm_f16@2         from its third real run on (Emulator.cpp)
//   corrupt=1                     copies on the device flip a bit
//   scale=1.1  noise=0.2          event times are 1.1 times as long; off by up to 20 % to either side
//   graphlaunch=5000              launching a graph takes 5000 ns of the device's time beside its work
//   eventrecord=1500              recording an event takes 1500 ns, behind the time that it remembers
//   drift=0.01                    each event time is longer than the one before, by 1 % of the first
//   sink=0.001                    the same from rest on: clocks that sink while the GPU works, until a stream is waited for
//   reasons=64@30                 NVML: why the clocks are low, behind the 30th event time
//   loadreasons=4                 NVML: further reasons while work is queued that nobody has waited for
//   instantpower=0                NVML knows no power but the mean of the last second
//   processes=2                   NVML: others that compute here
//   report=FILE                   at exit, lines of a name and a number go to that file: live_bytes live_handles contexts
//                                 leaked_bytes overruns launches real_runs
// While work is queued, NVML's SM clock is 900 MHz, not 1000, the temperature 60 °C, not 40, the instant's power 95 W, not 30.
// cuBLASLt's kernel is fake_gemm. A missing NVML is none of these: ROOFLINE_NVML names a file that is not there.
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
// The switches above.
void fake_gpu_apply(const char *switches);
// Copies on the device flip a bit.
void fake_gpu_set_corruption(int32_t isOn);
// NVML: why the clocks are where they are, and how many others compute here.
void fake_gpu_set_clock_reasons(uint64_t bits);
void fake_gpu_set_processes(int32_t count);

// How often a function was called.
int32_t fake_gpu_calls(const char *call);
// Kernels launched, by graphs too; and how often one of the product's really ran.
int64_t fake_gpu_launches(void);
int64_t fake_gpu_real_runs(void);
// For what the compiler compiled last, e.g. sm_90.
const char *fake_gpu_compiled_for(void);
// Of one kernel.
int64_t fake_gpu_runs_of(const char *kernel);
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
