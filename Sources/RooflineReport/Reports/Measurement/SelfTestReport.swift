import RooflineCore
import RooflineMeasurement

/// What `devices --self-test` prints.
package struct SelfTestReport {
  package let result: SelfTestResult

  package init(_ result: SelfTestResult) { self.result = result }

  package var report: Report {
    let facts = facts
    return Report(
      sections: [.facts(facts)],
      records: .init(key: "of", [facts.records(title: "GPU \(result.device.ordinal)")]),
      document: SelfTestDocument(result))
  }

  /// Of a machine without a GPU: nothing was tested, and why.
  package static func report(absence: String) -> Report {
    let facts = Facts([.init("tested", absence, key: "absence")])
    return Report(
      sections: [.notes(Notes([absence]))], records: .init(key: "of", [facts.records(title: "no GPU")]),
      document: SelfTestDocument(absence: absence))
  }

  private var facts: Facts {
    let (device, copy, floor) = (result.device, result.copy, result.emptyKernel.median)
    var entries: [Facts.Entry] = []
    if device.isStandIn {
      entries.append(.init("stand-in", "of the tests; nothing here is a measurement", key: "stand_in"))
    }
    entries += result.readings.map { reading in
      .init(
        "spin of \(Self.time(reading.expected))", "\(Self.measured(reading)): \(Self.verdict(reading))",
        key: "spin_of_\(reading.expected)_seconds", .time(Seconds(reading.measured.median)))
    }
    entries += [
      .init(
        "empty kernel", "\(Self.time(floor)), the floor under a single launch", key: "empty_kernel_seconds",
        .time(Seconds(floor))),
      .init(
        "copied there and back",
        "\(Numbers.grouped(copy.checkedBytes)) random bytes, \(copy.wrongBytes == 0 ? "none" : Numbers.grouped(copy.wrongBytes)) wrong",
        key: "wrong_bytes", .integer(copy.wrongBytes)),
      .init(
        "copy on the device",
        "\(Numbers.scaled(copy.bandwidth))B/s read and written, \(Numbers.grouped(copy.timedBytes)) bytes in \(Self.time(copy.time.median))",
        key: "copy_bytes_per_second", .rate(copy.bandwidth)),
      .init(
        "clocks held by",
        result.clockReasons.map { $0.names.isEmpty ? "nothing" : $0.names.joined(separator: ", ") }
          ?? "not known without NVML", key: "clocks_held_by"),
    ]
    return Facts(
      title: "GPU \(device.ordinal): \(device.name): \(result.hasPassed ? "passed" : "failed")", indent: 2,
      width: DevicesReport.width, entries)
  }

  static func time(_ seconds: Double) -> String { Numbers.time(Seconds(seconds)) }

  static func measured(_ reading: SelfTestResult.Reading) -> String {
    "\(time(reading.measured.median)) measured (noise \(Numbers.percent(reading.measured.noise)) %, \(reading.measured.count) samples)"
  }

  private static func verdict(_ reading: SelfTestResult.Reading) -> String {
    reading.isWrong ? "wrong" : !reading.isSteady ? "unsteady" : "right within \(time(reading.tolerance))"
  }
}

extension SelfTestResult.Finding {
  /// One sentence: what is wrong, and the way out.
  package func sentence(of device: DeviceProperties) -> String {
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
