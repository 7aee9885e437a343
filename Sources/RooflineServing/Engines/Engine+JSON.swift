import RooflineCore
import RooflineTimeModels

extension Engine {
  /// Reads an engine's file; strict, as hardware files are.
  ///
  /// - Throws: `InputError` naming file and key.
  package static func decode(_ value: JSONValue, name: String, file: String) throws(InputError) -> Engine {
    let root = try JSONObject(value, file: file)
    try root.requireOnly([
      "schemaVersion", "engine", "versions", "families", "launch", "operators", "fusesQuantization",
      "decodeAttention", "pass",
      "scheduler", "fittedOn", "heldOut",
    ])
    guard try root.positiveInteger("schemaVersion") == 1 else {
      throw root.wrong("schemaVersion", root["schemaVersion"] ?? .null, "1")
    }
    var families: [KernelKind: [KernelLibrary]] = [:]
    if let object = try root.object("families") {
      try object.requireOnly(KernelKind.allCases.map(\.rawValue))
      for kind in KernelKind.allCases {
        families[kind] = try object.strings(kind.rawValue).map { $0.map { KernelLibrary($0) } }
      }
    }
    let fit = try root.require(
      try root.object("fittedOn"), "fittedOn", "what it was fitted on: data, rows, gpus, models")
    try fit.requireOnly(["data", "rows", "gpus", "models"])
    var heldOut: [EngineMetric: HeldOutErrors] = [:]
    if let object = try root.object("heldOut") {
      try object.requireOnly(EngineMetric.allCases.map(\.rawValue))
      for metric in EngineMetric.allCases {
        heldOut[metric] = try object.object(metric.rawValue).map { block throws(InputError) in
          try HeldOutErrors(block)
        }
      }
    }
    return Engine(
      name: name, path: file,
      engine: try root.require(try root.string("engine"), "engine", "the engine's own name, e.g. \"vllm\""),
      versions: try root.strings("versions") ?? [], families: families,
      launch: try root.choice("launch", Launch.self) ?? .graph,
      operatorSet: try root.choice("operators", OperatorSet.self) ?? .fused,
      fusesQuantization: try root.bool("fusesQuantization") ?? false,
      decodeVersions: try DecodeVersion.all(of: root),
      pass: try PassOverhead(
        try root.require(try root.object("pass"), "pass", "what a pass takes beside its kernels, an object")),
      scheduler: try EngineScheduler(
        try root.require(try root.object("scheduler"), "scheduler", "how requests share passes, an object")),
      fit: Fit(
        data: try fit.require(try fit.string("data"), "data", "the measurements, in words"),
        rows: Int(try fit.whole("rows", in: 0...1_000_000_000)), gpus: try fit.strings("gpus") ?? [],
        models: try fit.strings("models") ?? []),
      heldOut: heldOut)
  }
}

extension DecodeVersion {
  /// `decodeAttention` of an engine's file; none where it states none.
  fileprivate static func all(of root: JSONObject) throws(InputError) -> [DecodeVersion] {
    var versions: [DecodeVersion] = []
    guard let value = root["decodeAttention"] else { return [] }
    guard case .array(let list) = value else { throw root.wrong("decodeAttention", value, "a list of objects") }
    for (index, value) in list.enumerated() {
      let object = try JSONObject(value, file: root.file, path: "decodeAttention[\(index)]")
      try object.requireOnly(["cache", "queriesPerKey", "times"])
      let version = DecodeVersion(
        cache: try object.require(try object.choice("cache", DType.self), "cache", "the format of the cache"),
        group: try object.whole("queriesPerKey", in: 1...1024), times: try object.number("times", in: 0.1...10))
      guard !versions.contains(where: { $0.cache == version.cache && $0.group == version.group }) else {
        throw object.wrong("queriesPerKey", .integer(Int64(version.group)), "another number than an entry before it")
      }
      versions.append(version)
    }
    return versions
  }
}

extension PassOverhead {
  /// The keys of a file, what each is of, and how many of its units a second has.
  static let keys: [(key: String, path: WritableKeyPath<PassOverhead, Double> & Sendable, perSecond: Double)] =
    [
      ("milliseconds", \.perPass, 1e3), ("millisecondsPerSequence", \.perSequence, 1e3),
      ("millisecondsPerDoublingOfRanks", \.perDoubling, 1e3), ("microsecondsPerKernel", \.perKernel, 1e6),
      ("millisecondsPerSequenceAnd100kLogits", \.perSequenceLogits, 1e3),
      ("microsecondsPerLaunch", \.launchFloor, 1e6),
    ]

  fileprivate init(_ object: JSONObject) throws(InputError) {
    try object.requireOnly(PassOverhead.keys.map(\.key))
    self.init()
    for (key, path, perSecond) in PassOverhead.keys {
      self[keyPath: path] = try object.number(key, in: 0...1e4, else: 0) / perSecond
    }
  }

  /// What a file says of it: those of its constants that are not 0, in the file's units.
  package var stated: [(key: String, value: Double)] {
    PassOverhead.keys.map { ($0.key, self[keyPath: $0.path] * $0.perSecond) }.filter { $0.1 != 0 }
  }
}

extension EngineScheduler {
  fileprivate init(_ object: JSONObject) throws(InputError) {
    try object.requireOnly(
      ["maxNumBatchedTokens", "maxNumSeqs", "memoryShare", "prompts", "idleSeats", "cache"] + BlockGrowth.keys)
    self.init(
      maxBatchedTokens: try object.require(
        try object.positiveInteger("maxNumBatchedTokens"), "maxNumBatchedTokens", "new tokens of a pass at most"),
      maxSequences: try object.require(
        try object.positiveInteger("maxNumSeqs"), "maxNumSeqs", "sequences of a pass at most"),
      memoryShare: try object.number("memoryShare", in: 0.01...1, else: 0.9),
      prompts: try object.require(
        try object.choice("prompts", PromptPolicy.self), "prompts",
        "one of \(PromptPolicy.allCases.map(\.rawValue).joined(separator: ", "))"),
      idleSeats: object["idleSeats"] == nil ? 0 : try object.whole("idleSeats", in: 0...1000),
      cache: try CachePolicy(object))
  }
}

extension BlockGrowth {
  fileprivate static let keys = ["blockTokens", "freeShare", "reservedShare"]

  /// Each is stated: what engines do here differs, and none of it follows from the others.
  fileprivate init(_ object: JSONObject) throws(InputError) {
    for key in BlockGrowth.keys {
      _ = try object.require(object[key], key, "a number, since `cache` is \"growing\"")
    }
    self.init(
      blockTokens: try object.whole("blockTokens", in: 1...65536),
      freeShare: try object.number("freeShare", in: 0...0.5),
      reservedShare: try object.number("reservedShare", in: 0...1))
  }
}

extension CachePolicy {
  fileprivate init(_ object: JSONObject) throws(InputError) {
    let word = try object.require(
      try object.choice("cache", Word.self), "cache", "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    switch word {
    case .growing: self = .growing(try BlockGrowth(object))
    case .whole:
      for key in BlockGrowth.keys {
        if let value = object[key] { throw object.wrong(key, value, "nothing, since `cache` is \"whole\"") }
      }
      self = .whole
    }
  }
}

extension JSONObject {
  fileprivate func whole(_ key: String, in range: ClosedRange<UInt64>) throws(InputError) -> UInt64 {
    let number = try number(key, in: Double(range.lowerBound)...Double(range.upperBound))
    guard let whole = UInt64(exactly: number) else {
      throw wrong(key, .number(number), "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }
}
