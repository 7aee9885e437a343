// libcublasLt, NVIDIA's matrix products: for now only which one it is. Its package is too large to check against in CI.
#pragma once
#include <stddef.h>

// major × 10000 + minor × 100 + patch (major × 1000 before version 11).
typedef size_t (*_Nonnull abi_cublasLtGetVersion)(void);
