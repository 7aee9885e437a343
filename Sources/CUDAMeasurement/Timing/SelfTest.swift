import RooflineCore
import RooflineMeasurement

/// The test of the ruler: kernels of known duration must come back right, and copied bytes unchanged.
package struct SelfTest: Sendable {
  /// How long the spin kernel spins, s.
  package var durations = [100e-6, 1e-3, 10e-3]
  /// Bytes that are copied and compared.
  package var checkedBytes = 4 << 20
  package var rule = StoppingRule()

  package init() {}

  /// Runs on one GPU. All that it takes is given back, whether it succeeds or not.
  package func run(environment: [String: String], ordinal: Int) throws(GPUFault) -> SelfTestResult {
    let driver = try Driver(environment: environment)
    // NVML is optional: without it nothing is known about the clocks.
    let management = try? ManagementLibrary(environment: environment)
    let context = try Context(driver, ordinal: ordinal)
    let timer = try LaunchTimer(context)
    let module = try SpinKernel.load(context)
    let empty = try module.kernel(SpinKernel.emptyName)
    let spin = try module.kernel(SpinKernel.spinName)
    // 50 µs are enough to queue three calls behind it.
    func cover(_ stream: DeviceStream) throws(GPUFault) {
      try stream.launch(spin, SpinKernel.geometry, [.uint64(50_000)])
    }
    let floor = try statistics(timer, cover) { stream throws(GPUFault) in
      try stream.launch(empty, SpinKernel.geometry, [])
    }
    var readings: [SelfTestResult.Reading] = []
    for duration in durations {
      let nanoseconds = UInt64((duration * 1e9).rounded())
      let measured = try statistics(timer, cover) { stream throws(GPUFault) in
        try stream.launch(spin, SpinKernel.geometry, [.uint64(nanoseconds)])
      }
      readings.append(SelfTestResult.Reading(expected: duration, measured: measured))
    }
    func load() -> DeviceState? { management?.load(pciBusIdentifier: context.properties.pciBusIdentifier) }
    var during: DeviceState?
    let copy = try copy(context, timer, cover) { during = load() }
    // Some reasons show only under load, others only some time after.
    let after = load()
    let reasons = during?.clockReasons.map { $0.union(after?.clockReasons ?? []) } ?? after?.clockReasons
    return SelfTestResult(
      device: context.properties, readings: readings, emptyKernel: floor, copy: copy, clockReasons: reasons)
  }

  private func statistics(
    _ timer: LaunchTimer, _ cover: (DeviceStream) throws(GPUFault) -> Void, companions: Int = 0,
    look: () -> Void = {},
    _ work: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> SampleStatistics {
    guard
      let taken = try timer.samples(
        rule: rule, cover: cover, watch: .init(companions: companions), look: look, work),
      let statistics = SampleStatistics(taken.samples)
    else {
      throw .noAnswer(call: "cuEventElapsedTime")
    }
    return statistics
  }

  /// Random bytes to the device, across it, and back; then a copy that no cache holds, timed.
  private func copy(
    _ context: Context, _ timer: LaunchTimer, _ cover: (DeviceStream) throws(GPUFault) -> Void, look: () -> Void
  ) throws(GPUFault) -> SelfTestResult.Copy {
    // 64 MiB at least, else launches dominate; four times the L2, else it is not memory that is timed.
    let timedBytes = max(64 << 20, 4 * Int(context.properties.l2 ?? 0))
    let source = try DeviceMemory(context, byteCount: max(checkedBytes, timedBytes))
    let target = try DeviceMemory(context, byteCount: max(checkedBytes, timedBytes))
    try timer.stream.fill(source, with: 0x5A)
    try timer.stream.fill(target, with: 0xA5)
    try timer.stream.synchronize()
    var generator = SystemRandomNumberGenerator()
    let words = (0..<checkedBytes / 8).map { _ in generator.next() }
    try source.write(words)
    try timer.stream.copy(checkedBytes, from: source, to: target)
    try timer.stream.synchronize()
    let returned = try target.read(UInt64.self, count: words.count)
    let wrong = zip(words, returned).reduce(0) { count, pair in
      pair.0 == pair.1 ? count : count + SelfTest.differingBytes(pair.0, pair.1)
    }
    // Each of these copies takes tens of microseconds at least.
    let time = try statistics(timer, cover, companions: 64, look: look) { stream throws(GPUFault) in
      try stream.copy(timedBytes, from: source, to: target)
    }
    return SelfTestResult.Copy(
      checkedBytes: UInt64(words.count * 8), wrongBytes: UInt64(wrong), timedBytes: UInt64(timedBytes), time: time)
  }

  private static func differingBytes(_ left: UInt64, _ right: UInt64) -> Int {
    (0..<8).filter { (left ^ right) >> (8 * $0) & 0xFF != 0 }.count
  }
}
