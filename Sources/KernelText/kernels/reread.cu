// Reads memory that fits in the L2 cache again and again: what L2 gives at best, count · passes bytes. Any grid, any block;
// as many threads as the GPU holds at once keep it busy.
#include "device.cuh"

// Reads each of `count` bytes `passes` times: a positive multiple of 16, below 32 GiB. They are all zeros, which the compiler
// cannot know: nothing is ever written. The threads take 16-byte packs in turn and begin the next pass where the last one ends,
// so that each has four loads in flight however few packs a pass has for it.
KERNEL reread_bytes(GLOBAL(const unsigned char) from, GLOBAL(unsigned) found, u64 count, int passes) {
  const unsigned packs = (unsigned)(count / sizeof(Words));
  const u64 threads = (u64)gridDim.x * blockDim.x;
  const u64 thread = (u64)blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned step = (unsigned)(threads % packs);
  unsigned pack = (unsigned)(thread % packs);
  const auto nextPlace = [&] {
    const u64 place = (u64)pack * sizeof(Words);
    pack += step;
    if (pack >= packs) pack -= packs;
    return place;
  };
  const u64 all = packs * (u64)passes;
  u64 loads = thread < all ? (all - thread - 1) / threads + 1 : 0;
  unsigned bits = 0;
  for (; loads >= 4; loads -= 4) {
    u64 places[4];
    Words words[4];
    // Places first: behind a load, the compiler would begin to wait for it before all are under way.
    UNROLL for (int i = 0; i < 4; ++i) places[i] = nextPlace();
    UNROLL for (int i = 0; i < 4; ++i) words[i] = loadWordsFromL2(from + places[i]);
    UNROLL for (int i = 0; i < 16; ++i) bits |= words[i / 4].word[i % 4];
  }
  for (; loads > 0; --loads) {
    const Words words = loadWordsFromL2(from + nextPlace());
    UNROLL for (int i = 0; i < 4; ++i) bits |= words.word[i];
  }
  if (bits != 0) found[0] = bits;
}
