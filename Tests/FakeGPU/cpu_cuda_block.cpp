#include "cpu_cuda_block.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <ucontext.h>
#include <vector>

namespace cpu_cuda {
namespace {
constexpr size_t stackBytes = 64 << 10;

// An asynchronous copy that its thread has not waited for.
struct Copy {
  unsigned to;
  uint32_t words[4];
  // How many groups its thread had closed before it.
  unsigned group;
};

struct Fiber {
  ucontext_t context;
  Dimensions index;
  unsigned linear;
  // What it waits for: this counter to leave this value. Null: for its turn alone.
  const uint64_t *counter;
  uint64_t value;
  bool done;
  std::vector<Copy> copies;
  unsigned groups;

  bool canGoOn() const { return !done && (!counter || *counter != value); }
};

// Meetings of a warp's lanes. A lane of the next meeting may come before all have read this one's values, but the next cannot
// end before; so two sets of values suffice.
struct Warp {
  uint64_t meetings = 0;
  uint32_t arrived = 0;
  // How many values each lane of this meeting gives.
  unsigned count = 0;
  LaneValues values[2][32];
};

struct Block {
  Dimensions grid, size, index;
  std::vector<Fiber> fibers;
  std::vector<Warp> warps;
  std::map<const void *, std::vector<unsigned char>> shared;
  std::vector<unsigned char> dynamicShared;
  uint64_t barriers = 0;
  unsigned atBarrier = 0, live = 0;
  Fiber *current = nullptr;
  ucontext_t scheduler;
  const std::function<void()> *body;
  Outcome outcome = Outcome::finished;

