/// What a kernel does, in a word: what it is called where no row of a model is it.
package enum KernelGroup: String, Hashable, Sendable, CaseIterable {
  case product, experts, routing, attention, cache, rotary, norm, activation, recurrence, embedding, collective
  case quantization, sampling, elementwise, reduction, indexing, copy, fill, bookkeeping, convolution
  /// Gradients, losses and optimizers.
  case training
}
