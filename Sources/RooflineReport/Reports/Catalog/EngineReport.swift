import RooflineCore
import RooflineServing
import RooflineTimeModels

/// What `list engines` and `show` print about serving engines.
package enum EngineReport {
  /// A line an engine.
  package static func list(_ engines: [Engine]) -> Report {
    struct Document: Encodable {
      let schemaVersion = 1
      let engines: [EngineDocument]
    }
    return CatalogReport.report(
      "engines", columns: [("versions", true), ("pass_seconds", false), ("rows", false)],
      engines.map { engine in
        let constants = engine.pass.stated.map { "\($0.key) \(Numbers.fixed($0.value, decimals: 3))" }.joined(
          separator: ", ")
        return CatalogReport.Line(
          name: engine.name,
          text: "\(constants.isEmpty ? "nothing beside kernels" : constants); \(engine.fit.rows) rows",
          cells: [
            .text(engine.versions.joined(separator: "; ")), .rate(engine.pass.perPass),
            .integer(UInt64(engine.fit.rows)),
          ])
      }, document: Document(engines: engines.map(EngineDocument.init)))
  }

  /// All of an engine's file.
  package static func show(_ engine: Engine) -> Report {
    let entries = facts(engine)
    return Report(
      title: ["\(engine.name)  (\(engine.path))"], sections: [.facts(Facts(entries))],
      records: .init(key: "engine", [Facts(entries).records(title: engine.name)]), document: EngineDocument(engine))
  }

  private static func cacheText(_ policy: CachePolicy) -> String {
    guard let growth = policy.growth else { return policy.word.rawValue }
    return
      "\(policy.word.rawValue), blocks of \(growth.blockTokens) tokens, \(Numbers.percent(growth.freeShare)) % left free, \(Numbers.percent(growth.reservedShare)) % of what is to come reserved"
  }

  private static func facts(_ engine: Engine) -> [Facts.Entry] {
    let scheduler = engine.scheduler
    var entries: [Facts.Entry] = [
      .init("engine", engine.engine, key: "engine"),
      .init("versions", engine.versions.joined(separator: "; "), key: "versions"),
      .init("operators", engine.operatorSet.rawValue, key: "operators"),
      .init("launches", engine.launch.rawValue, key: "launch"),
      .init(
        "quantises inputs in", engine.fusesQuantization ? "the norm or activation before" : "a kernel of its own",
        key: "quantization"),
    ]
    for kind in KernelKind.allCases {
      guard let names = engine.families[kind] else { continue }
      entries.append(
        .init(
          "\(kind.rawValue) kernels", names.map(\.name).joined(separator: ", else "), key: "\(kind.rawValue)_families"))
    }
    entries += engine.decodeVersions.map { version in
      .init(
        "decode attention, \(version.cache.rawValue) cache, \(version.group) quer\(version.group == 1 ? "y" : "ies") a key",
        "\(Numbers.fixed(version.times, decimals: 3)) × its constants",
        key: "decode_\(version.cache.rawValue)_\(version.group)", .rate(version.times))
    }
    entries += engine.pass.stated.map { key, value in
      .init(key, Numbers.fixed(value, decimals: 3), key: key, .rate(value))
    }
    entries += [
      .init(
        "tokens of a pass", Numbers.grouped(scheduler.maxBatchedTokens), key: "max_num_batched_tokens",
        .integer(scheduler.maxBatchedTokens)),
      .init(
        "sequences of a pass", Numbers.grouped(scheduler.maxSequences), key: "max_num_seqs",
        .integer(scheduler.maxSequences)),
      .init(
        "share of memory", "\(Numbers.percent(scheduler.memoryShare)) %", key: "memory_share",
        .share(scheduler.memoryShare)),
      .init("prompts", scheduler.prompts.rawValue, key: "prompts"),
      .init("caches", cacheText(scheduler.cache), key: "cache"),
      .init(
        "seats left empty", Numbers.grouped(scheduler.idleSeats), key: "idle_seats", .integer(scheduler.idleSeats)),
      .init("fitted on", engine.fit.data, key: "fitted_on"),
      .init("rows", Numbers.grouped(UInt64(engine.fit.rows)), key: "rows", .integer(UInt64(engine.fit.rows))),
    ]
    for metric in EngineMetric.allCases {
      guard let errors = engine.heldOut[metric] else { continue }
      entries.append(
        .init(
          "error of \(metric.rawValue)", "\(Numbers.percent(errors.mape)) % on rows left out of the fit",
          key: "\(metric.rawValue)_mape", .share(errors.mape)))
    }
    return entries
  }
}

/// An engine's file as JSON.
struct EngineDocument: Encodable {
  let name, path, engine: String
  let versions: [String]
  let families: [String: [String]]
  let operators, launch: String
  let fusesQuantization: Bool
  /// Only where the file has some.
  let decodeAttention: [DecodeEntry]?
  /// In the units that the keys name.
  let pass: [String: Double]
  let maxNumBatchedTokens, maxNumSeqs, idleSeats: UInt64
  let memoryShare: Double
  let prompts, cache, fittedOn: String
  /// Only of growing caches.
  let blockTokens: UInt64?
  let freeShare, reservedShare: Double?
  let rows: Int
  let gpus, models: [String]
  /// Mean error on models and GPUs left out, a share, by metric.
  let heldOut: [String: Double]

  struct DecodeEntry: Encodable {
    let cache: String
    let queriesPerKey: UInt64
    let times: Double
  }

  init(_ engine: Engine) {
    let entries = engine.decodeVersions.map {
      DecodeEntry(cache: $0.cache.rawValue, queriesPerKey: $0.group, times: $0.times)
    }
    decodeAttention = entries.isEmpty ? nil : entries
    (name, path, self.engine, versions) = (engine.name, engine.path, engine.engine, engine.versions)
    families = Dictionary(
      uniqueKeysWithValues: engine.families.map { ($0.key.rawValue, $0.value.map(\.name)) })
    (operators, launch) = (engine.operatorSet.rawValue, engine.launch.rawValue)
    fusesQuantization = engine.fusesQuantization
    pass = Dictionary(uniqueKeysWithValues: engine.pass.stated.map { ($0.key, $0.value) })
    maxNumBatchedTokens = engine.scheduler.maxBatchedTokens
    maxNumSeqs = engine.scheduler.maxSequences
    idleSeats = engine.scheduler.idleSeats
    memoryShare = engine.scheduler.memoryShare
    prompts = engine.scheduler.prompts.rawValue
    cache = engine.scheduler.cache.word.rawValue
    let growth = engine.scheduler.cache.growth
    (blockTokens, freeShare, reservedShare) = (growth?.blockTokens, growth?.freeShare, growth?.reservedShare)
    (fittedOn, rows, gpus, models) = (engine.fit.data, engine.fit.rows, engine.fit.gpus, engine.fit.models)
    heldOut = Dictionary(uniqueKeysWithValues: engine.heldOut.map { ($0.key.rawValue, $0.value.mape) })
  }
}
