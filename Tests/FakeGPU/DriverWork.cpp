// libcuda's functions about code, streams, graphs and events.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>
#include <unistd.h>

#include "Driver.hpp"

using namespace fake_gpu;

namespace {
struct Graph {
  std::vector<Work> work;
  // What all of it took when it ran last, and what the memory was like then.
  double nanoseconds = -1;
  uint64_t versions = 0;
};

struct Module {
  // The compiler's code, or PTX.
  std::string image;
};

// Runs it now; an error shows at the next synchronization.
void run(Work &work) {
  if (state.stickyError) return;  // a broken context runs nothing
  ++state.launches;
  state.isWorkQueued = true;
  if ((state.interruptedKernel.empty() || state.interruptedKernel == work.kernel->name) && state.launchesToInterrupt-- == 0) kill(getpid(), SIGINT);
  const int32_t any = State::due(state.launchFaults, ""), own = State::due(state.launchFaults, work.kernel->name);
  if (any || own) {
    state.stickyError = any ? any : own;
    state.launchFaults.clear();
    return;
  }
  std::vector<void *> parameters;
  for (auto &argument : work.arguments) parameters.push_back(argument.data());
  work.launch.parameters = parameters.data();
  const Outcome outcome = work.kernel->run(*work.kernel, work.launch);
  state.now += outcome.nanoseconds;
  state.stickyError = outcome.code;
}

// Whether a switch waits for a launch of the graph.
bool isAwaited(const Graph &graph) {
  if (state.stickyError || state.launchFaults.count("")) return true;
  if (state.launchesToInterrupt >= 0 && state.interruptedKernel.empty()) return true;
  if (state.launchesToInterrupt < 0 && state.launchFaults.empty()) return false;
  return std::any_of(graph.work.begin(), graph.work.end(), [](const Work &work) {
    return state.launchFaults.count(work.kernel->name) ||
           (state.launchesToInterrupt >= 0 && state.interruptedKernel == work.kernel->name);
  });
}

// A graph like before, on memory that nobody but kernels has written since: each of its launches would only take its time, so
// they take it together. Half a second of the stand-in's clock is a quarter of a million launches.
bool repeat(Graph &graph) {
  if (graph.nanoseconds < 0 || graph.versions != state.versions || isAwaited(graph)) return false;
  state.now += graph.nanoseconds;
  state.launches += int64_t(graph.work.size());
  state.isWorkQueued = true;
  return true;
}

// What a block may have without asking, by CUDA.
constexpr int32_t freeSharedBytes = 48 << 10;

bool isLaunchable(const Launch &launch, void *function) {
  const auto &[grid, block, sharedBytes, parameters] = launch;
  if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535) return false;
  if (!block.x || !block.y || !block.z || block.z > 64 || uint64_t(block.x) * block.y * block.z > 1024) return false;
  const auto limit = state.sharedLimits.find(function);
  return sharedBytes <= size_t(limit == state.sharedLimits.end() ? freeSharedBytes : limit->second);
}

template <typename Handle> Handle *create(Handle *handle) {
  state.handles.insert(handle);
  return handle;
}

template <typename Handle> int32_t destroy(void *handle) {
  if (!state.handles.erase(handle)) return invalidHandle;
  delete static_cast<Handle *>(handle);
  return success;
}

// In [-1, 1], the same in every run.
double nextRandom() {
  state.random = state.random * 6364136223846793005u + 1442695040888963407u;
  return double(int64_t(state.random)) / 9.3e18;
}
}  // namespace

FAKE_API cuModuleLoadData(void **module, const void *image) {
  ENTER_CONTEXT;
  const std::string text = static_cast<const char *>(image);
  if (text.rfind(codePrefix, 0) != 0 && text.find(".version") == std::string::npos) return invalidImage;
  *module = create(new Module{text});
  return success;
}

FAKE_API cuModuleUnload(void *module) { ENTER_CONTEXT; return destroy<Module>(module); }

FAKE_API cuModuleGetFunction(const void **function, void *, const char *name) {
  ENTER_CONTEXT;
  *function = findKernel(name);
  return *function ? success : notFound;
}

FAKE_API cuFuncGetAttribute(int *value, int attribute, void *function) {
  ENTER_CONTEXT;
  const auto kernel = static_cast<const Kernel *>(function);
  *value = attribute == 4 ? kernel->registers : attribute == 3 ? kernel->localBytes : 0;
  return success;
}

FAKE_API cuFuncSetAttribute(void *function, int attribute, int value) {
  ENTER_CONTEXT;
  constexpr int maximumDynamicShared = 8, maximumSharedOfDevice = 97;
  if (attribute != maximumDynamicShared) return success;
  if (value < 0 || value > state.attributes[maximumSharedOfDevice]) return invalidValue;
  state.sharedLimits[function] = std::max(value, freeSharedBytes);
  return success;
}

