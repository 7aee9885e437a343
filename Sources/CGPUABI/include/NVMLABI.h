// libnvidia-ml.so.1, the management library: clocks, temperature, power, other processes. A container may lack it.
#pragma once
#include <stdint.h>
#include "NVMLStructures.h"

#ifndef ABI_CHECK
typedef int32_t abi_nvmlReturn_t;
typedef int32_t abi_nvmlClockType_t;
typedef int32_t abi_nvmlEnableState_t;
typedef int32_t abi_nvmlTemperatureSensors_t;
typedef struct abi_nvmlMemory_st abi_nvmlMemory_t;
typedef struct abi_nvmlProcessInfo_st abi_nvmlProcessInfo_t;
typedef struct abi_nvmlFieldValue_st abi_nvmlFieldValue_t;
typedef struct abi_nvmlTemperature_v1_st abi_nvmlTemperature_v1_t;
typedef struct abi_nvmlDevice_st { uint8_t opaque; } *abi_nvmlDevice_t;
#endif

enum {
  abi_NVML_SUCCESS = 0,
  abi_NVML_ERROR_INSUFFICIENT_SIZE = 7,
  abi_NVML_CLOCK_SM = 1,
  abi_NVML_CLOCK_MEM = 2,
  abi_NVML_TEMPERATURE_GPU = 0,
  abi_NVML_FEATURE_ENABLED = 1,
  // The version that the structure begins with: its bytes and, above 24 bits, 1.
  abi_nvmlTemperature_v1 = 0x100000C,
};

// Fields of nvmlDeviceGetFieldValues: nanoseconds spent slowed down, by reason, since the driver was loaded; energy in mJ; power in mW.
enum {
  abi_NVML_FI_DEV_PERF_POLICY_POWER = 74,
  abi_NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION = 83,
  abi_NVML_FI_DEV_POWER_INSTANT = 186,
  abi_NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN = 269,
  abi_NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN = 270,
  abi_NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN = 271,
};

enum {
  abi_NVML_VALUE_TYPE_DOUBLE = 0,
  abi_NVML_VALUE_TYPE_UNSIGNED_INT = 1,
  abi_NVML_VALUE_TYPE_UNSIGNED_LONG = 2,
  abi_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG = 3,
  abi_NVML_VALUE_TYPE_SIGNED_LONG_LONG = 4,
  abi_NVML_VALUE_TYPE_SIGNED_INT = 5,
  abi_NVML_VALUE_TYPE_UNSIGNED_SHORT = 6,
};

typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlInit_v2)(void);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlShutdown)(void);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlSystemGetDriverVersion)(char *_Nonnull version, unsigned capacity);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetHandleByPciBusId_v2)(
    const char *_Nonnull identifier, abi_nvmlDevice_t _Nullable *_Nonnull);
// nvmlDeviceGetClockInfo, nvmlDeviceGetMaxClockInfo.
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetClock)(
    abi_nvmlDevice_t _Nonnull, abi_nvmlClockType_t, unsigned *_Nonnull megahertz);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetTemperature)(
    abi_nvmlDevice_t _Nonnull, abi_nvmlTemperatureSensors_t, unsigned *_Nonnull celsius);
// Instead of nvmlDeviceGetTemperature, since CUDA 12.9.
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetTemperatureV)(
    abi_nvmlDevice_t _Nonnull, abi_nvmlTemperature_v1_t *_Nonnull);
// nvmlDeviceGetPowerUsage, nvmlDeviceGetEnforcedPowerLimit.
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetPower)(abi_nvmlDevice_t _Nonnull, unsigned *_Nonnull milliwatts);
// nvmlDeviceGetCurrentClocksEventReasons, and nvmlDeviceGetCurrentClocksThrottleReasons in drivers before CUDA 12.2.
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetReasons)(
    abi_nvmlDevice_t _Nonnull, unsigned long long *_Nonnull bits);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetEccMode)(
    abi_nvmlDevice_t _Nonnull, abi_nvmlEnableState_t *_Nonnull current, abi_nvmlEnableState_t *_Nonnull pending);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetMigMode)(
    abi_nvmlDevice_t _Nonnull, unsigned *_Nonnull current, unsigned *_Nonnull pending);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetMemoryInfo)(
    abi_nvmlDevice_t _Nonnull, abi_nvmlMemory_t *_Nonnull);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetComputeRunningProcesses_v3)(
    abi_nvmlDevice_t _Nonnull, unsigned *_Nonnull count, abi_nvmlProcessInfo_t *_Nullable);
typedef abi_nvmlReturn_t (*_Nonnull abi_nvmlDeviceGetFieldValues)(
    abi_nvmlDevice_t _Nonnull, int count, abi_nvmlFieldValue_t *_Nonnull);
