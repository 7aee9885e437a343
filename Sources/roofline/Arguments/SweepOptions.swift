import RooflineCore
import RooflineDeployment
import RooflineReport

/// The options of a sweep: lists and ranges where other commands take one value.
package enum SweepOptions {
  static let model = list("model", "NAME|PATH,…", "models, with commas between them", .models)
  static let hardware = list("hardware", "NAME|PATH,…", "GPUs, with commas between them", .hardware)
  static let dtype = choices("dtype", "DTYPE,…", "number formats, with commas between them (the model's)", DType.self)
  static let time = choices(
    "time", "TIER,…", "ideal, calibrated or anchored times, with commas between them (ideal; calibrated with --engine)",
    TimeOptions.Tier.self)
  static let engine = list(
    "engine", "NAME|PATH,…", "serving engines, with commas between them (kernels only)", .engines)
  static let tensorParallel = numbers("tp", "tensor-parallel degrees (1)")
  static let pipeline = numbers("pp", "pipeline stages (1)")
  static let expert = numbers("ep", "ranks of --tp among which routed experts are dealt out (1)")
  static let data = numbers("dp", "replicas, each with its own batch (1)")
  static let batch = numbers("batch", "sequences per replica: 1,2,4 or 1..10 or 1..64+8 or 1..256x2 (1)")
  static let concurrency = numbers("concurrency", "requests of --load that are in flight")
  static let arrival = Option(
    "arrival", "RATE,…|A..B", "requests a second that come by chance, instead of --load: 1,2.5 or 0.5..8x2"
  ) { text throws(InputError) in try RateAxis.rates(text, "arrival") }
  static let prompt = numbers("prompt", "tokens of the prompt")
  static let generate = numbers("generate", "tokens to generate (2: the first one and one decode step)")

  /// What a sweep may change, with the option that other commands read one value of.
  package static let axes: [(list: any AnyOption, single: any AnyOption)] = [
    (model, WorkloadOptions.model), (hardware, WorkloadOptions.hardware), (dtype, WorkloadOptions.dtype),
    (time, TimeOptions.time), (engine, TimeOptions.engine), (tensorParallel, WorkloadOptions.tensorParallel),
    (pipeline, WorkloadOptions.pipeline),
    (expert, WorkloadOptions.expertParallel), (data, WorkloadOptions.data), (batch, WorkloadOptions.batch),
    (concurrency, LoadOptions.concurrency), (arrival, LoadOptions.arrival), (prompt, WorkloadOptions.prompt),
    (generate, WorkloadOptions.generate),
  ]

  /// What all configurations have in common.
  static let settings: [any AnyOption] = {
    let changed = axes.map { $0.single.name }
    let others: [any AnyOption] =
      WorkloadOptions.workload + [WorkloadOptions.cachedPrefix] + WorkloadOptions.formats + WorkloadOptions.rates
      + TimeOptions.all + LoadOptions.all + [MemoryOptions.pages, MemoryOptions.reserve, MemoryOptions.memory]
    // A decode step's context follows from prompt and tokens; rows have no intervals.
    let foreign = changed + [WorkloadOptions.context.name, TimeOptions.interval.name]
    return others.filter { !foreign.contains($0.name) }
  }()

  /// Options of a batch's rows that mean nothing to requests over time, and why.
  static let foreignToLoads: [(option: any AnyOption, reason: String)] = {
    let options: [any AnyOption] = [MemoryOptions.pages, MemoryOptions.reserve, MemoryOptions.memory]
    return options.map { ($0, "an engine's own rules say how memory is given out") }
  }()

  static let condition = Option(
    "where", "CONDITION", "rows for which it is true, e.g. \"fits && ttft < 0.5 && (tp == 8 || batch > 16)\""
  ) { text throws(InputError) in try SweepCondition(text) }
  static let pareto = Option.flag(
    "pareto", "what no other beats in both tokens/s a user and tokens/s a GPU, of those that fit")
  static let best = Option.flag("best", "the one that fits with most tokens/s a GPU, or what --by says")
  static let by = Option(
    "by", "COLUMN", "what --best asks for (tokens_per_second_per_gpu)",
    suggestions: .words({ SweepColumn.allCases.filter { $0.kind == .number }.map(\.rawValue) })
  ) { text throws(InputError) in
    let column = try SweepColumn(named: text, in: "--by")
    guard column.kind == .number else { throw .usage("--by \(column.rawValue) is no number that could be best") }
    return column
  }
  static let slo = Option(
    "slo", "ttft=S,tpot=S", "fewest GPUs, then largest batch or load, within so many seconds; why others lost"
  ) { text throws(InputError) in try ServiceLevel(argument: text) }

  static let stdin = Option.flag("stdin", "one JSON workload a line from standard input, one JSON answer a line")
  static let shard = Option("shard", "I/N", "the I-th of N parts, which one behind another are the whole") {
    text throws(InputError) in
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { UInt64($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], index > 0, index <= count, count <= 1 << 20
    else { throw .usage("--shard is \"\(text)\"; expected which part of how many, e.g. 1/4") }
    return Shard(index: index, count: count)
  }
  static let yes = Option.flag("yes", "go through more than 100,000,000 configurations")

  /// What rows are printed as.
  enum Format: String, CaseIterable { case text, csv, jsonl, json }

  static let format = Option<Format>.choice("format", "FORMAT", "text, csv, jsonl (or json): an object a line (text)")

  /// Part `index`, from 1 on, of `count`.
  struct Shard: Hashable, Sendable {
    let index, count: UInt64

    /// The part of so many rows; parts differ by one row at most.
    func range(of rows: UInt64) -> Range<UInt64> {
      func start(_ part: UInt64) -> UInt64 { rows / count * part + min(part, rows % count) }
      return start(index - 1)..<start(index)
    }
  }

  private static func list(
    _ name: String, _ value: String, _ help: String, _ suggestions: Suggestions
  ) -> Option<[String]> {
    Option(name, value, help, suggestions: suggestions) { text throws(InputError) in try words(text, name) }
  }

  private static func choices<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ value: String, _ help: String, _ type: Choice.Type
  ) -> Option<[Choice]> where Choice.RawValue == String {
    Option(name, value, help, suggestions: .words({ Choice.allCases.map(\.rawValue) })) { text throws(InputError) in
      var choices: [Choice] = []
      for word in try words(text, name) { choices.append(try ParsedArguments.choice(word, for: "--\(name)", type)) }
      return choices
    }
  }

  private static func words(_ text: String, _ name: String) throws(InputError) -> [String] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !words.contains("") else { throw .usage("--\(name) is \"\(text)\"; a name is missing beside a comma") }
    for (place, word) in words.enumerated() where words[..<place].contains(word) {
      throw .usage("--\(name) has \(word) twice")
    }
    return words
  }

  private static func numbers(_ name: String, _ help: String) -> Option<NumberAxis> {
    Option(name, "N,…|A..B", help) { text throws(InputError) in try NumberAxis(argument: text, name) }
  }
}

