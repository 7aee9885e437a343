// Reads memory and keeps nothing of it, so that what a cache held before is gone. Any grid, any block.
#include "elementwise.cuh"

// The memory is all zeros, which the compiler cannot know: it has to read, and nothing is ever written.
KERNEL sweep_bytes(GLOBAL(const unsigned char) from, GLOBAL(unsigned) found, u64 count) {
  unsigned bits = 0;
  forEachPackOfGrid<unsigned char>(count, [&](u64 first, int present) {
    const Pack<unsigned char> pack = loadPack<unsigned char>(from + first, present);
    UNROLL for (int i = 0; i < 4; ++i) bits |= pack.words.word[i];
  });
  if (bits != 0) found[0] = bits;
}
