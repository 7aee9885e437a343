// What a running thread may ask the emulator for, and the pointers it goes through.
//
// A thread is a fiber (cpu_cuda_block.cpp); pointers into device memory check and record each access (cpu_cuda_memory.cpp).
// Not modelled: weak memory ordering, the timing of asynchronous copies, warps that diverge and converge again in hardware.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cpu_cuda {
struct Dimensions {
  unsigned x, y, z;
};

// The running thread's place; its block's and its grid's.
const Dimensions &threadIndex();
const Dimensions &blockIndex();
const Dimensions &blockSize();
const Dimensions &gridSize();

void syncThreads();
void syncWarp(uint32_t mask);
// What one lane gives at a meeting of its warp.
using LaneValues = uint32_t[12];
// Waits for the lanes of `mask`; each gives `count` values and gets those of all 32, to be read before it waits again. Lanes
// that come with different counts come from different instructions: they wait in different places.
const LaneValues *exchange(uint32_t mask, const uint32_t *values, unsigned count);
// The same for one value: that of lane `from`.
uint32_t shuffle(uint32_t mask, uint32_t value, unsigned from);
unsigned lane();

enum class Access { read, write };
// Ends the launch where [address, address + bytes) is not device memory or not aligned; else records the bytes.
void recordAccess(const void *address, size_t bytes, size_t alignment, Access);

// The block's memory behind one SHARED declaration, told from others by the address of `key`. Poisoned when the block starts.
void *sharedMemory(const void *key, size_t bytes);
[[noreturn]] void faultOutsideSharedMemory();

// The bytes from `address` on of the block's dynamic shared memory, whose size the launch says. Poisoned when the block
// starts. Ends the launch where they lie outside or `address` is no multiple of their number.
void *dynamicShared(unsigned address, size_t bytes);
// An asynchronous copy: poisons its destination at once, and writes only when the thread waits for its group; so whoever
// reads in between, or still reads what was there before, reads poison.
void copyLater(unsigned to, const uint32_t (&words)[4]);
void commitCopies();
void waitForCopies(unsigned latestGroupsLeft);
// Adds to the passes that matrix loads took beyond one for eight rows.
void recordBankConflicts(unsigned passes);

// A pointer into device memory.
template <typename T> struct Global {
  T *pointer;

  using Value = std::remove_const_t<T>;
  struct Reference {
    T *pointer;
    operator Value() const {
      recordAccess(pointer, sizeof(T), alignof(T), Access::read);
      return *pointer;
    }
    Reference &operator=(const Value &value) {
      recordAccess(pointer, sizeof(T), alignof(T), Access::write);
      *pointer = value;
      return *this;
    }
  };

  Reference operator[](uint64_t index) const { return {pointer + index}; }
  Global operator+(uint64_t count) const { return {pointer + count}; }
  operator Global<const T>() const { return {pointer}; }
};

// A shared array.
template <typename T> struct Shared {
  T *pointer;
  size_t count;

  T &operator[](size_t index) const {
    if (index >= count) faultOutsideSharedMemory();
    return pointer[index];
  }
};
}  // namespace cpu_cuda
