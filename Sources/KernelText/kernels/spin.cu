// Runs for a known time, at least `duration` nanoseconds: the test of the ruler that other kernels are timed with.
#include "device.cuh"

KERNEL spin_nanoseconds(u64 duration) {
  const u64 start = nanoseconds();
  while (nanoseconds() - start < duration) {
  }
}
