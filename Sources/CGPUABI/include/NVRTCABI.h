// libnvrtc, CUDA's run-time compiler. It needs no GPU and no driver.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifndef ABI_CHECK
typedef int32_t abi_nvrtcResult;
typedef struct abi_nvrtcProgram_st { uint8_t opaque; } *abi_nvrtcProgram;
#endif

typedef abi_nvrtcResult (*_Nonnull abi_nvrtcVersion)(int *_Nonnull major, int *_Nonnull minor);
typedef const char *_Nullable (*_Nonnull abi_nvrtcGetErrorString)(abi_nvrtcResult);
typedef abi_nvrtcResult (*_Nonnull abi_nvrtcCreateProgram)(
    abi_nvrtcProgram _Nullable *_Nonnull, const char *_Nonnull source, const char *_Nullable name, int headerCount,
    const char *_Nullable const *_Nullable headers, const char *_Nullable const *_Nullable includeNames);
typedef abi_nvrtcResult (*_Nonnull abi_nvrtcDestroyProgram)(abi_nvrtcProgram _Nullable *_Nonnull);
typedef abi_nvrtcResult (*_Nonnull abi_nvrtcCompileProgram)(
    abi_nvrtcProgram _Nonnull, int optionCount, const char *_Nullable const *_Nullable options);
// nvrtcGetNumSupportedArchs, nvrtcGetSupportedArchs.
typedef abi_nvrtcResult (*_Nonnull abi_nvrtcGetArchitectures)(int *_Nonnull);
// nvrtcGetCUBINSize, nvrtcGetPTXSize, nvrtcGetProgramLogSize.
typedef abi_nvrtcResult (*_Nonnull abi_nvrtcGetSize)(abi_nvrtcProgram _Nonnull, size_t *_Nonnull bytes);
// nvrtcGetCUBIN, nvrtcGetPTX, nvrtcGetProgramLog.
typedef abi_nvrtcResult (*_Nonnull abi_nvrtcGetBytes)(abi_nvrtcProgram _Nonnull, char *_Nonnull bytes);