FAKE_API cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned sharedBytes, void *stream, void **parameters, void **) {
  ENTER_CONTEXT;
  const auto kernel = static_cast<const Kernel *>(function);
  const Launch launch{{gx, gy, gz}, {bx, by, bz}, sharedBytes, parameters};
  if (!isLaunchable(launch, function)) return invalidValue;
  Work work{kernel, launch, {}};
  for (size_t i = 0; i < kernel->parameterSizes.size(); ++i) {
    const auto bytes = static_cast<unsigned char *>(parameters[i]);
    work.arguments.emplace_back(bytes, bytes + kernel->parameterSizes[i]);
  }
  const auto target = static_cast<Stream *>(stream);
  if (target && target->isCapturing) {
    target->captured.push_back(work);
  } else {
    run(work);
  }
  return success;
}

FAKE_API cuStreamCreate(void **stream, unsigned) { ENTER_CONTEXT; *stream = create(new Stream); return success; }
FAKE_API cuStreamDestroy_v2(void *stream) { ENTER_CONTEXT; return destroy<Stream>(stream); }

FAKE_API cuStreamSynchronize(void *) {
  ENTER_CONTEXT;
  state.isWorkQueued = false;
  state.timesSinceRest = 0;
  return success;
}

FAKE_API cuStreamBeginCapture_v2(void *stream, int) {
  ENTER_CONTEXT;
  static_cast<Stream *>(stream)->isCapturing = true;
  return success;
}

FAKE_API cuStreamEndCapture(void *stream, void **graph) {
  ENTER_CONTEXT;
  const auto source = static_cast<Stream *>(stream);
  *graph = create(new Graph{source->captured});
  source->captured.clear();
  source->isCapturing = false;
  return success;
}

FAKE_API cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long) {
  ENTER_CONTEXT;
  *executable = create(new Graph{static_cast<Graph *>(graph)->work});
  return success;
}

FAKE_API cuGraphLaunch(void *executable, void *) {
  ENTER_CONTEXT;
  auto &graph = *static_cast<Graph *>(executable);
  state.now += state.graphLaunch;
  if (repeat(graph)) return success;
  const double began = state.now;
  for (Work &work : graph.work) run(work);
  graph.nanoseconds = state.stickyError ? -1 : state.now - began;
  graph.versions = state.versions;
  return success;
}

FAKE_API cuGraphExecDestroy(void *executable) { ENTER_CONTEXT; return destroy<Graph>(executable); }
FAKE_API cuGraphDestroy(void *graph) { ENTER_CONTEXT; return destroy<Graph>(graph); }

// A node is its piece of work.
FAKE_API cuGraphGetNodes(void *graph, void **nodes, size_t *count) {
  ENTER_CONTEXT;
  auto &work = static_cast<Graph *>(graph)->work;
  if (nodes) {
    *count = std::min(*count, work.size());
    for (size_t i = 0; i < *count; ++i) nodes[i] = &work[i];
  } else {
    *count = work.size();
  }
  return success;
}

FAKE_API cuGraphNodeGetType(void *node, int32_t *type) {
  ENTER_CONTEXT;
  constexpr int32_t kernelNode = 0, memsetNode = 2;
  *type = static_cast<Work *>(node)->kernel->name.empty() ? memsetNode : kernelNode;
  return success;
}

// CUDA_KERNEL_NODE_PARAMS_v2.
struct NodeParameters {
  const Kernel *function;
  Extents grid, block;
  unsigned sharedBytes;
  void **parameters, **extra;
  const Kernel *kernel;
  void *context;
};

FAKE_API cuGraphKernelNodeGetParams_v2(void *node, NodeParameters *parameters) {
  ENTER_CONTEXT;
  const auto &[kernel, launch, arguments] = *static_cast<Work *>(node);
  *parameters = {nullptr, launch.grid, launch.block, unsigned(launch.sharedBytes), nullptr, nullptr, nullptr, nullptr};
  (kernel->isOfLibrary ? parameters->kernel : parameters->function) = kernel;
  return success;
}

FAKE_API cuKernelGetFunction(const void **function, const void *kernel) { ENTER_CONTEXT; *function = kernel; return success; }

FAKE_API cuFuncGetName(const char **name, const Kernel *function) {
  ENTER_CONTEXT;
  *name = function->name.c_str();
  return success;
}

FAKE_API cuEventCreate(void **event, unsigned) { ENTER_CONTEXT; *event = create(new Event); return success; }
FAKE_API cuEventDestroy_v2(void *event) { ENTER_CONTEXT; return destroy<Event>(event); }

FAKE_API cuEventRecord(void *event, void *) {
  ENTER_CONTEXT;
  static_cast<Event *>(event)->at = state.now;
  state.now += state.eventRecord;
  return success;
}

FAKE_API cuEventSynchronize(void *) { ENTER_CONTEXT; state.isWorkQueued = false; return success; }

FAKE_API cuEventElapsedTime(float *milliseconds, void *start, void *end) {
  ENTER_CONTEXT;
  const double elapsed = static_cast<Event *>(end)->at - static_cast<Event *>(start)->at;
  const double drift = (1 + state.drift * double(state.timesRead++)) * (1 + state.sink * double(state.timesSinceRest++));
  *milliseconds = float(elapsed * 1e-6 * state.timeScale * drift * (1 + state.noise * nextRandom()));
  return success;
}