  void releaseBarrierIfFull() {
    if (live == 0 || atBarrier < live) return;
    atBarrier = 0;
    ++barriers;
  }
};
Block *running = nullptr;

void wait(const uint64_t *counter, uint64_t value) {
  Fiber &self = *running->current;
  self.counter = counter;
  self.value = value;
  swapcontext(&self.context, &running->scheduler);
}

void startFiber() {
  (*running->body)();
  running->current->done = true;
}

void prepare(Block &block, char *stacks) {
  const unsigned threads = (unsigned)block.fibers.size();
  block.shared.clear();
  std::fill(block.dynamicShared.begin(), block.dynamicShared.end(), (unsigned char)0xff);
  block.warps.assign((threads + 31) / 32, Warp{});
  block.live = threads;
  block.atBarrier = 0;
  for (unsigned t = 0; t < threads; ++t) {
    Fiber &fiber = block.fibers[t];
    fiber.index = {t % block.size.x, t / block.size.x % block.size.y, t / (block.size.x * block.size.y)};
    fiber.linear = t;
    fiber.counter = nullptr;
    fiber.done = false;
    fiber.copies.clear();
    fiber.groups = 0;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stacks + t * stackBytes;
    fiber.context.uc_stack.ss_size = stackBytes;
    fiber.context.uc_link = &block.scheduler;
    makecontext(&fiber.context, startFiber, 0);
  }
}

// The block's threads until all are done, none can go on, or one ends the launch.
void schedule(Block &block, Order order, std::mt19937 &random) {
  std::vector<unsigned> turns(block.fibers.size());
  std::iota(turns.begin(), turns.end(), 0u);
  if (order.kind == Order::descending || order.kind == Order::greedyLast) std::reverse(turns.begin(), turns.end());
  const bool isGreedy = order.kind == Order::greedyFirst || order.kind == Order::greedyLast;
  while (block.live > 0) {
    if (order.kind == Order::shuffled) std::shuffle(turns.begin(), turns.end(), random);
    bool moved = false;
    for (unsigned turn : turns) {
      Fiber &fiber = block.fibers[turn];
      if (!fiber.canGoOn()) continue;
      moved = true;
      fiber.counter = nullptr;
      block.current = &fiber;
      swapcontext(&block.scheduler, &fiber.context);
      if (block.outcome != Outcome::finished) return;
      if (fiber.done) {
        --block.live;
        block.releaseBarrierIfFull();
      }
      if (isGreedy) break;
    }
    if (!moved) {
      block.outcome = Outcome::deadlock;
      return;
    }
  }
}
}  // namespace

const Dimensions &threadIndex() { return running->current->index; }
const Dimensions &blockIndex() { return running->index; }
const Dimensions &blockSize() { return running->size; }
const Dimensions &gridSize() { return running->grid; }
unsigned lane() { return running->current->linear % 32; }

void syncThreads() {
  const uint64_t mine = running->barriers;
  ++running->atBarrier;
  running->releaseBarrierIfFull();
  if (running->barriers == mine) wait(&running->barriers, mine);
}

const LaneValues *exchange(uint32_t mask, const uint32_t *values, unsigned count) {
  Warp &warp = running->warps[running->current->linear / 32];
  const uint64_t mine = warp.meetings;
  if (warp.arrived == 0) warp.count = count;
  if (count != warp.count) endLaunch(Outcome::deadlock);
  LaneValues *all = warp.values[mine % 2];
  std::copy_n(values, count, all[lane()]);
  warp.arrived |= 1u << lane();
  if ((warp.arrived & mask) == mask) {
    warp.arrived = 0;
    ++warp.meetings;
  } else {
    wait(&warp.meetings, mine);
  }
  return all;
}

uint32_t shuffle(uint32_t mask, uint32_t value, unsigned from) {
  const LaneValues *values = exchange(mask, &value, 1);
  // A lane outside the mask has no defined value.
  return mask >> from & 1 ? values[from][0] : 0xffffffffu;
}

void syncWarp(uint32_t mask) { (void)shuffle(mask, 0, lane()); }

void *sharedMemory(const void *key, size_t bytes) {
  return running->shared.try_emplace(key, bytes, (unsigned char)0xff).first->second.data();
}

void *dynamicShared(unsigned address, size_t bytes) {
  const size_t size = running->dynamicShared.size();
  if (address > size || bytes > size - address) endLaunch(Outcome::outsideMemory);
  if (address % bytes != 0) endLaunch(Outcome::misaligned);
  return running->dynamicShared.data() + address;
}

void copyLater(unsigned to, const uint32_t (&words)[4]) {
  std::memset(dynamicShared(to, sizeof words), 0xff, sizeof words);
  Fiber &self = *running->current;
  self.copies.push_back({to, {words[0], words[1], words[2], words[3]}, self.groups});
}

void commitCopies() { ++running->current->groups; }

void waitForCopies(unsigned latestGroupsLeft) {
  Fiber &self = *running->current;
  std::erase_if(self.copies, [&](const Copy &copy) {
    if (copy.group + latestGroupsLeft >= self.groups) return false;
    std::memcpy(dynamicShared(copy.to, sizeof copy.words), copy.words, sizeof copy.words);
    return true;
  });
}

void faultOutsideSharedMemory() { endLaunch(Outcome::outsideMemory); }

void endLaunch(Outcome outcome) {
  running->outcome = outcome;
  swapcontext(&running->current->context, &running->scheduler);
  std::abort();  // an ended launch's threads are never resumed
}

Outcome run(
    Dimensions grid, Dimensions size, size_t sharedBytes, Order order, const std::function<void()> &body) {
  Block block;
  block.grid = grid;
  block.size = size;
  block.body = &body;
  block.fibers.resize(size.x * size.y * size.z);
  block.dynamicShared.resize(sharedBytes);
  // Kept for later launches, and not filled: a stack costs only the pages that its thread uses.
  static std::unique_ptr<char[]> stacks(new char[1024 * stackBytes]);
  std::mt19937 random(order.seed);
  running = &block;
  const auto goesOn = [&] { return block.outcome == Outcome::finished; };
  for (unsigned z = 0; z < grid.z && goesOn(); ++z) {
    for (unsigned y = 0; y < grid.y && goesOn(); ++y) {
      for (unsigned x = 0; x < grid.x && goesOn(); ++x) {
        block.index = {x, y, z};
        prepare(block, stacks.get());
        schedule(block, order, random);
      }
    }
  }
  running = nullptr;
  return block.outcome;
}
}  // namespace cpu_cuda
