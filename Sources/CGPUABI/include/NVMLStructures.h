// The structures that NVML fills in.
#pragma once
#include <stdint.h>

// Bytes. `used` counts what the driver reserves, too.
struct abi_nvmlMemory_st {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// A process that computes on the device. Memory is all ones where NVML cannot tell.
struct abi_nvmlProcessInfo_st {
  unsigned pid;
  unsigned long long usedGpuMemory;
  unsigned gpuInstanceId;
  unsigned computeInstanceId;
};

union abi_nvmlValue_st {
  double dVal;
  int siVal;
  unsigned uiVal;
  unsigned long ulVal;
  unsigned long long ullVal;
  signed long long sllVal;
  unsigned short usVal;
};

struct abi_nvmlFieldValue_st {
  unsigned fieldId;
  unsigned scopeId;
  long long timestamp;
  long long latencyUsec;
  uint32_t valueType;
  uint32_t nvmlReturn;
  union abi_nvmlValue_st value;
};

struct abi_nvmlTemperature_v1_st {
  unsigned version;
  int32_t sensorType;
  int temperature;
};
