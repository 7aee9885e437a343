// The table of kernels, and those that the test of the ruler launches: as PTX, and as the product's text has them.
#include <map>

#include "Emulator.hpp"

namespace fake_gpu {
namespace {

std::map<std::string, Kernel> &kernels() {
  static std::map<std::string, Kernel> table;
  return table;
}

Outcome spin(const Kernel &, const Launch &launch) {
  return {0, launchNanoseconds + double(*static_cast<uint64_t *>(launch.parameters[0]))};
}

Outcome empty(const Kernel &, const Launch &) { return {0, launchNanoseconds}; }

const bool isSpinKnown = registerKernel({"roofline_spin", {sizeof(uint64_t)}, spin});
const bool isEmptyKnown = registerKernel({"roofline_empty", {}, empty});
const bool isCompiledSpinKnown = registerKernel({"spin_nanoseconds", {sizeof(uint64_t)}, spin});
const bool isCompiledEmptyKnown = registerKernel({"empty_kernel", {}, empty});

}  // namespace

bool registerKernel(const Kernel &kernel) { return kernels().emplace(kernel.name, kernel).second; }

const Kernel *findKernel(const std::string &name) {
  auto found = kernels().find(name);
  return found == kernels().end() ? findEmulatedKernel(name) : &found->second;
}

}  // namespace fake_gpu
