import RooflineCore

/// How a hardware file fits a GPU.
package struct HardwareMatch: Hashable, Sendable {
  /// The file's name in the catalog.
  package var name: String
  package var path: String
  package var basis: Basis
  /// What file and GPU say differently, of a file that fits by name: a slice of the GPU, or a slip in the file.
  package var differences: [Difference]

  package enum Basis: String, Hashable, Sendable {
    /// The device's name is the file's name, product or one of its aliases.
    case name
    /// Compute capability and SMs are equal, and the memory is of that size; the name is unknown.
    case facts
  }

  package struct Difference: Hashable, Sendable {
    package var fact: String
    package var device: String
    package var file: String
  }

  /// Datasheets round memory, mix 10⁹ with 2³⁰ bytes, and leave out what ECC and the driver keep.
  static let memoryTolerance = 0.12

  /// The match of a file, or nil where it is another GPU's.
  package init?(_ device: DeviceProperties, _ spec: HardwareSpec, aliases: [String]) {
    let wanted = Spelling.normalized(device.name)
    let known = aliases + [spec.name] + (spec.product.map { [$0] } ?? [])
    let differences = HardwareMatch.differences(device, spec)
    name = spec.name
    path = spec.path
    if known.contains(where: { Spelling.normalized($0) == wanted }) {
      basis = .name
      self.differences = differences
      return
    }
    let isComplete =
      spec.computeCapability != nil && spec.compute?.streamingMultiprocessors != nil && spec.memory?.capacity != nil
    guard isComplete, differences.isEmpty, !device.isStandIn else { return nil }
    basis = .facts
    self.differences = []
  }

  /// What file and GPU say differently; a fact that the file leaves out is none.
  package static func differences(_ device: DeviceProperties, _ spec: HardwareSpec) -> [Difference] {
    differences(device.computeCapability, device.streamingMultiprocessors, device.memory, spec)
  }

  /// The same of a GPU of which facts may be missing, too.
  static func differences(
    _ computeCapability: ComputeCapability?, _ streamingMultiprocessors: UInt64?, _ memory: UInt64?,
    _ spec: HardwareSpec
  ) -> [Difference] {
    var differences: [Difference] = []
    if let computeCapability, let capability = spec.computeCapability, capability != computeCapability {
      differences.append(
        Difference(
          fact: "compute capability", device: computeCapability.description, file: capability.description))
    }
    if let streamingMultiprocessors, let sms = spec.compute?.streamingMultiprocessors, sms != streamingMultiprocessors {
      differences.append(Difference(fact: "SMs", device: "\(streamingMultiprocessors)", file: "\(sms)"))
    }
    if let memory, let capacity = spec.memory?.capacity,
      (Double(memory) / Double(capacity) - 1).magnitude > memoryTolerance
    {
      differences.append(Difference(fact: "bytes of memory", device: "\(memory)", file: "\(capacity)"))
    }
    return differences
  }
}

extension Catalog {
  /// The files that fit a GPU: those by name, else those by facts. Files that cannot be read fit none.
  package func matches(_ device: DeviceProperties) -> [HardwareMatch] {
    let aliases = hardwareAliases()
    let matches = hardwareNames.compactMap { name -> HardwareMatch? in
      guard let spec = try? hardware(name) else { return nil }
      return HardwareMatch(device, spec, aliases: aliases.filter { $0.name == name }.map(\.alias))
    }
    let byName = matches.filter { $0.basis == .name }
    return byName.isEmpty ? matches : byName
  }
}
