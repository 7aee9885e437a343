import RooflineCore

/// One operator timed on a GPU in one mode.
public struct KernelMeasurement: Sendable {
  public var task: MeasurementTask
  /// The library that the kernels are of.
  public var family: String
  public var kernels: [LaunchedKernel]
  public var mode: TimingMode
  /// Sets of weights and keys that the calls go around.
  public var copies: Int
  /// Calls of a sample; its time is the sample's over these.
  public var callsPerSample: Int
  /// Bytes of memory that a round of calls touches: at most what rotates times `copies`, and the rest.
  public var footprint: Int
  /// Bytes beside the operator's operands.
  public var workspaceBytes: Int
  /// What is different from the operator as it is counted; nil: nothing.
  public var remark: String?
  /// Seconds a call, in the order in which they were taken.
  public var samples: [Double]
  public var statistics: SampleStatistics
  /// Why no further sample was taken.
  public var end: StoppingRule.Reason
  /// Seconds an empty kernel takes in this mode: not subtracted.
  public var floor: Double
  public var check: Check
  /// What NVML said right before the first and right after the last sample, when the GPU did nothing.
  public var before: DeviceState?
  public var after: DeviceState?
  /// Its clocks, temperature, power and reasons while the calls of a middle sample ran.
  public var during: DeviceState?

  /// A kernel as it was launched.
  public struct LaunchedKernel: Hashable, Sendable {
    /// In a library's machine code, or the library's function where the driver does not tell.
    public var name: String
    /// How a library set it up, as the library numbers it.
    public var configuration: String?
    /// Blocks and threads; nil where the library does not tell.
    public var grid: [UInt32]?
    public var block: [UInt32]?
    /// Dynamic shared memory of a block, bytes.
    public var sharedBytes: UInt32?
    /// Of a thread; nil where the library does not tell.
    public var registers: Int?
    /// Bytes of a thread's local memory, where spilled registers go.
    public var localBytes: Int?
    /// FNV-1a of the machine code, hexadecimal.
    public var codeHash: String?

    public init(
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
  public struct Check: Hashable, Sendable {
    /// Output elements that were compared, of all.
    public var compared: Int
    public var elements: Int
    /// The largest error as a share of what is tolerated.
    public var worst: Double

    public init(compared: Int, elements: Int, worst: Double) {
      self.compared = compared
      self.elements = elements
      self.worst = worst
    }
  }

  public init(
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
  public var drift: SampleDrift? { SampleDrift(samples) }

  /// Of all samples together, s.
  public var deviceTime: Double { samples.reduce(0, +) * Double(callsPerSample) }

  /// Below this a counter of energy counts what lies before and behind the samples, too, s.
  public static let leastEnergyTime = 2.0

  /// J of the samples and what lies between them; nil where they are too short to tell, or NVML does not count.
  public var energy: Double? {
    guard deviceTime >= KernelMeasurement.leastEnergyTime, let first = before?.counters.energy,
      let last = after?.counters.energy
    else { return nil }
    return last - first
  }

  /// Why the clocks were held while it ran, as far as that counts against it: heat or a weak power supply.
  public var slowdown: ClockReasons {
    [before, during, after].reduce(into: ClockReasons()) { $0.formUnion($1?.clockReasons ?? []) }
      .intersection(.faults)
  }
}
