import RooflineCore

/// One operator timed on a GPU in one mode.
package struct KernelMeasurement: Sendable {
  package var task: MeasurementTask
  /// The library that the kernels are of.
  package var family: String
  package var kernels: [LaunchedKernel]
  package var mode: TimingMode
  /// Sets of weights and keys that the calls go around.
  package var copies: Int
  /// Calls of a sample; its time is the sample's over these.
  package var callsPerSample: Int
  /// Bytes of memory that a round of calls touches: at most what rotates times `copies`, and the rest.
  package var footprint: Int
  /// Bytes beside the operator's operands.
  package var workspaceBytes: Int
  /// What is different from the operator as it is counted; nil: nothing.
  package var remark: String?
  /// Seconds a call, in the order in which they were taken.
  package var samples: [Double]
  package var statistics: SampleStatistics
  /// Why no further sample was taken.
  package var end: StoppingRule.Reason
  /// Seconds an empty kernel takes in this mode: not subtracted.
  package var floor: Double
  package var check: Check
  /// What NVML said right before the first and right after the last sample, when the GPU did nothing.
  package var before: DeviceState?
  package var after: DeviceState?
  /// Its clocks, temperature, power and reasons while the calls of a middle sample ran.
  package var during: DeviceState?

  /// A kernel as it was launched.
  package struct LaunchedKernel: Hashable, Sendable {
    /// In a library's machine code, or the library's function where the driver does not tell.
    package var name: String
    /// How a library set it up, as the library numbers it.
    package var configuration: String?
    /// Blocks and threads; nil where the library does not tell.
    package var grid: [UInt32]?
    package var block: [UInt32]?
    /// Dynamic shared memory of a block, bytes.
    package var sharedBytes: UInt32?
    /// Of a thread; nil where the library does not tell.
    package var registers: Int?
    /// Bytes of a thread's local memory, where spilled registers go.
    package var localBytes: Int?
    /// FNV-1a of the machine code, hexadecimal.
    package var codeHash: String?

    package init(
      name: String, configuration: String? = nil, grid: [UInt32]? = nil, block: [UInt32]? = nil,
      sharedBytes: UInt32? = nil, registers: Int? = nil, localBytes: Int? = nil, codeHash: String? = nil
    ) {
      self.name = name
      self.configuration = configuration
      self.grid = grid
      self.block = block
      self.sharedBytes = sharedBytes
      self.registers = registers
      self.localBytes = localBytes
      self.codeHash = codeHash
    }
  }

  /// How the results compared with the reference before anything was timed.
  package struct Check: Hashable, Sendable {
    /// Output elements that were compared, of all.
    package var compared: Int
    package var elements: Int
    /// The largest error as a share of what is tolerated.
    package var worst: Double

    package init(compared: Int, elements: Int, worst: Double) {
      self.compared = compared
      self.elements = elements
      self.worst = worst
    }
  }

  package init(
    task: MeasurementTask, family: String, kernels: [LaunchedKernel], mode: TimingMode, copies: Int,
    callsPerSample: Int, footprint: Int, workspaceBytes: Int, remark: String?, samples: [Double],
    statistics: SampleStatistics,
    end: StoppingRule.Reason, floor: Double, check: Check, before: DeviceState?, after: DeviceState?,
    during: DeviceState?
  ) {
    self.task = task
    self.family = family
    self.kernels = kernels
    self.mode = mode
    self.copies = copies
    self.callsPerSample = callsPerSample
    self.footprint = footprint
    self.workspaceBytes = workspaceBytes
    self.remark = remark
    self.samples = samples
    self.statistics = statistics
    self.end = end
    self.floor = floor
    self.check = check
    self.before = before
    self.after = after
    self.during = during
  }

  /// How the samples changed from first to last.
  package var drift: SampleDrift? { SampleDrift(samples) }

  /// Of all samples together, s.
  package var deviceTime: Double { samples.reduce(0, +) * Double(callsPerSample) }

  /// Below this a counter of energy counts what lies before and behind the samples, too, s.
  package static let leastEnergyTime = 2.0

  /// J of the samples and what lies between them; nil where they are too short to tell, or NVML does not count.
  package var energy: Double? {
    guard deviceTime >= KernelMeasurement.leastEnergyTime, let first = before?.counters.energy,
      let last = after?.counters.energy
    else { return nil }
    return last - first
  }

  /// Why the clocks were held while it ran, as far as that counts against it: heat or a weak power supply.
  package var slowdown: ClockReasons {
    [before, during, after].reduce(into: ClockReasons()) { $0.formUnion($1?.clockReasons ?? []) }
      .intersection(.faults)
  }
}
