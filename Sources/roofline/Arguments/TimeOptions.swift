import RooflineComparison
import RooflineCore

/// The options that say where times are from.
enum TimeOptions {
  /// Where times are from.
  enum Tier: String, CaseIterable {
    case ideal, calibrated, anchored
  }

  static let time = Option<Tier>.choice("time", "TIER", "ideal, calibrated or anchored times (ideal)")
  static let residency = Option<CacheState>.choice(
    "residency", "HOW", "serving (weights and KV cache cold) or warm (serving)")
  static let launch = Option<Launch>.choice("launch", "HOW", "graph or eager (graph)")
  static let family = Option(
    "family", "KIND=NAME", "a kind's kernel library: gemm, attention, row or collective (may repeat)", mayRepeat: true
  ) { text throws(InputError) in
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else {
      throw .usage("--family is \"\(text)\"; expected kind=name, e.g. attention=vllm-fa3")
    }
    let kind = try ParsedArguments.choice(parts[0], for: "the kind in --family \(text)", KernelKind.self)
    return (kind: kind, name: parts[1])
  }
  static let interval = ObservationOptions.interval("of measurements that a calibrated time's interval holds (0.9)")
  static let observations = Option.text(
    "observations", "FILE", "measured kernels that anchored times lean on (may repeat)", mayRepeat: true)

  static let all: [any AnyOption] = [
    time, ObservationOptions.calibration, residency, launch, family, interval, observations,
  ]
}

extension ParsedArguments {
  /// How times are wanted; nil: ideal.
  func timeRequest(_ hardware: HardwareSpec, _ rates: RateOptions, _ catalog: Catalog) throws(InputError)
    -> TimeRequest?
  {
    let tier = try value(of: TimeOptions.time) ?? .ideal
    guard tier != .ideal else {
      for option in TimeOptions.all where option.name != TimeOptions.time.name && isGiven(option) {
        let isAnchored = option.name == TimeOptions.observations.name
        throw .usage("--\(option.name) needs --time calibrated\(isAnchored ? " or anchored" : "")")
      }
      return nil
    }
    for option in WorkloadOptions.rates where isGiven(option) {
      throw .usage(
        "--\(option.name) changes ideal times; calibrated ones have their own shares of the datasheet's rates")
    }
    var options = CalibratedTime.Options()
    options.conditions = KernelConditions(
      try cacheState() ?? .serving, launch: try value(of: TimeOptions.launch) ?? .graph)
    options.interval = try interval()
    options.families = try families()
    let set = try catalog.calibrations(for: hardware, file: value(of: ObservationOptions.calibration))
    for (kind, family) in options.families.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let libraries = set.layers.flatMap(\.entries).filter { $0.key.kind == kind }.map(\.key.family)
      guard libraries.contains(where: family.names.contains) else {
        let known = libraries.map(\.name)
        throw .unknownName(
          what: "\(kind.rawValue) family of \(hardware.name)", name: family.name,
          nearest: Spelling.nearest(to: family.name, among: known), available: Array(Set(known)).sorted())
      }
    }
    guard tier == .anchored else {
      guard !isGiven(TimeOptions.observations) else { throw .usage("--observations needs --time anchored") }
      return TimeRequest(set, options: options)
    }
    let files = try observations(and: [])
    _ = try self.hardware(of: files, catalog)
    let anchors = Anchors(files, set: set)
    return TimeRequest(set, options: options, correction: anchors)
  }

  private func families() throws(InputError) -> [KernelKind: KernelLibrary] {
    var families: [KernelKind: KernelLibrary] = [:]
    for (kind, name) in try values(of: TimeOptions.family) {
      guard families.updateValue(KernelLibrary(name), forKey: kind) == nil else {
        throw .usage("--family \(kind.rawValue) is given twice")
      }
    }
    return families
  }
}
