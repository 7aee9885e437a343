import RooflineCore
import RooflineMeasurement

/// What `devices` prints: GPUs, what runs there, which hardware file fits, and NVIDIA's libraries.
package struct DevicesReport {
  package let inventory: DeviceInventory
  /// The files that fit, by the device's ordinal.
  package let matches: [Int: [HardwareMatch]]

  package init(_ inventory: DeviceInventory, matches: [Int: [HardwareMatch]]) {
    self.inventory = inventory
    self.matches = matches
  }

  /// What a machine without a GPU is told.
  package static func absence(_ inventory: DeviceInventory) -> String {
    let reason =
      inventory.driver.path == nil ? "no CUDA driver was found" : "the CUDA driver knows no device"
    return "No GPU here: \(reason). Predictions need none."
  }

  package var report: Report {
    let devices = inventory.devices.map(facts)
    let libraries = Facts(
      indent: 2, width: Self.width, ([inventory.driver] + inventory.libraries).map(Self.fact))
    let absence = inventory.devices.isEmpty && inventory.fault == nil ? [Self.absence(inventory)] : []
    return Report(
      sections: [.notes(Notes(absence))] + devices.map { .facts($0) } + [.facts(libraries)],
      records: .init(
        key: "of",
        zip(inventory.devices, devices).map { $1.records(title: "GPU \($0.ordinal)") }
          + [libraries.records(title: "libraries")]), document: DevicesDocument(inventory, matches: matches))
  }

  static let width = 22

  private func facts(_ device: DeviceInventory.Device) -> Facts {
    guard case .success(let properties) = device.properties else {
      return Facts(title: "GPU \(device.ordinal): see the error", [])
    }
    let state = device.state
    func count(_ value: UInt64?) -> Table.Cell { .integer(value) }
    func flag(_ name: String, _ isOn: Bool?, key: String) -> Facts.Entry {
      .init(name, isOn.map { $0 ? "on" : "off" }, key: key)
    }
    let standIn: [Facts.Entry] =
      properties.isStandIn ? [.init("stand-in", "of the tests; nothing here is a measurement", key: "stand_in")] : []
    return Facts(
      title: "GPU \(device.ordinal): \(properties.name)", indent: 2, width: Self.width,
      standIn + [
        .init("compute capability", properties.computeCapability.description, key: "compute_capability"),
        .init("SMs", "\(properties.streamingMultiprocessors)", key: "sms", count(properties.streamingMultiprocessors)),
        .init(
          "highest clock", properties.clock.map { "\(Numbers.scaled($0))Hz" }, key: "clock_hz", .rate(properties.clock)),
        .init(
          "memory", "\(Numbers.grouped(properties.memory)) bytes\(free(state))", key: "memory_bytes",
          count(properties.memory)),
        .init("memory clock", memoryClock(properties), key: "memory_clock_hz", .rate(properties.memoryClock)),
        .init("L2", properties.l2.map { "\(Numbers.grouped($0)) bytes" }, key: "l2_bytes", count(properties.l2)),
        flag("ECC", state?.isECCEnabled ?? properties.hasECC, key: "ecc"), flag("MIG", state?.isMIGEnabled, key: "mig"),
        .init("now", state.map(now), key: "now"), .init("processes", state?.processes.map(processes), key: "processes"),
        .init("UUID", properties.uuid, key: "uuid"), .init("PCI bus", properties.pciBusIdentifier, key: "pci_bus"),
        .init("hardware file", fitting(device.ordinal), key: "hardware_file"),
      ])
  }

  private func free(_ state: DeviceState?) -> String {
    state?.freeMemory.map { ", \(Numbers.grouped($0)) free" } ?? ""
  }

  private func memoryClock(_ properties: DeviceProperties) -> String? {
    properties.memoryClock.map { clock in
      "\(Numbers.scaled(clock))Hz\(properties.memoryBusBits.map { ", \($0) bits wide" } ?? "")"
    }
  }

  private func now(_ state: DeviceState) -> String {
    var parts: [String] = []
    if let clock = state.smClock { parts.append("SMs at \(Numbers.scaled(clock))Hz") }
    if let clock = state.memoryClock { parts.append("memory at \(Numbers.scaled(clock))Hz") }
    if let temperature = state.temperature { parts.append("\(Numbers.fixed(temperature, decimals: 0)) °C") }
    if let power = state.power {
      parts.append(
        "\(Numbers.fixed(power, decimals: 0)) W\(state.powerLimit.map { " of \(Numbers.fixed($0, decimals: 0))" } ?? "")"
      )
    }
    if let reasons = state.clockReasons, !reasons.names.isEmpty {
      parts.append("held by: \(reasons.names.joined(separator: ", "))")
    }
    return parts.isEmpty ? "not known" : parts.joined(separator: ", ")
  }

  private func processes(_ processes: [DeviceState.GPUProcess]) -> String {
    guard !processes.isEmpty else { return "none" }
    return processes.map { process in
      "\(process.identifier)\(process.memory.map { " (\(Numbers.grouped($0)) bytes)" } ?? "")"
    }.joined(separator: ", ")
  }

  private func fitting(_ ordinal: Int) -> String {
    let matches = matches[ordinal] ?? []
    guard let first = matches.first else {
      return "none fits; `roofline devices --device \(ordinal) --stub FILE` writes one to fill in"
    }
    let paths = matches.map(\.path).joined(separator: " or ")
    switch first.basis {
    case .facts: return "\(paths), by its facts; add the name to the aliases of the right one"
    case .name:
      let differences = matches.flatMap(\.differences).map { "\($0.fact): \($0.device) here, \($0.file) there" }
      return differences.isEmpty ? paths : "\(paths), by name, but \(differences.joined(separator: "; "))"
    }
  }

  private static func fact(_ finding: LibraryFinding) -> Facts.Entry {
    var parts: [String] = []
    if let version = finding.version {
      parts.append(finding.name == "CUDA driver" ? "for CUDA \(version)" : version)
    }
    if let path = finding.path { parts.append(path) }
    if let problem = finding.problem { parts.append("not usable: \(problem)") }
    if finding.path == nil && finding.problem == nil {
      let paths = finding.searched.map(\.path)
      // Of a file that was named the reason is worth reading; of a list of guesses it is "no such file" each time.
      let detail =
        finding.searched.count == 1
        ? ": " + finding.searched[0].reason : paths.isEmpty ? "" : "; looked for \(paths.joined(separator: ", "))"
      parts.append("not found\(detail)\(finding.way.map { "; \($0)" } ?? "")")
    }
    return .init(finding.name, parts.joined(separator: ", "), key: finding.name)
  }
}
