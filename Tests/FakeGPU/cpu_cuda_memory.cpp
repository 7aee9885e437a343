#include "cpu_cuda_memory.h"
#include "cpu_cuda_block.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace cpu_cuda {
namespace {
struct Allocation {
  uint64_t address;
  size_t bytes;
  bool isAdopted;
  // A flag for each byte: 1 where it was read, 2 where it was written. Empty until a kernel touches one.
  std::vector<unsigned char> accesses;

  bool contains(uint64_t start, size_t count) const {
    return start >= address && start - address <= bytes && count <= bytes - (start - address);
  }
};
std::map<uint64_t, Allocation> allocations;
// The last one that was asked for: neighbouring accesses mostly fall in the same one.
Allocation *recent = nullptr;
uint64_t conflicts = 0;

Allocation *find(uint64_t address, size_t bytes) {
  if (recent && recent->contains(address, bytes)) return recent;
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin()) return nullptr;
  Allocation &candidate = std::prev(after)->second;
  return candidate.contains(address, bytes) ? recent = &candidate : nullptr;
}
}  // namespace

uint64_t allocate(size_t bytes) {
  constexpr size_t boundary = 256;
  void *memory = std::aligned_alloc(boundary, std::max(bytes + boundary - 1, boundary) / boundary * boundary);
  if (!memory) return 0;
  std::memset(memory, 0xff, bytes);
  const uint64_t address = (uint64_t)(uintptr_t)memory;
  allocations[address] = {address, bytes, false, {}};
  return address;
}

void adopt(uint64_t address, size_t bytes) { allocations[address] = {address, bytes, true, {}}; }

bool release(uint64_t address) {
  const auto found = allocations.find(address);
  if (found == allocations.end()) return false;
  if (!found->second.isAdopted) std::free((void *)(uintptr_t)address);
  allocations.erase(found);
  recent = nullptr;
  return true;
}

bool isDeviceMemory(uint64_t address, size_t bytes) { return find(address, bytes) != nullptr; }

uint64_t distinctBytes(uint64_t address, size_t bytes, bool written) {
  const Allocation *allocation = find(address, bytes);
  if (!allocation || allocation->accesses.empty()) return 0;
  const auto first = allocation->accesses.begin() + (ptrdiff_t)(address - allocation->address);
  const unsigned char flag = written ? 2 : 1;
  return (uint64_t)std::count_if(first, first + (ptrdiff_t)bytes, [=](unsigned char a) { return a & flag; });
}

uint64_t firstWritten(uint64_t address, size_t bytes) {
  const Allocation *allocation = find(address, bytes);
  if (!allocation || allocation->accesses.empty()) return 0;
  const auto first = allocation->accesses.begin() + (ptrdiff_t)(address - allocation->address);
  const auto found = std::find_if(first, first + (ptrdiff_t)bytes, [](unsigned char a) { return a & 2; });
  return found == first + (ptrdiff_t)bytes ? 0 : address + (uint64_t)(found - first);
}

uint64_t bankConflicts() { return conflicts; }
void recordBankConflicts(unsigned passes) { conflicts += passes; }

void forgetAccesses() {
  conflicts = 0;
  for (auto &[address, allocation] : allocations) allocation.accesses.clear();
}

void recordAccess(const void *pointer, size_t bytes, size_t alignment, Access access) {
  const uint64_t address = (uint64_t)(uintptr_t)pointer;
  Allocation *allocation = find(address, bytes);
  if (!allocation) endLaunch(Outcome::outsideMemory);
  if (address % alignment != 0) endLaunch(Outcome::misaligned);
  const unsigned char flag = access == Access::write ? 2 : 1;
  if (allocation->accesses.empty()) allocation->accesses.resize(allocation->bytes);
  for (size_t i = 0; i < bytes; ++i) allocation->accesses[address - allocation->address + i] |= flag;
}
}  // namespace cpu_cuda
