// What the files of the stand-in's driver share: results, and how each function begins.
#pragma once
#include <cstdint>
#include <vector>

#include "Kernel.hpp"
#include "State.hpp"

#define FAKE_API extern "C" __attribute__((visibility("default"))) int32_t

namespace fake_gpu {

enum Result : int32_t {
  success = 0, invalidValue = 1, outOfMemory = 2, noDevice = 100, invalidDevice = 101, invalidContext = 201,
  invalidImage = 200, illegalAddress = 700, launchTimeout = 702, misalignedAddress = 716, launchFailed = 719, notFound = 500,
  invalidHandle = 400,
};

// CUDA keeps the current context by thread.
extern thread_local bool hasContext;

// What a function of the driver that needs a context answers before it does anything.
inline int32_t enterContext(const char *call) {
  if (int32_t code = state.enter(call)) return code;
  if (state.stickyError) return state.stickyError;
  return hasContext ? success : invalidContext;
}

// A queued piece of work, with copies of its arguments.
struct Work {
  const Kernel *kernel;
  Launch launch;
  std::vector<std::vector<unsigned char>> arguments;
};

// The compiler's code begins so, the program's name comes behind it.
inline const char *const codePrefix = "fake code: ";

struct Stream {
  bool isCapturing = false;
  std::vector<Work> captured;
};

struct Event {
  double at = 0;
};

}  // namespace fake_gpu

#define BEGIN(check) \
  std::lock_guard<std::recursive_mutex> hold(fake_gpu::lock); \
  if (int32_t code = check(__func__)) return code
#define ENTER BEGIN(fake_gpu::state.enter)
#define ENTER_CONTEXT BEGIN(fake_gpu::enterContext)
