// Compares the declarations of Sources/CGPUABI with NVIDIA's own headers: .ci/abi-check asks a compiler whether they agree.
// The headers of 16-bit floats need a C++ library of NVIDIA's; the calls compared here do not name their types.
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
#define __CUDA_FP8_H__
typedef struct { unsigned short bits; } __half, __half2, __nv_bfloat16;
#include <cublasLt.h>
#include <cuda.h>
#include <nccl.h>
#include <nvml.h>
#include <nvrtc.h>
#include <stddef.h>

// NVIDIA's types take the place of ours, so that each function pointer below must have the real function's type.
#define ABI_CHECK 1
#define abi_CUresult CUresult
#define abi_CUdevice CUdevice
#define abi_CUdevice_attribute CUdevice_attribute
#define abi_CUfunction_attribute CUfunction_attribute
#define abi_CUstreamCaptureMode CUstreamCaptureMode
#define abi_CUgraphNodeType CUgraphNodeType
#define abi_CUuuid CUuuid
#define abi_CUdeviceptr CUdeviceptr
#define abi_CUcontext CUcontext
#define abi_CUmodule CUmodule
#define abi_CUfunction CUfunction
#define abi_CUkernel CUkernel
#ifdef MUST_FAIL  // shows that the check can fail
#define abi_CUstream CUevent
#else
#define abi_CUstream CUstream
#endif
#define abi_CUevent CUevent
#define abi_CUgraph CUgraph
#define abi_CUgraphExec CUgraphExec
#define abi_CUgraphNode CUgraphNode
#define abi_CUDA_KERNEL_NODE_PARAMS_v2 CUDA_KERNEL_NODE_PARAMS_v2
#define abi_nvrtcResult nvrtcResult
#define abi_nvrtcProgram nvrtcProgram
#define abi_nvmlReturn_t nvmlReturn_t
#define abi_nvmlClockType_t nvmlClockType_t
#define abi_nvmlEnableState_t nvmlEnableState_t
#define abi_nvmlTemperatureSensors_t nvmlTemperatureSensors_t
#define abi_nvmlMemory_t nvmlMemory_t
#define abi_nvmlProcessInfo_t nvmlProcessInfo_t
#define abi_nvmlFieldValue_t nvmlFieldValue_t
#define abi_nvmlTemperature_v1_t nvmlTemperature_v1_t
#define abi_nvmlDevice_t nvmlDevice_t
#define abi_cublasStatus_t cublasStatus_t
#define abi_cublasComputeType_t cublasComputeType_t
#define abi_cudaDataType cudaDataType
#define abi_cublasLtMatrixLayoutAttribute_t cublasLtMatrixLayoutAttribute_t
#define abi_cublasLtMatmulDescAttributes_t cublasLtMatmulDescAttributes_t
#define abi_cublasLtMatmulPreferenceAttributes_t cublasLtMatmulPreferenceAttributes_t
#define abi_cublasLtMatmulAlgoConfigAttributes_t cublasLtMatmulAlgoConfigAttributes_t
#define abi_cublasLtMatmulAlgo_t cublasLtMatmulAlgo_t
#define abi_cublasLtMatmulHeuristicResult_t cublasLtMatmulHeuristicResult_t
#define abi_cublasLtHandle_t cublasLtHandle_t
#define abi_cublasLtMatrixLayout_t cublasLtMatrixLayout_t
#define abi_cublasLtMatmulDesc_t cublasLtMatmulDesc_t
#define abi_cublasLtMatmulPreference_t cublasLtMatmulPreference_t
#define abi_ncclResult_t ncclResult_t
#define abi_ncclDataType_t ncclDataType_t
#define abi_ncclRedOp_t ncclRedOp_t
#define abi_ncclComm_t ncclComm_t
#include "CGPUABI.h"

