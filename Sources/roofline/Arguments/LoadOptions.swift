import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineReport
import RooflineServing

/// The options of requests over time.
package enum LoadOptions {
  /// How requests come that do not come by chance.
  enum Kind: String, CaseIterable {
    case `static`, closed
  }

  static let load = Option<Kind>.choice(
    "load", "HOW", "requests instead of a pass: static (all at once) or closed (one comes when one ends)")
  static let concurrency = Option.count("concurrency", "N", "requests of --load that are in flight")
  static let arrival = Option("arrival", "RATE", "requests a second that come by chance, instead of --load") {
    text throws(InputError) in
    guard let rate = Double(text), arrivals.contains(rate) else {
      throw .usage("--arrival is \"\(text)\"; expected requests a second, a number from 1e-9 to 1e12")
    }
    return rate
  }
  /// Requests a second: one in a human life, and more than a pass has time for.
  static let arrivals = 1e-9...1e12
  static let seed = Option("seed", "S", "which chance decides --arrival (1)") { text throws(InputError) in
    guard let seed = UInt64(text) else {
      throw .usage("--seed is \"\(text)\"; expected a whole number of at least 0, e.g. 7")
    }
    return seed
  }
  static let requests = Option.count(
    "requests", "N", "requests that are counted (10 × --concurrency; 1000 with --arrival)")
  static let warmUp = Option(
    "warm-up", "N", "requests that come first and are not counted (2 × --concurrency; a tenth of --requests)"
  ) { text throws(InputError) in
    guard let number = UInt64(text), number <= Count.limit else {
      throw .usage("--warm-up is \"\(text)\"; expected a whole number of requests, 0 to count all of them")
    }
    return number
  }
  static let maxSequences = Option.count("max-num-seqs", "N", "sequences of a pass at most (the engine's, or 256)")
  static let maxBatchedTokens = Option.count(
    "max-num-batched-tokens", "N", "new tokens of a pass at most (the engine's, or 8192)")

  package static let all: [any AnyOption] = [
    load, concurrency, arrival, seed, requests, warmUp, maxSequences, maxBatchedTokens,
  ]

  /// Options of `analyze` that mean nothing to requests over time, and why.
  fileprivate static let foreign: [(option: any AnyOption, reason: String)] = [
    (WorkloadOptions.batch, "requests make the batches; --concurrency says how many there are"),
    (WorkloadOptions.head, "a request needs the logits of its last token alone"),
    (WorkloadOptions.phase, "requests go through both"), (AnalysisOptions.everyStep, "passes are not listed"),
    (AnalysisOptions.units, "operators are not listed"), (AnalysisOptions.ceilings, "operators are not listed"),
    (ImageOptions.images, "prompts are tokens alone"),
    (TimeOptions.interval, "how errors of passes add up over requests is not known"),
  ]

  fileprivate static func foreign(_ option: any AnyOption, _ reason: String) -> InputError {
    .usage("--\(option.name) means nothing to requests over time: \(reason); leave it out")
  }
}

extension ParsedArguments {
  /// Whether requests over time are asked for.
  var isLoad: Bool { isGiven(LoadOptions.load) || isGiven(LoadOptions.arrival) }

  /// Throws where an option of a load stands without one, or contradicts it.
  func checkLoad() throws(InputError) {
    guard isLoad else {
      for option in LoadOptions.all where isGiven(option) {
        throw .usage("--\(option.name) is about requests over time; give --load or --arrival, too")
      }
      return
    }
    for (option, reason) in LoadOptions.foreign where isGiven(option) { throw LoadOptions.foreign(option, reason) }
    guard isGiven(WorkloadOptions.generate) else {
      throw .usage("--generate is missing; give the tokens that each request gets, e.g. --generate 128")
    }
    if isGiven(LoadOptions.arrival) {
      for option in [LoadOptions.load.name, LoadOptions.concurrency.name]
      where given.contains(where: { $0.name == option }) {
        throw .usage("--\(option) and --arrival are loads of different kinds; give one")
      }
      return
    }
    guard isGiven(LoadOptions.concurrency) else {
      throw .usage("--concurrency is missing; give the requests in flight, e.g. --concurrency 64")
    }
    guard !isGiven(LoadOptions.seed) else { throw .usage("--seed is of --arrival; --load leaves nothing to chance") }
    guard try value(of: LoadOptions.load) == .static else { return }
    for name in [LoadOptions.requests.name, LoadOptions.warmUp.name] where given.contains(where: { $0.name == name }) {
      throw .usage("--load static has as many requests as --concurrency, and counts all; leave out --\(name)")
    }
  }

