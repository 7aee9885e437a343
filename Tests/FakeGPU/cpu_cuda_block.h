// Launches: blocks one after another, a block's threads as fibers that take turns.
#pragma once
#include "cpu_cuda_thread.h"
#include <functional>

namespace cpu_cuda {
// Which thread goes on where several could. A kernel that lacks a barrier gives a different result in one of these.
struct Order {
  // By turns, each thread until it waits: from the first, from the last, or in a new random order each time around. Greedy:
  // the first warp (or the last) goes as far as it can before another moves at all.
  enum Kind : int32_t { ascending, descending, shuffled, greedyFirst, greedyLast };
  Kind kind = ascending;
  uint32_t seed = 0;
};

enum class Outcome : int32_t {
  finished = 0,
  // No thread can go on: some wait for others that wait elsewhere or have left.
  deadlock = 1,
  outsideMemory = 2,
  misaligned = 3,
};

// Runs `body` once as each thread of the grid, each block with `sharedBytes` of dynamic shared memory. Where a thread faults,
// the launch ends there. One launch at a time.
Outcome run(Dimensions grid, Dimensions block, size_t sharedBytes, Order, const std::function<void()> &body);

// Called by a running thread: ends the launch with this outcome.
[[noreturn]] void endLaunch(Outcome);
}  // namespace cpu_cuda
