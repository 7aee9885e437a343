/// A recording of what ran on GPUs, flat: names once, kernels as numbers.
package struct Trace: Sendable {
  package let file: String
  package let format: Format
  /// What is named by number: kernels, in the order in which they first appear.
  package var names: [String] = []
  package var kernels: [TraceKernel] = []
  /// Shapes of operations that launched kernels.
  package var shapes: [RecordedShapes] = []
  /// Forward passes that an engine marked, in the order of time.
  package var steps: [TraceStep] = []
  /// When the recorder was told to record, by the host's clock; empty where nobody told it.
  package var recorded: [TraceRange] = []
  package var devices: [TraceDevice] = []
  /// Processes of the run, where the recorder wrote how many.
  package var worldSize: UInt64?
  /// The model's file among an engine's, e.g. `gpt_oss`, of Python frames.
  package var modelModules: [String] = []
  /// CUDA graphs that were recorded as wholes: their kernels are missing.
  package var wholeGraphs = WholeGraphs()

  package struct WholeGraphs: Hashable, Sendable {
    package var launches: UInt64 = 0
    /// Of all of them, s.
    package var seconds = 0.0
  }

  package enum Format: String, Hashable, Sendable {
    case kineto = "PyTorch profiler"
    case nsightSystems = "Nsight Systems export"
    case nsightSystemsKernels = "Nsight Systems kernel list"
    case nsightSystemsSums = "Nsight Systems kernel sums"
    case nsightCompute = "Nsight Compute"

    /// Whether each launch stands there, in order.
    package var hasOrder: Bool { self != .nsightSystemsSums }
  }

  package init(file: String, format: Format) {
    self.file = file
    self.format = format
  }

  package func name(of kernel: TraceKernel) -> String { names[Int(kernel.name)] }
}

/// A launch, or of a file of sums all launches with a name.
package struct TraceKernel: Hashable, Sendable {
  /// Its place in `Trace.names`.
  package var name: Int32
  package var activity: Activity
  package var device: Int32 = 0
  /// Its place in `Trace.shapes`; -1: none are recorded.
  package var shapes: Int32 = -1
  package var launches: Int32 = 1
  /// When it began on the GPU, s; of any zero.
  package var start: Double
  /// Of all its launches, s.
  package var seconds: Double
  /// When it was launched, s, by the host's clock; NaN where that is not recorded.
  package var launched: Double = .nan

  package enum Activity: Hashable, Sendable {
    case kernel
    /// The copy engine's, or a fill: no kernel.
    case copy, set
  }

  package init(name: Int32, activity: Activity, start: Double, seconds: Double) {
    self.name = name
    self.activity = activity
    self.start = start
    self.seconds = seconds
  }
}

/// Sizes of the tensors that an operation was called with.
package struct RecordedShapes: Hashable, Sendable {
  /// `aten::addmm`.
  package let operation: String
  package let dimensions: [[Int64]]

  package init(operation: String, dimensions: [[Int64]]) {
    self.operation = operation
    self.dimensions = dimensions
  }
}

/// A GPU of the recording.
package struct TraceDevice: Hashable, Sendable {
  package let id: Int32
  /// As the driver calls it; empty where that is not recorded.
  package var name: String

  package init(id: Int32, name: String) {
    self.id = id
    self.name = name
  }
}

/// A stretch of time, s.
package struct TraceRange: Hashable, Sendable {
  package let start, end: Double

  package init(start: Double, end: Double) {
    self.start = start
    self.end = end
  }
}

/// A forward pass that an engine marked.
package struct TraceStep: Hashable, Sendable {
  package var start, end: Double
  /// Whether the times are the GPU's and not the host's.
  package var isOnDevice: Bool
  package var work: StepWork
}
