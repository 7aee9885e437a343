// libnccl 2, collectives between GPUs.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "CUDADriverABI.h"

#ifndef ABI_CHECK
typedef int32_t abi_ncclResult_t;
typedef int32_t abi_ncclDataType_t;
typedef int32_t abi_ncclRedOp_t;
typedef struct abi_ncclComm { uint8_t opaque; } *abi_ncclComm_t;
#endif

enum {
  abi_ncclSuccess = 0,
  // ncclDataType_t.
  abi_ncclFloat16 = 6, abi_ncclFloat32 = 7, abi_ncclBfloat16 = 9,
  // ncclRedOp_t.
  abi_ncclSum = 0,
};

typedef abi_ncclResult_t (*_Nonnull abi_ncclGetVersion)(int *_Nonnull);
typedef const char *_Nullable (*_Nonnull abi_ncclGetErrorString)(abi_ncclResult_t);
typedef abi_ncclResult_t (*_Nonnull abi_ncclCommInitAll)(
    abi_ncclComm_t _Nullable *_Nonnull, int count, const int *_Nonnull devices);
typedef abi_ncclResult_t (*_Nonnull abi_ncclCommDestroy)(abi_ncclComm_t _Nonnull);
// ncclGroupStart, ncclGroupEnd.
typedef abi_ncclResult_t (*_Nonnull abi_ncclGroup)(void);
// ncclAllReduce: elements of the whole buffer. ncclReduceScatter: of what a rank receives.
typedef abi_ncclResult_t (*_Nonnull abi_ncclReduce)(
    const void *_Nonnull send, void *_Nonnull receive, size_t count, abi_ncclDataType_t type,
    abi_ncclRedOp_t operation, abi_ncclComm_t _Nonnull, abi_CUstream _Nonnull);
// ncclAllGather: elements of what a rank sends.
typedef abi_ncclResult_t (*_Nonnull abi_ncclAllGather)(
    const void *_Nonnull send, void *_Nonnull receive, size_t count, abi_ncclDataType_t type,
    abi_ncclComm_t _Nonnull, abi_CUstream _Nonnull);