  /// The load that is asked for.
  func requestLoad() throws(InputError) -> RequestLoad {
    var load = try usualLoad()
    load.warmUp = try value(of: LoadOptions.warmUp) ?? load.warmUp
    return load
  }

  private func usualLoad() throws(InputError) -> RequestLoad {
    let prompt = try value(of: WorkloadOptions.prompt) ?? 1
    let generated = try value(of: WorkloadOptions.generate) ?? 1
    let counted = try value(of: LoadOptions.requests)
    if let rate = try value(of: LoadOptions.arrival) {
      return .open(
        perSecond: rate, seed: try value(of: LoadOptions.seed) ?? 1, requests: counted ?? 1000, prompt: prompt,
        generated: generated)
    }
    let concurrency = try value(of: LoadOptions.concurrency) ?? 1
    guard concurrency <= LoadRun.requestLimit else {
      throw .usage("--concurrency is \(concurrency); at most \(LoadRun.requestLimit) requests are computed")
    }
    return try value(of: LoadOptions.load) == .static
      ? .together(concurrency, prompt: prompt, generated: generated)
      : .closed(concurrency, requests: counted ?? 10 * concurrency, prompt: prompt, generated: generated)
  }

  /// What a sweep goes through; each of its rows has a load of its own.
  func loadAxis() throws(InputError) -> SweepLoadAxis {
    try checkRowLoad()
    guard isLoad else { return .none }
    if let rates = try value(of: SweepOptions.arrival) { return .open(rates) }
    let concurrency = try value(of: SweepOptions.concurrency) ?? NumberAxis(1)
    switch try value(of: LoadOptions.load) {
    case .static: return .together(concurrency)
    case .closed, nil: return .closed(concurrency)
    }
  }

  /// The same of a row by itself.
  func rowLoad() throws(InputError) -> SweepLoad? {
    try checkRowLoad()
    guard isLoad else { return nil }
    if let rate = try value(of: LoadOptions.arrival) { return .open(perSecond: rate) }
    let concurrency = try value(of: LoadOptions.concurrency) ?? 1
    switch try value(of: LoadOptions.load) {
    case .static: return .together(concurrency)
    case .closed, nil: return .closed(concurrency)
    }
  }

  private func checkRowLoad() throws(InputError) {
    try checkLoad()
    for (option, reason) in SweepOptions.foreignToLoads where isLoad && isGiven(option) {
      throw LoadOptions.foreign(option, reason)
    }
  }

  /// How requests share passes: what is given, else the engine's, else what is assumed.
  func requestRules(_ engine: Engine?) throws(InputError) -> LoadReport.Rules {
    let (tokens, sequences) = (
      try value(of: LoadOptions.maxBatchedTokens), try value(of: LoadOptions.maxSequences)
    )
    var scheduler = engine?.scheduler ?? EngineScheduler(maxBatchedTokens: 8192, maxSequences: 256)
    scheduler.maxBatchedTokens = tokens ?? scheduler.maxBatchedTokens
    scheduler.maxSequences = sequences ?? scheduler.maxSequences
    let known = engine.map { "of \($0.name)" } ?? "assumed"
    return LoadReport.Rules(
      scheduler: scheduler, tokenSource: tokens == nil ? known : "given",
      sequenceSource: sequences == nil ? known : "given", restSource: known)
  }

  /// What `analyze` prints of requests over time.
  func load(_ surroundings: Surroundings) throws(InputError) -> (report: LoadReport, warnings: String) {
    try checkGeneration()
    try checkEngine()
    let catalog = surroundings.catalog()
    let engine = try engine(catalog)
    let load = try requestLoad()
    let rules = try requestRules(engine)
    let analysis = try analysis(catalog)
    let run = LoadRun(
      analysis, scheduler: rules.scheduler, load: load, speculation: try speculation(analysis, catalog))
    let figures = try run.figures { done, count in
      surroundings.line?.update("requests", done: done, of: count)
      return true
    }
    let report = LoadReport(run, rules: rules, figures: figures, engine: engine)
    return (report, (analysis.notices + analysis.notices(generating: load.generated)).warnings + report.warning)
  }
}
