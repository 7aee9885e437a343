import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Catalog {
  /// The calibrations that predict a GPU's kernels.
  ///
  /// - Parameters:
  ///   - file: a calibration file to ask before all others.
  ///   - prior: the GPU whose constants are wanted, and no others.
  /// - Throws: `InputError` for a file that is not a calibration, a GPU without one, or a GPU with too few facts.
  public func calibrations(
    for hardware: HardwareSpec, file: String? = nil, prior: String? = nil
  ) throws(InputError) -> CalibrationSet {
    if let prior { return try set(hardware, [try calibration(of: prior)]) }
    var layers: [Calibration] = []
    if let file { layers.append(try calibration(file: file)) }
    var others: [Calibration] = []
    for name in calibrationNames {
      let calibration = try calibration(named: name)
      if Spelling.normalized(name) == Spelling.normalized(hardware.name) {
        layers.append(calibration)
      } else {
        others.append(calibration)
      }
    }
    layers += Catalog.donors(for: hardware, among: others)
    return try set(hardware, layers)
  }

  private func set(_ hardware: HardwareSpec, _ layers: [Calibration]) throws(InputError) -> CalibrationSet {
    var bandwidths: [String: Double] = [:]
    for layer in layers where bandwidths[layer.hardware] == nil && layer.hardware != hardware.name {
      bandwidths[layer.hardware] = (try? self.hardware(layer.hardware))?.memory?.bandwidth
    }
    return try CalibrationSet(hardware, layers: layers, bandwidths: bandwidths)
  }

  /// Names of the GPUs that have a calibration.
  public var calibrationNames: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: calibrationFolder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }.sorted()
  }

  /// The calibration of a GPU by its name, an alias, or a calibration file.
  package func calibration(of nameOrPath: String) throws(InputError) -> Calibration {
    if nameOrPath.contains("/") || nameOrPath.hasSuffix(".json") {
      return try calibration(file: nameOrPath)
    }
    let names = calibrationNames
    let wanted = Spelling.normalized(nameOrPath)
    if let name = names.first(where: { Spelling.normalized($0) == wanted }) { return try calibration(named: name) }
    let hardware = try hardware(nameOrPath)
    guard let name = names.first(where: { Spelling.normalized($0) == Spelling.normalized(hardware.name) }) else {
      throw .unknownName(what: "calibration", name: nameOrPath, nearest: [], available: names)
    }
    return try calibration(named: name)
  }

  private var calibrationFolder: String { root.isEmpty ? "Hardware/Calibration" : "\(root)/Hardware/Calibration" }

  private func calibration(named name: String) throws(InputError) -> Calibration {
    try calibration(file: "\(calibrationFolder)/\(name).json")
  }

  /// The calibration that a file holds.
  package func calibration(file: String) throws(InputError) -> Calibration {
    try Calibration.decode(JSONValue.read(file: file), file: file)
  }

  /// Whose constants a GPU borrows, nearest first: of the same compute capability, then of the newest generation before, then of the
  /// oldest after.
  private static func donors(for hardware: HardwareSpec, among others: [Calibration]) -> [Calibration] {
    // A GPU of no known generation has no calibrated times at all.
    guard let own = hardware.computeCapability else { return [] }
    func isNearer(_ left: ComputeCapability, _ right: ComputeCapability) -> Bool {
      if left == own || right == own { return left == own }
      if left < own, right < own { return left > right }
      return left < right
    }
    return others.sorted { left, right in
      let (a, b) = (left.computeCapability, right.computeCapability)
      return a == b
        ? (right.entries.count, left.hardware) < (left.entries.count, right.hardware) : isNearer(a, b)
    }
  }
}
