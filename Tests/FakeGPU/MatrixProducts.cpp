// libcublasLt's functions: one algorithm, which computes on the CPU in double precision.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "Driver.hpp"

using namespace fake_gpu;

FAKE_API cuLaunchKernel(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);

namespace {
enum Status : int32_t {
  notInitialized = 1, invalidArgument = 7, executionFailed = 13, notSupported = 15,
};
enum Type : int32_t { float32 = 0, float16 = 2, int8 = 3, int32 = 10, bfloat16 = 14, e4m3 = 28 };
enum Compute : int32_t { compute32F = 68, computeTF32 = 77, compute32I = 72 };
enum Epilogue : uint32_t { plain = 1, withBias = 4, withGelu = 32 };

struct Layout {
  int32_t type;
  uint64_t rows, columns;
  int64_t leadingDimension;
  int32_t batchCount = 1;
  int64_t batchStride = 0;

  uint64_t bytes() const { return type == int8 || type == e4m3 ? 1 : type == float16 || type == bfloat16 ? 2 : 4; }
};

struct Operation {
  int32_t compute, scale, transA = 0;
  uint32_t epilogue = plain;
  const void *bias = nullptr;
  int8_t fastAccumulation = 0;
};

struct Preference {
  size_t workspace = 0;
  uint32_t alignment[4] = {256, 256, 256, 256};
};

struct Library {};

// The configured algorithm; the real one is as large.
struct Algorithm {
  uint64_t workspace, alignment, index, unused[5];
};

struct HeuristicResult {
  Algorithm algorithm;
  size_t workspace;
  int32_t state;
  float waves;
  int reserved[4];
};

// A product as a graph keeps it.
struct Product {
  Operation operation;
  Layout a, b, d;
  const void *pointerA, *pointerB;
  void *pointerD;
  uint64_t algorithm;
};

template <typename Handle, typename... Values> int32_t create(void **handle, Values... values) {
  *handle = new Handle{values...};
  state.handles.insert(*handle);
  return success;
}

template <typename Handle> int32_t destroy(void *handle) {
  if (!state.handles.erase(handle)) return invalidArgument;
  delete static_cast<Handle *>(handle);
  return success;
}

// An attribute's value must come in the attribute's own width.
template <typename Value> int32_t assign(Value &to, const void *from, size_t bytes) {
  if (bytes != sizeof to) return invalidArgument;
  std::memcpy(&to, from, bytes);
  return success;
}

double fromE4M3(uint8_t bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if (exponent == 15 && mantissa == 7) return NAN;
  const double size = exponent ? std::ldexp(8 + mantissa, exponent - 10) : std::ldexp(mantissa, -9);
  return bits & 0x80 ? -size : size;
}

template <typename T> T at(const void *from, uint64_t index) {
  T value;
  std::memcpy(&value, static_cast<const T *>(from) + index, sizeof value);
  return value;
}

float floatFrom(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

double load(const void *from, uint64_t index, int32_t type, int32_t compute) {
  switch (type) {
    case float16: return double(at<_Float16>(from, index));
    case bfloat16: return floatFrom(uint32_t(at<uint16_t>(from, index)) << 16);
    case int8: return at<int8_t>(from, index);
    case e4m3: return fromE4M3(at<uint8_t>(from, index));
    case int32: return at<int32_t>(from, index);
  }
  if (compute != computeTF32) return at<float>(from, index);
  return floatFrom((at<uint32_t>(from, index) + 0x1000) & ~0x1FFFu);  // 10 bits of mantissa stay
}

void store(void *to, uint64_t index, int32_t type, double value) {
  if (type == float16) {
    static_cast<_Float16 *>(to)[index] = _Float16(value);
  } else if (type == bfloat16) {
    const float single = float(value);
    uint32_t bits;
    std::memcpy(&bits, &single, 4);
    static_cast<uint16_t *>(to)[index] = uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  } else if (type == int32) {
    static_cast<int32_t *>(to)[index] = int32_t(value);
  } else {
    static_cast<float *>(to)[index] = float(value);
  }
}

double gelu(double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

// A matrix of a batch, row by row, converted once.
std::vector<double> values(const Layout &layout, const void *from, int64_t batch, bool byRow, int32_t compute) {
  std::vector<double> values(layout.rows * layout.columns);
  for (uint64_t i = 0; i < values.size(); ++i) {
    const uint64_t row = byRow ? i / layout.columns : i % layout.rows, column = byRow ? i % layout.columns : i / layout.rows;
    values[i] = load(from, row + column * layout.leadingDimension + batch * layout.batchStride, layout.type, compute);
  }
  return values;
}

void compute(const Kernel &kernel, const Product &product) {
  const auto &[operation, a, b, d, pointerA, pointerB, pointerD, algorithm] = product;
  for (int64_t batch = 0; batch < d.batchCount; ++batch) {
    // Both so that what is summed over lies together.
    const std::vector<double> left = values(a, pointerA, batch, !operation.transA, operation.compute);
    const std::vector<double> right = values(b, pointerB, batch, false, operation.compute);
    for (uint64_t column = 0; column < d.columns; ++column) {
      for (uint64_t row = 0; row < d.rows; ++row) {
        const double *x = left.data() + row * b.rows, *y = right.data() + column * b.rows;
        double sum = 0;
        for (uint64_t k = 0; k < b.rows; ++k) sum += x[k] * y[k];
        if (operation.epilogue & withBias) sum += load(operation.bias, row, d.type, compute32F);
        if (operation.epilogue & withGelu) sum = gelu(sum);
        store(pointerD, row + column * d.leadingDimension + batch * d.batchStride, d.type, sum);
      }
    }
  }
  // One element wrong, as the emulator has it.
  if (state.isCorrupted(kernel.name)) static_cast<unsigned char *>(pointerD)[d.bytes() - 1] ^= 0x40;
}

// As Emulator.cpp has it: a product is computed the first time, and again once the host has written into one of its matrices.
Outcome multiply(const Kernel &kernel, const Launch &launch) {
  const auto &product = *static_cast<const Product *>(launch.parameters[0]);
  const auto &[operation, a, b, d, pointerA, pointerB, pointerD, algorithm] = product;
  const double products = double(d.rows) * double(d.columns) * double(b.rows) * d.batchCount;
  // Behind 2 µs, 500 multiplications and additions a nanosecond; of several algorithms, all but one half as many.
  const double slowness = state.matrixAlgorithms > 1 && algorithm != uint64_t(state.fastestAlgorithm) ? 2 : 1;
  const Outcome outcome{0, launchNanoseconds + slowness * products / 500};
  const std::string key = kernel.name + std::string(reinterpret_cast<const char *>(&product), sizeof product);
  std::map<uint64_t, uint64_t> versions;
  for (const void *pointer : {pointerA, pointerB, const_cast<const void *>(pointerD), operation.bias}) {
    const auto address = reinterpret_cast<uint64_t>(pointer);
    if (const Allocation *allocation = state.find(address, 1)) versions[address] = allocation->version;
  }
  PastLaunch &past = state.pastLaunches[key];
  if (past.nanoseconds && past.versions == versions) return outcome;
  compute(kernel, product);
  ++state.realRuns;
  past = {outcome.nanoseconds, versions};
  return outcome;
}

const Kernel kernel{"fake_gemm", {sizeof(Product)}, multiply, 168, 8, true};

// What the real library's documentation demands, as far as its algorithms follow it.
bool isSupported(const Operation &operation, const Layout &a, const Layout &b, const Layout &d) {
  const uint64_t rows = operation.transA ? a.columns : a.rows, inner = operation.transA ? a.rows : a.columns;
  if (rows != d.rows || inner != b.rows || b.columns != d.columns || a.type != b.type) return false;
  if (a.batchCount != d.batchCount || b.batchCount != d.batchCount) return false;
  for (const Layout *layout : {&a, &b, &d}) {
    if (layout->leadingDimension < int64_t(layout->rows)) return false;
  }
  const bool isInt8 = a.type == int8, isFP8 = a.type == e4m3;
  if (d.type != (isInt8 ? int32 : isFP8 ? bfloat16 : a.type) || (operation.compute == compute32I) != isInt8) return false;
  if (operation.scale != (isInt8 ? int32 : float32)) return false;
  if (operation.compute == computeTF32 && a.type != float32) return false;
  if (!isInt8 && !isFP8) return true;
  const uint64_t granule = isInt8 ? 4 : 16, outputGranule = isInt8 ? 4 : 8;
  return operation.transA && (isFP8 || operation.epilogue == plain) && inner % granule == 0 &&
         a.leadingDimension % granule == 0 && b.leadingDimension % granule == 0 && d.rows % outputGranule == 0 &&
         d.leadingDimension % outputGranule == 0;
}
}  // namespace

extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 130100; }

extern "C" __attribute__((visibility("default"))) const char *cublasLtGetStatusName(int32_t status) {
  switch (status) {
    case notInitialized: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case invalidArgument: return "CUBLAS_STATUS_INVALID_VALUE";
    case executionFailed: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case notSupported: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return nullptr;
  }
}

FAKE_API cublasLtCreate(void **library) { ENTER; return hasContext ? create<Library>(library) : int32_t(notInitialized); }
FAKE_API cublasLtDestroy(void *library) { ENTER; return destroy<Library>(library); }

FAKE_API cublasLtMatrixLayoutCreate(void **layout, int32_t type, uint64_t rows, uint64_t columns, int64_t leadingDimension) {
  ENTER;
  return create<Layout>(layout, type, rows, columns, leadingDimension);
}

FAKE_API cublasLtMatrixLayoutDestroy(void *layout) { ENTER; return destroy<Layout>(layout); }

FAKE_API cublasLtMatrixLayoutSetAttribute(void *handle, int32_t attribute, const void *value, size_t bytes) {
  ENTER;
  const auto layout = static_cast<Layout *>(handle);
  if (attribute == 5) return assign(layout->batchCount, value, bytes);
  if (attribute == 6) return assign(layout->batchStride, value, bytes);
  return invalidArgument;
}

FAKE_API cublasLtMatmulDescCreate(void **operation, int32_t compute, int32_t scale) {
  ENTER;
  return create<Operation>(operation, compute, scale);
}

FAKE_API cublasLtMatmulDescDestroy(void *operation) { ENTER; return destroy<Operation>(operation); }

FAKE_API cublasLtMatmulDescSetAttribute(void *handle, int32_t attribute, const void *value, size_t bytes) {
  ENTER;
  const auto operation = static_cast<Operation *>(handle);
  if (attribute == 3) return assign(operation->transA, value, bytes);
  if (attribute == 7) return assign(operation->epilogue, value, bytes);
  if (attribute == 8) return assign(operation->bias, value, bytes);
  if (attribute == 25) return assign(operation->fastAccumulation, value, bytes);
  return invalidArgument;
}

FAKE_API cublasLtMatmulPreferenceCreate(void **preference) { ENTER; return create<Preference>(preference); }
FAKE_API cublasLtMatmulPreferenceDestroy(void *preference) { ENTER; return destroy<Preference>(preference); }

FAKE_API cublasLtMatmulPreferenceSetAttribute(void *handle, int32_t attribute, const void *value, size_t bytes) {
  ENTER;
  const auto preference = static_cast<Preference *>(handle);
  if (attribute == 1) return assign(preference->workspace, value, bytes);
  if (attribute >= 5 && attribute <= 8) return assign(preference->alignment[attribute - 5], value, bytes);
  return invalidArgument;
}

FAKE_API cublasLtMatmulAlgoGetHeuristic(void *, void *operation, void *a, void *b, void *, void *d, void *wanted, int capacity,
                                        HeuristicResult *results, int *count) {
  ENTER;
  *count = 0;
  if (capacity < 1) return invalidArgument;
  const auto preference = static_cast<Preference *>(wanted);
  if (!isSupported(*static_cast<Operation *>(operation), *static_cast<Layout *>(a), *static_cast<Layout *>(b),
                   *static_cast<Layout *>(d)) ||
      state.matrixWorkspace > preference->workspace) {
    return notSupported;
  }
  if (!state.hasMatrixAlgorithm) return success;
  for (; *count < std::min(capacity, state.matrixAlgorithms); ++*count) {
    results[*count] = {{state.matrixWorkspace, preference->alignment[0], uint64_t(*count), {}}, state.matrixWorkspace, success, 0.5f, {}};
  }
  return success;
}

// Its identifiers are made up; the cluster's is one that this version does not know.
FAKE_API cublasLtMatmulAlgoConfigGetAttribute(const Algorithm *algorithm, int32_t attribute, void *value, size_t bytes,
                                              size_t *written) {
  ENTER;
  const uint32_t values[] = {66 + uint32_t(algorithm->index), 20, 1, 0, 1, 0, 36};
  if (attribute < 0 || attribute > 6 || bytes != 4) return invalidArgument;
  std::memcpy(value, &values[attribute], bytes);
  *written = bytes;
  return success;
}

FAKE_API cublasLtMatmul(void *, void *operation, const void *alpha, const void *a, void *layoutA, const void *b, void *layoutB,
                        const void *beta, const void *, void *, void *d, void *layoutD, const Algorithm *algorithm,
                        void *workspace, size_t workspaceBytes, void *stream) {
  ENTER;
  Product product{*static_cast<Operation *>(operation), *static_cast<Layout *>(layoutA), *static_cast<Layout *>(layoutB),
                  *static_cast<Layout *>(layoutD), a, b, d, algorithm->index};
  const bool isInt8 = product.a.type == int8;
  if ((isInt8 ? at<int32_t>(alpha, 0) : at<float>(alpha, 0)) != 1 || at<uint32_t>(beta, 0) != 0) return invalidArgument;
  if (workspaceBytes < algorithm->workspace || (algorithm->workspace && !workspace)) return invalidArgument;
  for (const void *pointer : {a, b, const_cast<const void *>(d)}) {
    if (!pointer || reinterpret_cast<uint64_t>(pointer) % algorithm->alignment) return notSupported;
  }
  if ((product.operation.epilogue & withBias) && !product.operation.bias) return invalidArgument;
  // A workspace that is too small shows as a write behind its end.
  if (algorithm->workspace) std::memset(workspace, 0, algorithm->workspace);
  void *parameters[] = {&product};
  const int32_t code = cuLaunchKernel(const_cast<Kernel *>(&kernel), 1, 1, 1, 128, 1, 1, 0, stream, parameters, nullptr);
  return code ? int32_t(executionFailed) : success;
}
