import RooflineCore

/// One operator timed on a GPU in one mode.
package struct KernelMeasurement: Sendable {
  package var task: MeasurementTask
  /// The library that the kernels are of.
  package var family: String
  package var kernels: [LaunchedKernel]
  package var mode: TimingMode
  /// How the time was taken.
  package var procedure: TimingProcedure
  /// Sets of weights and keys that the calls go around.
  package var copies: Int
  /// Calls of a sample. In a graph a sample is a replay of so many and one of twice as many, whose difference counts.
  package var callsPerSample: Int
  /// What a replay takes beside its calls, s, which is not in the samples; nil for single launches, where it is.
  package var launchCost: Double?
  /// Of all samples together, on the device, s.
  package var deviceTime: Double
  /// Bytes of memory that a round of calls touches: at most what rotates times `copies`, and the rest.
  package var footprint: Int
  /// Bytes beside the operator's operands.
  package var workspaceBytes: Int
  /// What is different from the operator as it is counted; nil: nothing.
  package var remark: String?
  /// Token–expert pairs of each expert that a grouped product touched; nil of other operators.
  package var rowsPerExpert: [Int]?
  /// Seconds a call, in the order in which they were taken.
  package var samples: [Double]
  package var statistics: SampleStatistics
  /// Why no further sample was taken.
  package var end: StoppingRule.Reason
  /// Seconds an empty kernel takes in this mode: not subtracted.
  package var floor: Double
  /// What this way of launching adds to a call, s: how much longer an empty kernel takes by it than in a graph. nil for calls
  /// in a graph.
  package var gap: Double?
  package var check: Check
  /// The same after the last sample: what the replayed calls left, their outputs poisoned before.
  package var recheck: Check
  /// What NVML said right before the first and right after the last sample, when the GPU did nothing.
  package var before: DeviceState?
  package var after: DeviceState?
  /// Its clocks, temperature, power and reasons while the calls of a middle sample ran.
  package var during: DeviceState?
  /// Read all along, in the sustained mode; nil in others, and without NVML.
  package var load: SustainedLoad?

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
    /// What NVRTC compiled for, e.g. `sm_90`, or `compute_120` where it made PTX, which the driver compiled; nil where another
    /// library brings machine code.
    package var architecture: String?

    /// Whether the driver made the machine code, because NVRTC does not know the GPU.
    package var isOfPTX: Bool { architecture?.hasPrefix("compute_") == true }

    package init(
      name: String, configuration: String? = nil, grid: [UInt32]? = nil, block: [UInt32]? = nil,
      sharedBytes: UInt32? = nil, registers: Int? = nil, localBytes: Int? = nil, codeHash: String? = nil,
      architecture: String? = nil
    ) {
      self.name = name
      self.configuration = configuration
      self.grid = grid
      self.block = block
      self.sharedBytes = sharedBytes
      self.registers = registers
      self.localBytes = localBytes
      self.codeHash = codeHash
      self.architecture = architecture
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
    callsPerSample: Int, launchCost: Double?, deviceTime: Double, footprint: Int, workspaceBytes: Int,
    remark: String?, samples: [Double], statistics: SampleStatistics, end: StoppingRule.Reason, floor: Double,
    gap: Double?,
    check: Check, recheck: Check, before: DeviceState?, after: DeviceState?, during: DeviceState?,
    load: SustainedLoad? = nil, procedure: TimingProcedure? = nil, rowsPerExpert: [Int]? = nil
  ) {
    self.task = task
    self.family = family
    self.kernels = kernels
    self.mode = mode
    self.procedure = procedure ?? mode.procedure
    self.copies = copies
    self.callsPerSample = callsPerSample
    self.launchCost = launchCost
    self.deviceTime = deviceTime
    self.footprint = footprint
    self.workspaceBytes = workspaceBytes
    self.remark = remark
    self.samples = samples
    self.statistics = statistics
    self.end = end
    self.floor = floor
    self.gap = gap
    self.check = check
    self.recheck = recheck
    self.before = before
    self.after = after
    self.during = during
    self.load = load
    self.rowsPerExpert = rowsPerExpert
  }

  /// How the samples changed from first to last.
  package var drift: SampleDrift? { SampleDrift(samples) }

  /// Seconds a call: the median of the last third of samples, by when clocks have sunk to what power and heat leave.
  package var time: Double { drift?.lastMedian ?? statistics.median }

  /// Below this clocks and power have not settled, and a counter of energy counts what lies before and behind the samples,
  /// too, s.
  package static let leastEnergyTime = 2.0

  /// Whether it ran for so long, and without a rest, that its energy can be told from what lies around it.
  private var hasEnergy: Bool { mode == .sustained && deviceTime >= KernelMeasurement.leastEnergyTime }

  /// J a call: the power of the last third of the time, for as long as a call takes then. nil but in the sustained mode, and
  /// where NVML tells no power of the moment.
  package var callEnergy: Double? { hasEnergy ? load?.power.map { $0 * time } : nil }

  /// J of the samples and what lies between them, by NVML's counter; nil but in the sustained mode, and where NVML does not
  /// count.
  package var energy: Double? {
    guard hasEnergy, let first = before?.counters.energy,
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
