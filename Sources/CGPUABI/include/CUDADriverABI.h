// libcuda.so.1, the CUDA driver.
#pragma once
#include <stddef.h>
#include <stdint.h>

// CUuuid: 16 bytes.
typedef struct abi_CUuuid_st {
  uint8_t bytes[16];
} abi_CUuuid_st;

#ifndef ABI_CHECK  // Tests/ABI/check.c puts NVIDIA's own types in the place of these.
// Results and enumerations are open sets: a newer driver may answer what this file does not name.
typedef int32_t abi_CUresult;
typedef int32_t abi_CUdevice;
typedef int32_t abi_CUdevice_attribute;
typedef int32_t abi_CUfunction_attribute;
typedef int32_t abi_CUstreamCaptureMode;
typedef int32_t abi_CUgraphNodeType;
typedef abi_CUuuid_st abi_CUuuid;
typedef unsigned long long abi_CUdeviceptr;
// Handles. Each pointee has its own complete type, so that a stream cannot be passed as an event, in Swift either.
typedef struct abi_CUctx_st { uint8_t opaque; } *abi_CUcontext;
typedef struct abi_CUmod_st { uint8_t opaque; } *abi_CUmodule;
typedef struct abi_CUfunc_st { uint8_t opaque; } *abi_CUfunction;
typedef struct abi_CUkern_st { uint8_t opaque; } *abi_CUkernel;
typedef struct abi_CUstream_st { uint8_t opaque; } *abi_CUstream;
typedef struct abi_CUevent_st { uint8_t opaque; } *abi_CUevent;
typedef struct abi_CUgraph_st { uint8_t opaque; } *abi_CUgraph;
typedef struct abi_CUgraphExec_st { uint8_t opaque; } *abi_CUgraphExec;
typedef struct abi_CUgraphNode_st { uint8_t opaque; } *abi_CUgraphNode;
typedef struct abi_CUDA_KERNEL_NODE_PARAMS_v2_st abi_CUDA_KERNEL_NODE_PARAMS_v2;
#endif

// A kernel as a graph launches it. `kern`, a library's kernel, counts where `func` is null.
struct abi_CUDA_KERNEL_NODE_PARAMS_v2_st {
  abi_CUfunction _Nullable func;
  unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;  // dynamic, of a block
  void *_Nullable *_Nullable kernelParams;
  void *_Nullable *_Nullable extra;
  abi_CUkernel _Nullable kern;
  abi_CUcontext _Nullable ctx;
};

enum {
  abi_CUDA_SUCCESS = 0,
  abi_CUDA_ERROR_OUT_OF_MEMORY = 2,
  abi_CUDA_ERROR_STUB_LIBRARY = 34,
  abi_CUDA_ERROR_NO_DEVICE = 100,
  abi_CUDA_ERROR_JIT_COMPILER_NOT_FOUND = 221,
  abi_CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  abi_CUDA_ERROR_LAUNCH_TIMEOUT = 702,
  abi_CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803,
};

enum {
  abi_CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,  // kHz
  abi_CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  abi_CU_DEVICE_ATTRIBUTE_ECC_ENABLED = 32,
  abi_CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,  // kHz
  abi_CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37,  // bits
  abi_CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,  // bytes
  abi_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  abi_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  abi_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,  // bytes
  abi_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,  // bytes
};

enum {
  abi_CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES = 3,
  abi_CU_FUNC_ATTRIBUTE_NUM_REGS = 4,
  abi_CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
};

enum { abi_CU_STREAM_NON_BLOCKING = 1, abi_CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1, abi_CU_GRAPH_NODE_TYPE_KERNEL = 0 };

// Device. Unless said otherwise a function is looked up by the name of its type.
typedef abi_CUresult (*_Nonnull abi_cuInit)(unsigned flags);
typedef abi_CUresult (*_Nonnull abi_cuDriverGetVersion)(int *_Nonnull version);
typedef abi_CUresult (*_Nonnull abi_cuGetErrorName)(abi_CUresult, const char *_Nullable *_Nonnull name);
typedef abi_CUresult (*_Nonnull abi_cuDeviceGetCount)(int *_Nonnull count);
typedef abi_CUresult (*_Nonnull abi_cuDeviceGet)(abi_CUdevice *_Nonnull, int ordinal);
typedef abi_CUresult (*_Nonnull abi_cuDeviceGetName)(char *_Nonnull name, int capacity, abi_CUdevice);
typedef abi_CUresult (*_Nonnull abi_cuDeviceGetUuid_v2)(abi_CUuuid *_Nonnull, abi_CUdevice);
typedef abi_CUresult (*_Nonnull abi_cuDeviceTotalMem_v2)(size_t *_Nonnull bytes, abi_CUdevice);
typedef abi_CUresult (*_Nonnull abi_cuDeviceGetAttribute)(int *_Nonnull value, abi_CUdevice_attribute, abi_CUdevice);
typedef abi_CUresult (*_Nonnull abi_cuDeviceGetPCIBusId)(char *_Nonnull identifier, int capacity, abi_CUdevice);

