import RooflineCore

/// What the test of the ruler found: whether times and copies of a GPU can be trusted.
package struct SelfTestResult: Hashable, Sendable {
  package var device: DeviceProperties
  package var readings: [Reading]
  /// Seconds that an empty kernel takes between two events: the floor under every single launch.
  package var emptyKernel: SampleStatistics
  package var copy: Copy
  /// Why the clocks were where they were while copies ran and right after the last one; nil without NVML.
  package var clockReasons: ClockReasons?

  /// A kernel that spins for a known time, and what the events said.
  package struct Reading: Hashable, Sendable {
    /// s, by the GPU's own nanosecond timer.
    package var expected: Double
    /// s.
    package var measured: SampleStatistics

    package init(expected: Double, measured: SampleStatistics) {
      self.expected = expected
      self.measured = measured
    }

    /// Whichever is larger of 2.5 % and 8 µs; 8 µs are a launch and the timer's step.
    package var tolerance: Double { max(0.025 * expected, 8e-6) }
    /// Whether the median is what is expected, within the tolerance.
    package var isRight: Bool { (measured.median - expected).magnitude <= tolerance }
    /// Whether the median is farther from what is expected than the tolerance, and than noise explains.
    package var isWrong: Bool { (measured.median - expected).magnitude > max(tolerance, spread) }
    /// Whether half of the samples lie closer together than the tolerance.
    package var isSteady: Bool { spread <= tolerance }
    /// Half of the samples lie within it, s.
    private var spread: Double { measured.upperQuartile - measured.lowerQuartile }
  }

  /// A copy from device memory to device memory.
  package struct Copy: Hashable, Sendable {
    /// Bytes of random data that went to the device, across it and back.
    package var checkedBytes: UInt64
    /// How many came back different.
    package var wrongBytes: UInt64
    /// Bytes of the timed copy; it reads and writes each.
    package var timedBytes: UInt64
    /// s.
    package var time: SampleStatistics

    package init(checkedBytes: UInt64, wrongBytes: UInt64, timedBytes: UInt64, time: SampleStatistics) {
      self.checkedBytes = checkedBytes
      self.wrongBytes = wrongBytes
      self.timedBytes = timedBytes
      self.time = time
    }

    /// Bytes read and written a second.
    package var bandwidth: Double { time.median > 0 ? 2 * Double(timedBytes) / time.median : .infinity }
  }

  package init(
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
  package enum Finding: Hashable, Sendable {
    case wrongCopy(Copy)
    case wrongTimes([Reading])
    case unsteadyTimes([Reading])
    case slowedDown(ClockReasons)
  }

  package var findings: [Finding] {
    var findings: [Finding] = copy.wrongBytes > 0 ? [.wrongCopy(copy)] : []
    let wrong = readings.filter(\.isWrong)
    let unsteady = readings.filter { !$0.isSteady }
    if !wrong.isEmpty { findings.append(.wrongTimes(wrong)) }
    if wrong.isEmpty && !unsteady.isEmpty { findings.append(.unsteadyTimes(unsteady)) }
    if let reasons = clockReasons?.intersection(.faults), !reasons.isEmpty { findings.append(.slowedDown(reasons)) }
    return findings
  }

  package var hasPassed: Bool { findings.isEmpty }
}
