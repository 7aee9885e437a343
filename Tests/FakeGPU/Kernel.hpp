// What the stand-in can launch. Kernels register themselves; whoever adds some needs no change of the driver.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fake_gpu {

struct Extents {
  unsigned x, y, z;
};

// A launch as the driver got it.
struct Launch {
  Extents grid, block;
  size_t sharedBytes;
  // One pointer an argument.
  void **parameters;
};

// How a launch went.
struct Outcome {
  // 0, or the error that the next synchronization shows.
  int32_t code;
  // What it took of the stand-in's clock.
  double nanoseconds;
};

// A launch takes 2 µs of the device's time at least.
constexpr double launchNanoseconds = 2000;
// Bytes that work on memory reads or writes in a nanosecond.
constexpr double bytesPerNanosecond = 200;

struct Kernel {
  std::string name;
  // Bytes of each parameter: a graph keeps copies of the arguments.
  std::vector<size_t> parameterSizes;
  Outcome (*run)(const Kernel &, const Launch &);
  int32_t registers = 16;
  int32_t localBytes = 0;
  // Graphs name it by CUkernel, not by CUfunction.
  bool isOfLibrary = false;
};

// What the stand-in says of each of the product's kernels.
constexpr int32_t emulatedRegisters = 32;

// Makes a kernel known by its name; true, so that a global can be initialised with it.
bool registerKernel(const Kernel &kernel);
// Of those registered, then of the product's own; nullptr where there is none of that name.
const Kernel *findKernel(const std::string &name);

}  // namespace fake_gpu
