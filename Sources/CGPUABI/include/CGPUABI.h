// The part of the binary interfaces of NVIDIA's libraries that this package calls, written from their documentation.
//
// Types only: nothing here is linked, and no header of CUDA is read, so that the package builds where none is installed.
// `abi_X` is the type of NVIDIA's X. Where a name is followed by _v2, that is the symbol to look up. Tests/ABI/check.c
// compares each declaration with NVIDIA's own.
#pragma once
#include "CUBLASLtABI.h"
#include "CUDADriverABI.h"
#include "NCCLABI.h"
#include "NVMLABI.h"
#include "NVRTCABI.h"
