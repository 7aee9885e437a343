import RooflineComparison
import RooflineCore
import RooflineServing
import RooflineTimeModels

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
    "family", "KIND=NAME", "a kind's kernel library: gemm, attention, moe, mla, linear_attention … (may repeat)",
    mayRepeat: true
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

  static let engine = Option.text(
    "engine", "NAME|PATH", "a serving engine: its kernels, and what it adds to them (kernels only)",
    suggestions: .engines)

  static let all: [any AnyOption] = tiers + [observations]

  /// The same without measurements, which anchored times need.
  static let tiers: [any AnyOption] = [
    time, ObservationOptions.calibration, residency, launch, family, interval,
  ]
}

extension ParsedArguments {
  /// How times are wanted; nil: ideal.
  ///
  /// - Parameter isCompared: whether measurements stand beside times of any tier, and not only behind anchored ones.
  func timeRequest(
    _ hardware: HardwareSpec, _ rates: RateOptions, _ catalog: Catalog, besideMeasured isCompared: Bool = false
  ) throws(InputError) -> TimeRequest? {
    let engine = try engine(catalog)
    let tier = try value(of: TimeOptions.time) ?? usualTier
    guard tier != .ideal else {
      for option in TimeOptions.all where option.name != TimeOptions.time.name && isGiven(option) {
        let isAnchored = option.name == TimeOptions.observations.name
        if isAnchored, isCompared { continue }
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
      try cacheState() ?? .serving, launch: try value(of: TimeOptions.launch) ?? engine?.launch ?? .graph,
      fusesQuantization: engine?.fusesQuantization ?? false, decodeVersions: engine?.decodeVersions ?? [])
    options.interval = try interval()
    let set = try catalog.calibrations(for: hardware, file: value(of: ObservationOptions.calibration))
    options.families = (engine?.families(in: set) ?? [:]).merging(try families(set)) { $1 }
    guard tier == .anchored else {
      guard isCompared || !isGiven(TimeOptions.observations) else {
        throw .usage("--observations needs --time anchored")
      }
      return TimeRequest(set, options: options)
    }
    let files = try observations(and: [])
    _ = try self.hardware(of: files, catalog)
    let anchors = Anchors(files, set: set)
    return TimeRequest(set, options: options, correction: anchors)
  }

  /// Where times are from that --time says nothing of: what an engine adds was fitted beside calibrated kernels.
  var usualTier: TimeOptions.Tier { isGiven(TimeOptions.engine) ? .calibrated : .ideal }

  /// The engine that is named; nil: kernels only.
  func engine(_ catalog: Catalog) throws(InputError) -> Engine? {
    guard let name = try valueIfDeclared(of: TimeOptions.engine) else { return nil }
    return try catalog.engine(name)
  }

  /// The libraries that are named, each of which a calibration must have.
  private func families(_ set: CalibrationSet) throws(InputError) -> [KernelKind: KernelLibrary] {
    var families: [KernelKind: KernelLibrary] = [:]
    for (named, name) in try values(of: TimeOptions.family) {
      let family = KernelLibrary(name)
      // Products of low precision are GEMMs, too: whose library has none of 16 bits is named for those.
      let kinds: [KernelKind] = named == .gemm ? [.gemm, .lowPrecisionGEMM] : [named]
      let entries = set.layers.flatMap(\.entries).map(\.key).filter { kinds.contains($0.kind) }
      guard
        let kind = kinds.first(where: { kind in
          entries.contains { $0.kind == kind && family.names.contains($0.family) }
        })
      else {
        let known = entries.map(\.family.name)
        throw .unknownName(
          what: "\(named.rawValue) family of \(set.hardware.name)", name: name,
          nearest: Spelling.nearest(to: name, among: known), available: Array(Set(known)).sorted())
      }
      guard families.updateValue(family, forKey: kind) == nil else {
        throw .usage("--family \(kind.rawValue) is given twice")
      }
    }
    return families
  }
}