extension NumberAxis {
  /// `1,2,4`, `1..10`, `1..64+8`, `1..256x2`, and such behind one another with commas between them.
  fileprivate init(argument text: String, _ name: String) throws(InputError) {
    var whole: NumberAxis?
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let axis = NumberAxis(piece: String(piece)) else {
        throw .usage(
          "--\(name) is \"\(text)\"; expected whole numbers of at least 1, e.g. 1,2,4 or 1..10 or 1..64+8 or 1..256x2")
      }
      whole = whole.map { $0 + axis } ?? axis
    }
    guard let whole else { throw .usage("--\(name) is empty") }
    if let twice = whole.repeated { throw .usage("--\(name) has \(twice) twice") }
    self = whole
  }

  private init?(piece: String) {
    func number(_ text: some StringProtocol) -> UInt64? {
      guard let number = UInt64(text), (1...Count.limit).contains(number) else { return nil }
      return number
    }
    guard let dots = piece.firstRange(of: "..") else {
      guard let value = number(piece) else { return nil }
      self.init(value)
      return
    }
    let rest = piece[dots.upperBound...]
    guard let first = number(piece[..<dots.lowerBound]),
      let last = number(rest.prefix { $0 != "x" && $0 != "+" })
    else { return nil }
    let rule = rest.drop { $0 != "x" && $0 != "+" }
    switch rule.first {
    case nil: self.init(from: first, through: last, adding: 1)
    case "x":
      guard let factor = number(rule.dropFirst()) else { return nil }
      self.init(from: first, through: last, multiplyingBy: factor)
    default:
      guard let step = number(rule.dropFirst()) else { return nil }
      self.init(from: first, through: last, adding: step)
    }
  }
}

extension ServiceLevel {
  fileprivate init(argument text: String) throws(InputError) {
    var limits: [SweepTime: Seconds] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard words.count == 2, let seconds = Double(words[1]), seconds > 0, seconds.isFinite else {
        throw .usage("--slo is \"\(text)\"; expected limits in seconds, e.g. ttft=0.5,tpot=0.05")
      }
      guard let time = SweepTime(rawValue: words[0]) else {
        let known = SweepTime.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("--slo knows \(known), not \"\(words[0])\"")
      }
      guard limits.updateValue(Seconds(seconds), forKey: time) == nil else {
        throw .usage("--slo has \(words[0]) twice")
      }
    }
    self.init(limits)
  }
}
