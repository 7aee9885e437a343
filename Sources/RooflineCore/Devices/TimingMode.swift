/// Under which conditions a kernel is timed.
public enum TimingMode: String, Hashable, Sendable, CaseIterable {
  /// Many calls one after another in a CUDA graph, each on weights and keys of its own as the layers of a model have them,
  /// activations reused: the main figure.
  case rotating
  /// Single launches, each after a sweep that reads twice the L2 cache.
  case cold
  /// The same call again and again on the same memory: a lower bound.
  case hot
}
