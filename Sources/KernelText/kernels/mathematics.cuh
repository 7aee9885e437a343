// Functions of the activations, built on the fast instructions: a few ulp of float, far below a two-byte element's rounding.
#pragma once
#include "device.cuh"

// e^x = 2^(x·log2 e).
DEVICE float exponential(float x) { return powerOfTwo(x * 1.4426950408889634f); }

// 1 / (1 + e^-x). Where e^-x overflows the reciprocal is 0, as it should be.
DEVICE float sigmoid(float x) { return reciprocal(1.0f + exponential(-x)); }

// gelu's tanh form, ½·x·(1 + tanh u). ½·(1 + tanh u) = sigmoid(2u): no cancellation where tanh is near −1.
DEVICE float geluOf(float x) { return x * sigmoid(2.0f * 0.7978845608028654f * (x + 0.044715f * x * x * x)); }