#define SAME(ours, theirs) static const abi_##ours check_##theirs = theirs
#define EQUAL(name) _Static_assert((long long)abi_##name == (long long)(name), #name)
#define FIELD(structure, field) \
  _Static_assert(offsetof(struct abi_##structure##_st, field) == offsetof(structure##_t, field), #structure "." #field)
#define SIZE(structure) _Static_assert(sizeof(struct abi_##structure##_st) == sizeof(structure##_t), #structure)

SAME(cuInit, cuInit);
SAME(cuDriverGetVersion, cuDriverGetVersion);
SAME(cuGetErrorName, cuGetErrorName);
SAME(cuDeviceGetCount, cuDeviceGetCount);
SAME(cuDeviceGet, cuDeviceGet);
SAME(cuDeviceGetName, cuDeviceGetName);
SAME(cuDeviceGetAttribute, cuDeviceGetAttribute);
SAME(cuDeviceGetPCIBusId, cuDeviceGetPCIBusId);
SAME(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain);
SAME(cuDevicePrimaryCtxRelease_v2, cuDevicePrimaryCtxRelease_v2);
SAME(cuCtxSetCurrent, cuCtxSetCurrent);
SAME(cuMemGetInfo_v2, cuMemGetInfo_v2);
SAME(cuDeviceTotalMem_v2, cuDeviceTotalMem_v2);
SAME(cuMemAlloc_v2, cuMemAlloc_v2);
SAME(cuMemFree_v2, cuMemFree_v2);
SAME(cuMemcpyHtoD_v2, cuMemcpyHtoD_v2);
SAME(cuMemcpyDtoH_v2, cuMemcpyDtoH_v2);
SAME(cuMemcpyDtoDAsync_v2, cuMemcpyDtoDAsync_v2);
SAME(cuMemsetD8Async, cuMemsetD8Async);
SAME(cuModuleLoadData, cuModuleLoadData);
SAME(cuModuleUnload, cuModuleUnload);
SAME(cuModuleGetFunction, cuModuleGetFunction);
SAME(cuFuncGetAttribute, cuFuncGetAttribute);
SAME(cuFuncSetAttribute, cuFuncSetAttribute);
SAME(cuLaunchKernel, cuLaunchKernel);
SAME(cuStreamCreate, cuStreamCreate);
SAME(cuStreamDestroy_v2, cuStreamDestroy_v2);
SAME(cuStreamSynchronize, cuStreamSynchronize);
SAME(cuStreamBeginCapture_v2, cuStreamBeginCapture_v2);
SAME(cuStreamEndCapture, cuStreamEndCapture);
SAME(cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags);
SAME(cuGraphLaunch, cuGraphLaunch);
SAME(cuGraphExecDestroy, cuGraphExecDestroy);
SAME(cuGraphDestroy, cuGraphDestroy);
SAME(cuGraphGetNodes, cuGraphGetNodes);
SAME(cuGraphNodeGetType, cuGraphNodeGetType);
SAME(cuGraphKernelNodeGetParams_v2, cuGraphKernelNodeGetParams_v2);
SAME(cuKernelGetFunction, cuKernelGetFunction);
SAME(cuFuncGetName, cuFuncGetName);
SAME(cuEventCreate, cuEventCreate);
SAME(cuEventDestroy_v2, cuEventDestroy_v2);
SAME(cuEventRecord, cuEventRecord);
SAME(cuEventSynchronize, cuEventSynchronize);
SAME(cuEventElapsedTime, cuEventElapsedTime);
SAME(cuDeviceGetUuid_v2, cuDeviceGetUuid_v2);

SAME(nvrtcVersion, nvrtcVersion);
SAME(nvrtcGetErrorString, nvrtcGetErrorString);
SAME(nvrtcCreateProgram, nvrtcCreateProgram);
SAME(nvrtcDestroyProgram, nvrtcDestroyProgram);
SAME(nvrtcCompileProgram, nvrtcCompileProgram);
SAME(nvrtcGetArchitectures, nvrtcGetNumSupportedArchs);
SAME(nvrtcGetArchitectures, nvrtcGetSupportedArchs);
SAME(nvrtcGetSize, nvrtcGetCUBINSize);
SAME(nvrtcGetSize, nvrtcGetPTXSize);
SAME(nvrtcGetSize, nvrtcGetProgramLogSize);
SAME(nvrtcGetBytes, nvrtcGetCUBIN);
SAME(nvrtcGetBytes, nvrtcGetPTX);
SAME(nvrtcGetBytes, nvrtcGetProgramLog);

SAME(nvmlInit_v2, nvmlInit_v2);
SAME(nvmlShutdown, nvmlShutdown);
SAME(nvmlSystemGetDriverVersion, nvmlSystemGetDriverVersion);
SAME(nvmlDeviceGetHandleByPciBusId_v2, nvmlDeviceGetHandleByPciBusId_v2);
SAME(nvmlDeviceGetClock, nvmlDeviceGetClockInfo);
SAME(nvmlDeviceGetClock, nvmlDeviceGetMaxClockInfo);
SAME(nvmlDeviceGetTemperature, nvmlDeviceGetTemperature);
SAME(nvmlDeviceGetTemperatureV, nvmlDeviceGetTemperatureV);
SAME(nvmlDeviceGetPower, nvmlDeviceGetPowerUsage);
SAME(nvmlDeviceGetPower, nvmlDeviceGetEnforcedPowerLimit);
SAME(nvmlDeviceGetReasons, nvmlDeviceGetCurrentClocksThrottleReasons);
SAME(nvmlDeviceGetReasons, nvmlDeviceGetCurrentClocksEventReasons);
SAME(nvmlDeviceGetEccMode, nvmlDeviceGetEccMode);
SAME(nvmlDeviceGetMigMode, nvmlDeviceGetMigMode);
SAME(nvmlDeviceGetMemoryInfo, nvmlDeviceGetMemoryInfo);
SAME(nvmlDeviceGetComputeRunningProcesses_v3, nvmlDeviceGetComputeRunningProcesses_v3);
SAME(nvmlDeviceGetFieldValues, nvmlDeviceGetFieldValues);

SAME(cublasLtGetVersion, cublasLtGetVersion);
SAME(cublasLtGetStatusName, cublasLtGetStatusName);
SAME(cublasLtCreate, cublasLtCreate);
SAME(cublasLtDestroy, cublasLtDestroy);
SAME(cublasLtMatrixLayoutCreate, cublasLtMatrixLayoutCreate);
SAME(cublasLtMatrixLayoutDestroy, cublasLtMatrixLayoutDestroy);
SAME(cublasLtMatrixLayoutSetAttribute, cublasLtMatrixLayoutSetAttribute);
SAME(cublasLtMatmulDescCreate, cublasLtMatmulDescCreate);
SAME(cublasLtMatmulDescDestroy, cublasLtMatmulDescDestroy);
SAME(cublasLtMatmulDescSetAttribute, cublasLtMatmulDescSetAttribute);
SAME(cublasLtMatmulPreferenceCreate, cublasLtMatmulPreferenceCreate);
SAME(cublasLtMatmulPreferenceDestroy, cublasLtMatmulPreferenceDestroy);
SAME(cublasLtMatmulPreferenceSetAttribute, cublasLtMatmulPreferenceSetAttribute);
SAME(cublasLtMatmulAlgoGetHeuristic, cublasLtMatmulAlgoGetHeuristic);
SAME(cublasLtMatmulAlgoConfigGetAttribute, cublasLtMatmulAlgoConfigGetAttribute);
SAME(cublasLtMatmul, cublasLtMatmul);

SAME(ncclGetVersion, ncclGetVersion);
SAME(ncclGetErrorString, ncclGetErrorString);
SAME(ncclCommInitAll, ncclCommInitAll);
SAME(ncclCommDestroy, ncclCommDestroy);
SAME(ncclGroup, ncclGroupStart);
SAME(ncclGroup, ncclGroupEnd);
SAME(ncclReduce, ncclAllReduce);
SAME(ncclReduce, ncclReduceScatter);
SAME(ncclAllGather, ncclAllGather);
EQUAL(ncclSuccess);
EQUAL(ncclFloat16);
EQUAL(ncclFloat32);
EQUAL(ncclBfloat16);
EQUAL(ncclSum);

EQUAL(CUDA_SUCCESS);
EQUAL(CUDA_ERROR_OUT_OF_MEMORY);
EQUAL(CUDA_ERROR_STUB_LIBRARY);
EQUAL(CUDA_ERROR_NO_DEVICE);
EQUAL(CUDA_ERROR_JIT_COMPILER_NOT_FOUND);
EQUAL(CUDA_ERROR_ILLEGAL_ADDRESS);
EQUAL(CUDA_ERROR_LAUNCH_TIMEOUT);
EQUAL(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
EQUAL(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
EQUAL(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
EQUAL(CU_DEVICE_ATTRIBUTE_ECC_ENABLED);
EQUAL(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
EQUAL(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
EQUAL(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
EQUAL(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
EQUAL(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
EQUAL(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
EQUAL(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
EQUAL(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
EQUAL(CU_FUNC_ATTRIBUTE_NUM_REGS);
EQUAL(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
EQUAL(CU_STREAM_NON_BLOCKING);
EQUAL(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
EQUAL(CU_GRAPH_NODE_TYPE_KERNEL);
EQUAL(CUBLAS_STATUS_SUCCESS);
EQUAL(CUBLAS_STATUS_NOT_SUPPORTED);
EQUAL(CUBLAS_OP_N);
EQUAL(CUBLAS_OP_T);
EQUAL(CUBLAS_COMPUTE_32F);
EQUAL(CUBLAS_COMPUTE_32F_FAST_TF32);
EQUAL(CUBLAS_COMPUTE_32I);
EQUAL(CUDA_R_32F);
EQUAL(CUDA_R_16F);
EQUAL(CUDA_R_8I);
EQUAL(CUDA_R_32I);
EQUAL(CUDA_R_16BF);
EQUAL(CUDA_R_8F_E4M3);
EQUAL(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT);
EQUAL(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
EQUAL(CUBLASLT_MATMUL_DESC_TRANSA);
EQUAL(CUBLASLT_MATMUL_DESC_EPILOGUE);
EQUAL(CUBLASLT_MATMUL_DESC_BIAS_POINTER);
EQUAL(CUBLASLT_MATMUL_DESC_FAST_ACCUM);
EQUAL(CUBLASLT_EPILOGUE_DEFAULT);
EQUAL(CUBLASLT_EPILOGUE_BIAS);
EQUAL(CUBLASLT_EPILOGUE_GELU);
EQUAL(CUBLASLT_EPILOGUE_GELU_BIAS);
EQUAL(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
EQUAL(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
EQUAL(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
EQUAL(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
EQUAL(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
EQUAL(CUBLASLT_ALGO_CONFIG_ID);
EQUAL(CUBLASLT_ALGO_CONFIG_TILE_ID);
EQUAL(CUBLASLT_ALGO_CONFIG_SPLITK_NUM);
EQUAL(CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME);
EQUAL(CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING);
EQUAL(CUBLASLT_ALGO_CONFIG_STAGES_ID);
EQUAL(CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID);
EQUAL(NVML_SUCCESS);
EQUAL(NVML_ERROR_INSUFFICIENT_SIZE);
EQUAL(NVML_CLOCK_SM);
EQUAL(NVML_CLOCK_MEM);
EQUAL(NVML_TEMPERATURE_GPU);
EQUAL(NVML_FEATURE_ENABLED);
EQUAL(NVML_FI_DEV_PERF_POLICY_POWER);
EQUAL(NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION);
EQUAL(NVML_FI_DEV_POWER_INSTANT);
EQUAL(nvmlTemperature_v1);
EQUAL(NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN);
EQUAL(NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN);
EQUAL(NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN);
EQUAL(NVML_VALUE_TYPE_DOUBLE);
EQUAL(NVML_VALUE_TYPE_UNSIGNED_INT);
EQUAL(NVML_VALUE_TYPE_UNSIGNED_LONG);
EQUAL(NVML_VALUE_TYPE_UNSIGNED_LONG_LONG);
EQUAL(NVML_VALUE_TYPE_SIGNED_LONG_LONG);
EQUAL(NVML_VALUE_TYPE_SIGNED_INT);
EQUAL(NVML_VALUE_TYPE_UNSIGNED_SHORT);

_Static_assert(sizeof(CUuuid) == sizeof(abi_CUuuid_st), "CUuuid");
_Static_assert(sizeof(CUdeviceptr) == 8 && sizeof(CUdevice) == 4 && sizeof(CUresult) == 4, "widths");
_Static_assert(sizeof(CUgraphNodeType) == 4, "widths");
_Static_assert(sizeof(nvmlReturn_t) == 4 && sizeof(nvrtcResult) == 4 && sizeof(nvmlEnableState_t) == 4, "widths");
_Static_assert(sizeof(cublasStatus_t) == 4 && sizeof(cudaDataType) == 4 && sizeof(cublasComputeType_t) == 4, "widths");
// Its name does not end as the others' do.
typedef CUDA_KERNEL_NODE_PARAMS_v2 CUDA_KERNEL_NODE_PARAMS_v2_t;
SIZE(CUDA_KERNEL_NODE_PARAMS_v2);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, func);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, gridDimX);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, gridDimY);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, gridDimZ);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, blockDimX);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, blockDimY);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, blockDimZ);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, sharedMemBytes);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, kernelParams);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, extra);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, kern);
FIELD(CUDA_KERNEL_NODE_PARAMS_v2, ctx);
SIZE(nvmlMemory);
FIELD(nvmlMemory, total);
FIELD(nvmlMemory, free);
FIELD(nvmlMemory, used);
SIZE(nvmlProcessInfo);
FIELD(nvmlProcessInfo, pid);
FIELD(nvmlProcessInfo, usedGpuMemory);
FIELD(nvmlProcessInfo, gpuInstanceId);
FIELD(nvmlProcessInfo, computeInstanceId);
SIZE(nvmlTemperature_v1);
FIELD(nvmlTemperature_v1, version);
FIELD(nvmlTemperature_v1, sensorType);
FIELD(nvmlTemperature_v1, temperature);
SIZE(nvmlFieldValue);
FIELD(nvmlFieldValue, fieldId);
FIELD(nvmlFieldValue, scopeId);
FIELD(nvmlFieldValue, timestamp);
FIELD(nvmlFieldValue, latencyUsec);
FIELD(nvmlFieldValue, valueType);
FIELD(nvmlFieldValue, nvmlReturn);
FIELD(nvmlFieldValue, value);
SIZE(cublasLtMatmulAlgo);
SIZE(cublasLtMatmulHeuristicResult);
FIELD(cublasLtMatmulHeuristicResult, algo);
FIELD(cublasLtMatmulHeuristicResult, workspaceSize);
FIELD(cublasLtMatmulHeuristicResult, state);
FIELD(cublasLtMatmulHeuristicResult, wavesCount);
