import RooflineCore

/// A decoder layer timed on a GPU as one CUDA graph.
package struct LayerMeasurement: Sendable {
  package let task: LayerTask
  /// What ran, in order.
  package let rows: [Row]
  /// What did not, and is in no time.
  package let leftOut: [LeftOut]
  /// Operands that rows read where former rows wrote them, of all that are activations or keys and values.
  package let linked, linkable: Int
  /// Sets of weights and caches that the layers go around.
  package let copies: Int
  /// Layers of a sample: one is a replay of so many and one of twice as many, whose difference counts.
  package let layersPerSample: Int
  /// What a replay takes beside its layers, s, which is not in the samples.
  package let launchCost: Double
  /// Bytes of memory that a round touches.
  package let footprint: Int
  /// Seconds a layer, in the order in which they were taken.
  package let samples: [Double]
  package let statistics: SampleStatistics
  package let end: StoppingRule.Reason
  /// Seconds an empty kernel takes in a graph: not subtracted.
  package let floor: Double
  /// Row by row, each on what the former left.
  package let check: KernelMeasurement.Check
  /// After the last sample, of what the replayed graph left and no later row has overwritten.
  package let recheck: KernelMeasurement.Check
  package let before, after, during: DeviceState?

  package struct Row: Sendable {
    package let name: String
    package let task: MeasurementTask
    /// The library that the kernels are of.
    package let family: String
    package let kernels: [KernelMeasurement.LaunchedKernel]
    /// Of a grouped product: token–expert pairs of each expert that is touched.
    package let rowsPerExpert: [Int]?

    package init(
      name: String, task: MeasurementTask, family: String, kernels: [KernelMeasurement.LaunchedKernel],
      rowsPerExpert: [Int]?
    ) {
      self.name = name
      self.task = task
      self.family = family
      self.kernels = kernels
      self.rowsPerExpert = rowsPerExpert
    }
  }

  package struct LeftOut: Hashable, Sendable {
    package let name: String
    package let task: MeasurementTask
    /// A clause.
    package let reason: String

    package init(name: String, task: MeasurementTask, reason: String) {
      self.name = name
      self.task = task
      self.reason = reason
    }
  }

  package init(
    task: LayerTask, rows: [Row], leftOut: [LeftOut], linked: Int, linkable: Int, copies: Int, layersPerSample: Int,
    launchCost: Double, footprint: Int, samples: [Double], statistics: SampleStatistics, end: StoppingRule.Reason,
    floor: Double, check: KernelMeasurement.Check, recheck: KernelMeasurement.Check, before: DeviceState?,
    after: DeviceState?, during: DeviceState?
  ) {
    self.task = task
    self.rows = rows
    self.leftOut = leftOut
    self.linked = linked
    self.linkable = linkable
    self.copies = copies
    self.layersPerSample = layersPerSample
    self.launchCost = launchCost
    self.footprint = footprint
    self.samples = samples
    self.statistics = statistics
    self.end = end
    self.floor = floor
    self.check = check
    self.recheck = recheck
    self.before = before
    self.after = after
    self.during = during
  }

  package var drift: SampleDrift? { SampleDrift(samples) }

  /// Seconds a layer: the median of the last third of samples.
  package var time: Double { drift?.lastMedian ?? statistics.median }

  /// Why the clocks were held while it ran, as far as that counts against it.
  package var slowdown: ClockReasons {
    [before, during, after].reduce(into: ClockReasons()) { $0.formUnion($1?.clockReasons ?? []) }
      .intersection(.faults)
  }
}
