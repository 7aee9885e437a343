import RooflineCore

/// What the test of the ruler found: whether times and copies of a GPU can be trusted.
public struct SelfTestResult: Hashable, Sendable {
  public var device: DeviceProperties
  public var readings: [Reading]
  /// Seconds that an empty kernel takes between two events: the floor under every single launch.
  public var emptyKernel: SampleStatistics
  public var copy: Copy
  /// Why the clocks were where they were while copies ran and right after the last one; nil without NVML.
  public var clockReasons: ClockReasons?

  /// A kernel that spins for a known time, and what the events said.
  public struct Reading: Hashable, Sendable {
    /// s, by the GPU's own nanosecond timer.
    public var expected: Double
    /// s.
    public var measured: SampleStatistics

    public init(expected: Double, measured: SampleStatistics) {
      self.expected = expected
      self.measured = measured
    }

    /// Whichever is larger of 2.5 % and 8 µs; 8 µs are a launch and the timer's step.
    public var tolerance: Double { max(0.025 * expected, 8e-6) }
    /// Whether the median is what is expected, within the tolerance.
    public var isRight: Bool { (measured.median - expected).magnitude <= tolerance }
    /// Whether the median is farther from what is expected than the tolerance, and than noise explains.
    public var isWrong: Bool { (measured.median - expected).magnitude > max(tolerance, spread) }
    /// Whether half of the samples lie closer together than the tolerance.
    public var isSteady: Bool { spread <= tolerance }
    /// Half of the samples lie within it, s.
    private var spread: Double { measured.upperQuartile - measured.lowerQuartile }
  }

  /// A copy from device memory to device memory.
  public struct Copy: Hashable, Sendable {
    /// Bytes of random data that went to the device, across it and back.
    public var checkedBytes: UInt64
    /// How many came back different.
    public var wrongBytes: UInt64
    /// Bytes of the timed copy; it reads and writes each.
    public var timedBytes: UInt64
    /// s.
    public var time: SampleStatistics

    public init(checkedBytes: UInt64, wrongBytes: UInt64, timedBytes: UInt64, time: SampleStatistics) {
      self.checkedBytes = checkedBytes
      self.wrongBytes = wrongBytes
      self.timedBytes = timedBytes
      self.time = time
    }

    /// Bytes read and written a second.
    public var bandwidth: Double { time.median > 0 ? 2 * Double(timedBytes) / time.median : .infinity }
  }

  public init(
    device: DeviceProperties, readings: [Reading], emptyKernel: SampleStatistics, copy: Copy,
    clockReasons: ClockReasons?
  ) {
    self.device = device
    self.readings = readings
    self.emptyKernel = emptyKernel
    self.copy = copy
    self.clockReasons = clockReasons
  }

  /// What is wrong, the gravest first.
  public enum Finding: Hashable, Sendable {
    case wrongCopy(Copy)
    case wrongTimes([Reading])
    case unsteadyTimes([Reading])
    case slowedDown(ClockReasons)
  }

  public var findings: [Finding] {
    var findings: [Finding] = copy.wrongBytes > 0 ? [.wrongCopy(copy)] : []
    let wrong = readings.filter(\.isWrong)
    let unsteady = readings.filter { !$0.isSteady }
    if !wrong.isEmpty { findings.append(.wrongTimes(wrong)) }
    if wrong.isEmpty && !unsteady.isEmpty { findings.append(.unsteadyTimes(unsteady)) }
    if let reasons = clockReasons?.intersection(.faults), !reasons.isEmpty { findings.append(.slowedDown(reasons)) }
    return findings
  }

  public var hasPassed: Bool { findings.isEmpty }
}
