// libcublasLt, NVIDIA's matrix products.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "CUDADriverABI.h"

// An algorithm with its configuration, which only the library reads.
struct abi_cublasLtMatmulAlgo_st {
  uint64_t data[8];
};

#ifndef ABI_CHECK
typedef int32_t abi_cublasStatus_t;
typedef int32_t abi_cublasComputeType_t;
typedef int32_t abi_cudaDataType;
typedef int32_t abi_cublasLtMatrixLayoutAttribute_t;
typedef int32_t abi_cublasLtMatmulDescAttributes_t;
typedef int32_t abi_cublasLtMatmulPreferenceAttributes_t;
typedef int32_t abi_cublasLtMatmulAlgoConfigAttributes_t;
typedef struct abi_cublasLtMatmulAlgo_st abi_cublasLtMatmulAlgo_t;
typedef struct abi_cublasLtContext_st { uint8_t opaque; } *abi_cublasLtHandle_t;
typedef struct abi_cublasLtMatrixLayout_st { uint8_t opaque; } *abi_cublasLtMatrixLayout_t;
typedef struct abi_cublasLtMatmulDesc_st { uint8_t opaque; } *abi_cublasLtMatmulDesc_t;
typedef struct abi_cublasLtMatmulPreference_st { uint8_t opaque; } *abi_cublasLtMatmulPreference_t;
#endif

// An algorithm that the library proposes; the fields count where `state` is success.
struct abi_cublasLtMatmulHeuristicResult_st {
  abi_cublasLtMatmulAlgo_t algo;
  size_t workspaceSize;  // bytes
  abi_cublasStatus_t state;
  float wavesCount;  // 1: its blocks fill the GPU once
  int reserved[4];
};
#ifndef ABI_CHECK
typedef struct abi_cublasLtMatmulHeuristicResult_st abi_cublasLtMatmulHeuristicResult_t;
#endif

enum { abi_CUBLAS_STATUS_SUCCESS = 0, abi_CUBLAS_STATUS_NOT_SUPPORTED = 15 };
enum { abi_CUBLAS_OP_N = 0, abi_CUBLAS_OP_T = 1 };
// fp32 on CUDA cores (inputs of 16 and 8 bits: on tensor cores), fp32 through tf32, and 32-bit integers.
enum { abi_CUBLAS_COMPUTE_32F = 68, abi_CUBLAS_COMPUTE_32F_FAST_TF32 = 77, abi_CUBLAS_COMPUTE_32I = 72 };
enum {
  abi_CUDA_R_32F = 0,
  abi_CUDA_R_16F = 2,
  abi_CUDA_R_8I = 3,
  abi_CUDA_R_32I = 10,
  abi_CUDA_R_16BF = 14,
  abi_CUDA_R_8F_E4M3 = 28,
};
enum {
  abi_CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT = 5,  // int32_t
  abi_CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET = 6,  // int64_t, elements
};
enum {
  abi_CUBLASLT_MATMUL_DESC_TRANSA = 3,  // int32_t
  abi_CUBLASLT_MATMUL_DESC_EPILOGUE = 7,  // uint32_t
  abi_CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8,  // const void *
  abi_CUBLASLT_MATMUL_DESC_FAST_ACCUM = 25,  // int8_t
};
enum {
  abi_CUBLASLT_EPILOGUE_DEFAULT = 1,
  abi_CUBLASLT_EPILOGUE_BIAS = 4,
  abi_CUBLASLT_EPILOGUE_GELU = 32,
  abi_CUBLASLT_EPILOGUE_GELU_BIAS = 36,
};
// Bytes: size_t, then uint32_t.
enum {
  abi_CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
  abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
  abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
  abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
  abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8,
};
// 32-bit numbers, the last one of 16 bits.
enum {
  abi_CUBLASLT_ALGO_CONFIG_ID = 0,
  abi_CUBLASLT_ALGO_CONFIG_TILE_ID = 1,
  abi_CUBLASLT_ALGO_CONFIG_SPLITK_NUM = 2,
  abi_CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME = 3,
  abi_CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING = 4,
  abi_CUBLASLT_ALGO_CONFIG_STAGES_ID = 6,
  abi_CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID = 8,
};