// Context and memory.
typedef abi_CUresult (*_Nonnull abi_cuDevicePrimaryCtxRetain)(abi_CUcontext _Nullable *_Nonnull, abi_CUdevice);
typedef abi_CUresult (*_Nonnull abi_cuDevicePrimaryCtxRelease_v2)(abi_CUdevice);
typedef abi_CUresult (*_Nonnull abi_cuCtxSetCurrent)(abi_CUcontext _Nullable);
typedef abi_CUresult (*_Nonnull abi_cuMemGetInfo_v2)(size_t *_Nonnull free, size_t *_Nonnull total);
typedef abi_CUresult (*_Nonnull abi_cuMemAlloc_v2)(abi_CUdeviceptr *_Nonnull, size_t bytes);
typedef abi_CUresult (*_Nonnull abi_cuMemFree_v2)(abi_CUdeviceptr);
typedef abi_CUresult (*_Nonnull abi_cuMemcpyHtoD_v2)(abi_CUdeviceptr to, const void *_Nonnull from, size_t bytes);
typedef abi_CUresult (*_Nonnull abi_cuMemcpyDtoH_v2)(void *_Nonnull to, abi_CUdeviceptr from, size_t bytes);
typedef abi_CUresult (*_Nonnull abi_cuMemcpyDtoDAsync_v2)(
    abi_CUdeviceptr to, abi_CUdeviceptr from, size_t bytes, abi_CUstream _Nullable);
typedef abi_CUresult (*_Nonnull abi_cuMemsetD8Async)(
    abi_CUdeviceptr, unsigned char value, size_t bytes, abi_CUstream _Nullable);

// Modules and launches.
typedef abi_CUresult (*_Nonnull abi_cuModuleLoadData)(abi_CUmodule _Nullable *_Nonnull, const void *_Nonnull image);
typedef abi_CUresult (*_Nonnull abi_cuModuleUnload)(abi_CUmodule _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuModuleGetFunction)(
    abi_CUfunction _Nullable *_Nonnull, abi_CUmodule _Nonnull, const char *_Nonnull name);
typedef abi_CUresult (*_Nonnull abi_cuFuncGetAttribute)(
    int *_Nonnull value, abi_CUfunction_attribute, abi_CUfunction _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuFuncSetAttribute)(abi_CUfunction _Nonnull, abi_CUfunction_attribute, int value);
typedef abi_CUresult (*_Nonnull abi_cuLaunchKernel)(
    abi_CUfunction _Nonnull, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
    unsigned blockZ, unsigned sharedBytes, abi_CUstream _Nullable, void *_Nullable *_Nullable parameters,
    void *_Nullable *_Nullable extra);

// Streams, graphs, events.
typedef abi_CUresult (*_Nonnull abi_cuStreamCreate)(abi_CUstream _Nullable *_Nonnull, unsigned flags);
typedef abi_CUresult (*_Nonnull abi_cuStreamDestroy_v2)(abi_CUstream _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuStreamSynchronize)(abi_CUstream _Nullable);
typedef abi_CUresult (*_Nonnull abi_cuStreamBeginCapture_v2)(abi_CUstream _Nonnull, abi_CUstreamCaptureMode);
typedef abi_CUresult (*_Nonnull abi_cuStreamEndCapture)(abi_CUstream _Nonnull, abi_CUgraph _Nullable *_Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuGraphInstantiateWithFlags)(
    abi_CUgraphExec _Nullable *_Nonnull, abi_CUgraph _Nonnull, unsigned long long flags);
typedef abi_CUresult (*_Nonnull abi_cuGraphLaunch)(abi_CUgraphExec _Nonnull, abi_CUstream _Nullable);
typedef abi_CUresult (*_Nonnull abi_cuGraphExecDestroy)(abi_CUgraphExec _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuGraphDestroy)(abi_CUgraph _Nonnull);
// Which kernels a graph has: cuGraphKernelNodeGetParams_v2 and cuKernelGetFunction since CUDA 12.0, cuFuncGetName since 12.3.
// Without room for nodes, cuGraphGetNodes says how many there are. The driver keeps the name.
typedef abi_CUresult (*_Nonnull abi_cuGraphGetNodes)(
    abi_CUgraph _Nonnull, abi_CUgraphNode _Nullable *_Nullable nodes, size_t *_Nonnull count);
typedef abi_CUresult (*_Nonnull abi_cuGraphNodeGetType)(abi_CUgraphNode _Nonnull, abi_CUgraphNodeType *_Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuGraphKernelNodeGetParams_v2)(
    abi_CUgraphNode _Nonnull, abi_CUDA_KERNEL_NODE_PARAMS_v2 *_Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuKernelGetFunction)(abi_CUfunction _Nullable *_Nonnull, abi_CUkernel _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuFuncGetName)(const char *_Nullable *_Nonnull name, abi_CUfunction _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuEventCreate)(abi_CUevent _Nullable *_Nonnull, unsigned flags);
typedef abi_CUresult (*_Nonnull abi_cuEventDestroy_v2)(abi_CUevent _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuEventRecord)(abi_CUevent _Nonnull, abi_CUstream _Nullable);
typedef abi_CUresult (*_Nonnull abi_cuEventSynchronize)(abi_CUevent _Nonnull);
typedef abi_CUresult (*_Nonnull abi_cuEventElapsedTime)(
    float *_Nonnull milliseconds, abi_CUevent _Nonnull start, abi_CUevent _Nonnull end);
