import RooflineCore

/// What `devices` prints: GPUs, what runs there, which hardware file fits, and NVIDIA's libraries.
public struct DevicesReport {
  public let inventory: DeviceInventory
  /// The files that fit, by the device's ordinal.
  public let matches: [Int: [HardwareMatch]]

  public init(_ inventory: DeviceInventory, matches: [Int: [HardwareMatch]]) {
    self.inventory = inventory
    self.matches = matches
  }

  /// What a machine without a GPU is told.
  public static func absence(_ inventory: DeviceInventory) -> String {
    let reason =
      inventory.driver.path == nil ? "no CUDA driver was found" : "the CUDA driver knows no device"
    return "No GPU here: \(reason). Predictions need none."
  }

  public func text() -> String {
    var lines: [String] = []
    if inventory.devices.isEmpty && inventory.fault == nil { lines += [Self.absence(inventory), ""] }
    for device in inventory.devices { lines += self.lines(device) + [""] }
    for finding in [inventory.driver] + inventory.libraries { lines.append(self.line(finding)) }
    return lines.map { TextFormat.wrapped($0, indent: Self.width + 2) + "\n" }.joined()
  }

  static let width = 22

  private static func fact(_ name: String, _ value: String) -> String {
    name + String(repeating: " ", count: max(1, width - name.count)) + value
  }

  private func lines(_ device: DeviceInventory.Device) -> [String] {
    guard case .success(let properties) = device.properties else { return ["GPU \(device.ordinal): see the error"] }
    let state = device.state
    var lines = ["GPU \(device.ordinal): \(properties.name)"]
    func fact(_ name: String, _ value: String?) { lines.append("  " + Self.fact(name, value ?? "not known")) }
    if properties.isStandIn { fact("stand-in", "of the tests; nothing here is a measurement") }
    fact("compute capability", properties.computeCapability.description)
    fact("SMs", "\(properties.streamingMultiprocessors)")
    fact("highest clock", properties.clock.map { "\(Numbers.scaled($0))Hz" })
    fact("memory", "\(Numbers.grouped(properties.memory)) bytes\(free(state))")
    fact("memory clock", memoryClock(properties))
    fact("L2", properties.l2.map { "\(Numbers.grouped($0)) bytes" })
    fact("ECC", (state?.isECCEnabled ?? properties.hasECC).map { $0 ? "on" : "off" })
    fact("MIG", state?.isMIGEnabled.map { $0 ? "on" : "off" })
    fact("now", state.map(now))
    fact("processes", state?.processes.map(processes))
    fact("UUID", properties.uuid)
    fact("PCI bus", properties.pciBusIdentifier)
    fact("hardware file", fitting(device.ordinal))
    return lines
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

  private func line(_ finding: LibraryFinding) -> String {
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
    return Self.fact("  " + finding.name, "  " + parts.joined(separator: ", "))
  }
}