// major × 10000 + minor × 100 + patch (major × 1000 before version 11).
typedef size_t (*_Nonnull abi_cublasLtGetVersion)(void);
typedef const char *_Nullable (*_Nonnull abi_cublasLtGetStatusName)(abi_cublasStatus_t);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtCreate)(abi_cublasLtHandle_t _Nullable *_Nonnull);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtDestroy)(abi_cublasLtHandle_t _Nonnull);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatrixLayoutCreate)(
    abi_cublasLtMatrixLayout_t _Nullable *_Nonnull, abi_cudaDataType, uint64_t rows, uint64_t columns,
    int64_t leadingDimension);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatrixLayoutDestroy)(abi_cublasLtMatrixLayout_t _Nonnull);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatrixLayoutSetAttribute)(
    abi_cublasLtMatrixLayout_t _Nonnull, abi_cublasLtMatrixLayoutAttribute_t, const void *_Nonnull value, size_t bytes);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulDescCreate)(
    abi_cublasLtMatmulDesc_t _Nullable *_Nonnull, abi_cublasComputeType_t, abi_cudaDataType scale);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulDescDestroy)(abi_cublasLtMatmulDesc_t _Nonnull);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulDescSetAttribute)(
    abi_cublasLtMatmulDesc_t _Nonnull, abi_cublasLtMatmulDescAttributes_t, const void *_Nonnull value, size_t bytes);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulPreferenceCreate)(
    abi_cublasLtMatmulPreference_t _Nullable *_Nonnull);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulPreferenceDestroy)(abi_cublasLtMatmulPreference_t _Nonnull);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulPreferenceSetAttribute)(
    abi_cublasLtMatmulPreference_t _Nonnull, abi_cublasLtMatmulPreferenceAttributes_t, const void *_Nonnull value,
    size_t bytes);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulAlgoGetHeuristic)(
    abi_cublasLtHandle_t _Nonnull, abi_cublasLtMatmulDesc_t _Nonnull, abi_cublasLtMatrixLayout_t _Nonnull a,
    abi_cublasLtMatrixLayout_t _Nonnull b, abi_cublasLtMatrixLayout_t _Nonnull c, abi_cublasLtMatrixLayout_t _Nonnull d,
    abi_cublasLtMatmulPreference_t _Nonnull, int capacity, abi_cublasLtMatmulHeuristicResult_t *_Nonnull,
    int *_Nonnull count);
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmulAlgoConfigGetAttribute)(
    const abi_cublasLtMatmulAlgo_t *_Nonnull, abi_cublasLtMatmulAlgoConfigAttributes_t, void *_Nonnull value, size_t bytes,
    size_t *_Nonnull written);
// D = α·op(A)·op(B) + β·C, column-major; α and β in the host's memory.
typedef abi_cublasStatus_t (*_Nonnull abi_cublasLtMatmul)(
    abi_cublasLtHandle_t _Nonnull, abi_cublasLtMatmulDesc_t _Nonnull, const void *_Nonnull alpha, const void *_Nonnull a,
    abi_cublasLtMatrixLayout_t _Nonnull, const void *_Nonnull b, abi_cublasLtMatrixLayout_t _Nonnull,
    const void *_Nonnull beta, const void *_Nonnull c, abi_cublasLtMatrixLayout_t _Nonnull, void *_Nonnull d,
    abi_cublasLtMatrixLayout_t _Nonnull, const abi_cublasLtMatmulAlgo_t *_Nonnull, void *_Nullable workspace,
    size_t workspaceBytes, abi_CUstream _Nullable);
