// Device-to-device copy of any bytes: what the memory achieves at best, read plus written. Any grid, any block.
#include "elementwise.cuh"

KERNEL copy_bytes(GLOBAL(const unsigned char) from, GLOBAL(unsigned char) to, u64 count) {
  forEachPackOfGrid<unsigned char>(count, [&](u64 first, int present) {
    storePack<unsigned char>(to + first, loadPack<unsigned char>(from + first, present), present);
  });
}
