// Elements of tensors in memory; arithmetic is always in float.
#pragma once
#include "device.cuh"

struct f16 {
  unsigned short bits;
};
// The upper half of a float.
struct bf16 {
  unsigned short bits;
};
typedef float f32;

DEVICE float toFloat(f16 element) { return halfToFloat(element.bits); }
DEVICE float toFloat(bf16 element) { return floatFromBits((unsigned)element.bits << 16); }
DEVICE float toFloat(f32 element) { return element; }

// To the nearest element, ties to even.
DEVICE void roundTo(float value, f16 &element) { element.bits = floatToHalf(value); }
DEVICE void roundTo(float value, f32 &element) { element = value; }
// By integers, because the instruction needs sm_80: adding just under half of the last kept bit's worth, and the bit itself,
// carries where rounding up is nearer or goes to the even neighbour. NaN stays NaN.
DEVICE void roundTo(float value, bf16 &element) {
  const unsigned bits = floatBits(value);
  element.bits = value == value ? (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16) : 0x7fff;
}
template <typename T> DEVICE T fromFloat(float value) {
  T element;
  roundTo(value, element);
  return element;
}

// Expands `instantiate(T)` for each element type: a kernel is called name_f16, name_bf16, name_f32.
#define FOR_EVERY_ELEMENT(instantiate) instantiate(f16) instantiate(bf16) instantiate(f32)
