// A compiler that compiles nothing: its code is a name, and with a fault it has a log as NVRTC has.
#include <cstring>
#include <string>

#include "Driver.hpp"

using namespace fake_gpu;

namespace {
struct Program {
  std::string log;
};
const std::string code = "fake code";

int32_t size(const std::string &text, size_t *bytes) { *bytes = text.size() + 1; return success; }
int32_t copy(const std::string &text, char *bytes) { std::memcpy(bytes, text.c_str(), text.size() + 1); return success; }
}  // namespace

FAKE_API nvrtcVersion(int *major, int *minor) {
  ENTER;
  *major = state.driverVersion / 1000;
  *minor = 0;
  return success;
}

extern "C" __attribute__((visibility("default"))) const char *nvrtcGetErrorString(int32_t code) {
  return code == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_INTERNAL_ERROR";
}

FAKE_API nvrtcCreateProgram(Program **program, const char *, const char *, int, const char *const *, const char *const *) {
  ENTER;
  *program = new Program;
  return success;
}

FAKE_API nvrtcDestroyProgram(Program **program) { ENTER; delete *program; *program = nullptr; return success; }

FAKE_API nvrtcCompileProgram(Program *program, int, const char *const *) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  const int32_t result = state.enter(__func__);
  if (result) program->log = "kernel.cu(1): error: identifier \"nonsense\" is undefined";
  return result;
}

FAKE_API nvrtcGetProgramLogSize(Program *program, size_t *bytes) { ENTER; return size(program->log, bytes); }
FAKE_API nvrtcGetProgramLog(Program *program, char *bytes) { ENTER; return copy(program->log, bytes); }
FAKE_API nvrtcGetCUBINSize(Program *, size_t *bytes) { ENTER; return size(code, bytes); }
FAKE_API nvrtcGetCUBIN(Program *, char *bytes) { ENTER; return copy(code, bytes); }
