import RooflineCore

/// What `devices --self-test` prints.
public struct SelfTestReport {
  public let result: SelfTestResult

  public init(_ result: SelfTestResult) { self.result = result }

  public func text() -> String {
    let device = result.device
    var lines = ["GPU \(device.ordinal): \(device.name): \(result.hasPassed ? "passed" : "failed")"]
    func fact(_ name: String, _ value: String) {
      lines.append("  " + name + String(repeating: " ", count: max(1, DevicesReport.width - name.count)) + value)
    }
    if device.isStandIn { fact("stand-in", "of the tests; nothing here is a measurement") }
    for reading in result.readings {
      fact("spin of \(Self.time(reading.expected))", "\(Self.measured(reading)): \(Self.verdict(reading))")
    }
    fact("empty kernel", "\(Self.time(result.emptyKernel.median)), the floor under a single launch")
    let copy = result.copy
    fact(
      "copied there and back",
      "\(Numbers.grouped(copy.checkedBytes)) random bytes, \(copy.wrongBytes == 0 ? "none" : Numbers.grouped(copy.wrongBytes)) wrong"
    )
    fact(
      "copy on the device",
      "\(Numbers.scaled(copy.bandwidth))B/s read and written, \(Numbers.grouped(copy.timedBytes)) bytes in \(Self.time(copy.time.median))"
    )
    fact(
      "clocks held by",
      result.clockReasons.map { $0.names.isEmpty ? "nothing" : $0.names.joined(separator: ", ") }
        ?? "not known without NVML")
    return lines.map { TextFormat.wrapped($0, indent: DevicesReport.width + 2) + "\n" }.joined()
  }

  public func json() throws -> String { try JSONFormat().render(SelfTestDocument(result)) }

  /// Of a machine without a GPU: nothing was tested, and why.
  public static func json(absence: String) throws -> String {
    try JSONFormat().render(SelfTestDocument(absence: absence))
  }

  static func time(_ seconds: Double) -> String { Numbers.time(Seconds(seconds)) }

  static func measured(_ reading: SelfTestResult.Reading) -> String {
    "\(time(reading.measured.median)) measured (noise \(Numbers.percent(reading.measured.noise)) %, \(reading.measured.count) samples)"
  }

  private static func verdict(_ reading: SelfTestResult.Reading) -> String {
    !reading.isRight ? "wrong" : !reading.isSteady ? "unsteady" : "right within \(time(reading.tolerance))"
  }
}

extension SelfTestResult.Finding {
  /// One sentence: what is wrong, and the way out.
  public func sentence(of device: DeviceProperties) -> String {
    let name = "GPU \(device.ordinal)"
    return switch self {
    case .wrongCopy(let copy):
      "\(name) returned \(copy.wrongBytes) of \(copy.checkedBytes) copied bytes wrong; its memory or its link is broken, trust nothing that it computes"
    case .wrongTimes(let readings):
      "\(name) times kernels wrong: \(Self.list(readings)); measure nothing there until this test passes"
    case .unsteadyTimes(let readings):
      "\(name) times kernels unsteadily: \(Self.list(readings)); end other programs there and try again"
    case .slowedDown(let reasons):
      "\(name) slows itself down (\(reasons.names.joined(separator: ", "))); cool it, or check its power supply, before measuring"
    }
  }

  private static func list(_ readings: [SelfTestResult.Reading]) -> String {
    readings.map { "\(SelfTestReport.time($0.expected)) came back as \(SelfTestReport.measured($0))" }
      .joined(separator: ", ")
  }
}
