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
  /// As rotating, for two seconds at least, with power and clocks read all along: what a GPU does for good, and at what energy.
  case sustained
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
  /// From event to event around a single launch: longer than a kernel's duration and than a call in a graph, by what an empty
  /// kernel takes longer so than it takes in a graph (`gap_us`). A whole empty kernel's time by this procedure (`floor_us`) is too
  /// much to take off: what a kernel needs to start and to drain is in the floor, too.
  case event
}

extension TimingMode {
  /// Whether calls go around sets of weights and keys, as a model's layers do.
  package var isRotating: Bool {
    switch self {
    case .rotating, .sustained: true
    case .cold, .hot: false
    }
  }

  package var procedure: TimingProcedure {
    switch self {
    case .rotating, .hot, .sustained: .graph
    case .cold: .event
    }
  }
}
