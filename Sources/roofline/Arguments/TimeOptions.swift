import RooflineComparison
import RooflineCore

/// The options that say where times are from.
enum TimeOptions {
  /// Where times are from.
  enum Tier: String, CaseIterable {
    case ideal, calibrated, anchored
  }

  static let all: [Option] = [
    Option("time", "TIER", "ideal, calibrated or anchored times (ideal)"),
    ObservationOptions.calibration,
    Option("residency", "HOW", "serving (weights and KV cache cold) or warm (serving)"),
    Option("launch", "HOW", "graph or eager (graph)"),
    Option(
      "family", "KIND=NAME", "a kind's kernel library: gemm, attention, row or collective (may repeat)", mayRepeat: true
    ),
    Option("interval", "SHARE", "of measurements that a calibrated time's interval holds (0.9)"),
    Option("observations", "FILE", "measured kernels that anchored times lean on (may repeat)", mayRepeat: true),
  ]
}

extension ParsedArguments {
  /// How times are wanted; nil: ideal.
  func timeRequest(_ hardware: HardwareSpec, _ rates: RateOptions, _ catalog: Catalog) throws(InputError)
    -> TimeRequest?
  {
    let tier = try choice("time", TimeOptions.Tier.self) ?? .ideal
    guard tier != .ideal else {
      for name in ["calibration", "residency", "launch", "family", "interval", "observations"] where has(name) {
        throw .usage("--\(name) needs --time calibrated\(name == "observations" ? " or anchored" : "")")
      }
      return nil
    }
    for name in [
      "efficiency", "compute-efficiency", "memory-efficiency", "peak", "vector-peak", "special-peak", "bandwidth",
      "link",
      "link-latency", "overlap",
    ] where has(name) {
      throw .usage("--\(name) changes ideal times; calibrated ones have their own shares of the datasheet's rates")
    }
    var options = CalibratedTime.Options()
    options.conditions = KernelConditions(
      try cacheState() ?? .serving, launch: try choice("launch", Launch.self) ?? .graph)
    options.interval = try interval()
    options.families = try families()
    let set = try catalog.calibrations(for: hardware, file: string("calibration"))
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
      guard !has("observations") else { throw .usage("--observations needs --time anchored") }
      return TimeRequest(set, options: options)
    }
    let files = try observations(and: [])
    _ = try self.hardware(of: files, catalog)
    let anchors = Anchors(files, set: set)
    return TimeRequest(set, options: options, correction: anchors)
  }

  private func families() throws(InputError) -> [KernelKind: KernelLibrary] {
    var families: [KernelKind: KernelLibrary] = [:]
    for setting in strings("family") {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[1].isEmpty else {
        throw .usage("--family is \"\(setting)\"; expected kind=name, e.g. attention=vllm-fa3")
      }
      let kind = try ParsedArguments.choice(parts[0], for: "the kind in --family \(setting)", KernelKind.self)
      guard families.updateValue(KernelLibrary(parts[1]), forKey: kind) == nil else {
        throw .usage("--family \(kind.rawValue) is given twice")
      }
    }
    return families
  }
}
