import RooflineCore

/// Under which conditions a kernel is timed.
package enum TimingMode: String, Hashable, Sendable, CaseIterable {
  /// Many calls one after another in a CUDA graph, each on weights and keys of its own as the layers of a model have them,
  /// activations reused: the main figure.
  case rotating
  /// Single launches, each after a sweep that reads twice the L2 cache.
  case cold
  /// The same call again and again on the same memory: a lower bound.
  case hot
}

/// What a measured time is of: a file's column `timing`.
package enum TimingProcedure: String, Hashable, Sendable, CaseIterable {
  /// A call among others in a CUDA graph: the time of all over their number.
  case graph
  /// The kernel's own duration, without what lies before and behind it.
  case kernel
  /// Calls queued one behind the other.
  case stream
  /// From event to event around calls from Python.
  case eager
  /// From event to event around a single launch: launching and the closing event are in it, some microseconds, which an empty
  /// kernel's time by the same procedure (`floor_us`) shows. It is no kernel's duration, nor the floor's difference to it:
  /// what a kernel needs to start and to drain is in the floor, too.
  case event
}

extension TimingMode {
  package var procedure: TimingProcedure {
    switch self {
    case .rotating, .hot: .graph
    case .cold: .event
    }
  }
}
