// A compiler that compiles nothing: its code is the program's name, and its log is like NVRTC's.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "Driver.hpp"
#include "Emulator.hpp"

using namespace fake_gpu;

namespace {
struct Program {
  std::string source, name, code, log;
  bool isIntermediate = false;
};

// Whether the source declares a kernel of that name, whose end the preprocessor may put together: `KERNEL rmsnorm_##T(`.
bool declares(const std::string &source, const std::string &name) {
  constexpr std::string_view keyword = "KERNEL ";
  for (size_t at = source.find(keyword); at != std::string::npos; at = source.find(keyword, at + 1)) {
    const size_t start = at + keyword.size(), end = source.find_first_of("#(", start);
    if (end == std::string::npos) return false;
    const std::string stem = source.substr(start, end - start);
    // An element type comes behind the last underscore.
    const bool isOneOfTypes = source.compare(end, 4, "##T(") == 0;
    const std::string compared = isOneOfTypes ? name.substr(0, name.rfind('_') + 1) : name;
    if (isOneOfTypes || source[end] == '(' ? compared == stem : name.rfind(stem, 0) == 0) return true;
  }
  return false;
}

// What `--ptxas-options=-v` says of a kernel.
std::string resources(const std::string &kernel) {
  return "ptxas info    : Compiling entry function '" + kernel + "' for 'sm_90'\nptxas info    : Function properties for " +
         kernel + "\n    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\nptxas info    : Used " +
         std::to_string(emulatedRegisters) + " registers, 380 bytes cmem[0]\n";
}

bool isKnown(int32_t architecture) {
  const auto &known = state.architectures;
  return std::find(known.begin(), known.end(), architecture) != known.end();
}

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

FAKE_API nvrtcCreateProgram(
    Program **program, const char *source, const char *name, int, const char *const *, const char *const *) {
  ENTER;
  *program = new Program{source, name ? name : "default_program", "", "", false};
  return success;
}

FAKE_API nvrtcDestroyProgram(Program **program) { ENTER; delete *program; *program = nullptr; return success; }

FAKE_API nvrtcGetNumSupportedArchs(int *count) { ENTER; *count = int(state.architectures.size()); return success; }
FAKE_API nvrtcGetSupportedArchs(int *architectures) {
  ENTER;
  std::copy(state.architectures.begin(), state.architectures.end(), architectures);
  return success;
}

FAKE_API nvrtcCompileProgram(Program *program, int count, const char *const *options) {
  std::lock_guard<std::recursive_mutex> hold(lock);
  constexpr int32_t compilationError = 6;
  int32_t result = state.enter(__func__);
  if (!result && state.refusedProgram == program->name) result = compilationError;
  if (result) {
    program->log = program->name + "(1): error: identifier \"nonsense\" is undefined";
    return result;
  }
  for (int i = 0; i < count; ++i) {
    const std::string option = options[i], key = "--gpu-architecture=";
    if (option.rfind(key, 0) == 0) state.compiledFor = option.substr(key.size());
  }
  const size_t digits = state.compiledFor.find('_') + 1;
  if (!isKnown(std::atoi(state.compiledFor.c_str() + digits))) {
    constexpr int32_t invalidOption = 5;
    program->log = "nvrtc: error: invalid value for --gpu-architecture (-arch)";
    return invalidOption;
  }
  program->isIntermediate = state.compiledFor.rfind("compute_", 0) == 0;
  program->code = codePrefix + program->name;
  const bool isVerbose = std::any_of(options, options + count, [](const char *option) {
    return std::strcmp(option, "--ptxas-options=-v") == 0;
  });
  if (!isVerbose) return success;
  for (const std::string &kernel : emulatedKernelNames()) {
    if (declares(program->source, kernel)) program->log += resources(kernel);
  }
  return success;
}

FAKE_API nvrtcGetProgramLogSize(Program *program, size_t *bytes) { ENTER; return size(program->log, bytes); }
FAKE_API nvrtcGetProgramLog(Program *program, char *bytes) { ENTER; return copy(program->log, bytes); }
FAKE_API nvrtcGetPTXSize(Program *program, size_t *bytes) { ENTER; return size(program->code, bytes); }
FAKE_API nvrtcGetPTX(Program *program, char *bytes) { ENTER; return copy(program->code, bytes); }
// There is machine code of a real architecture alone.
FAKE_API nvrtcGetCUBINSize(Program *program, size_t *bytes) {
  ENTER;
  if (!program->isIntermediate) return size(program->code, bytes);
  *bytes = 0;
  return success;
}
FAKE_API nvrtcGetCUBIN(Program *program, char *bytes) { ENTER; return copy(program->code, bytes); }
