/// What an engine's mark says that a forward pass works on.
package struct StepWork: Hashable, Sendable {
  /// Sequences of a pass, and what is known of their lengths.
  package struct Part: Hashable, Sendable {
    package var sequences: UInt64
    /// New tokens of all of them.
    package var tokens: UInt64?
    /// Keys that all of them attend to, new ones included.
    package var keys: UInt64?

    package init(sequences: UInt64, tokens: UInt64? = nil, keys: UInt64? = nil) {
      self.sequences = sequences
      self.tokens = tokens
      self.keys = keys
    }
  }

  /// What a mark leaves open.
  package enum Untold: Hashable, Sendable {
    /// How many of its sequences are prompts, and all lengths.
    case shares(of: UInt64)
    /// How many drafted tokens of each of its sequences are verified.
    case drafted(of: UInt64)
    /// Everything: a pass of a kind that nothing is known of, e.g. a draft model's.
    case all(mode: String)
  }

  package var prefill: Part?
  package var decode: Part?
  /// nil where the parts are all.
  package var untold: Untold?

  /// Whether a pass has both, or more than one new token of a sequence, as where drafted ones are verified.
  package var isMixed: Bool {
    untold != nil || prefill != nil && decode != nil
      || decode.map { ($0.tokens ?? $0.sequences) > $0.sequences } == true
  }

  package init(prefill: Part?, decode: Part?, untold: Untold? = nil) {
    self.prefill = prefill
    self.decode = decode
    self.untold = untold
  }

  /// Reads a mark; nil where it is none of a pass.
  ///
  /// - vLLM: `execute_new_1_cached_0`, prompts that begin and sequences that go on; `execute_context_1(888)_generation_0(0)`,
  ///   sequences and tokens; with `888_788544`, the tokens' products behind them;
  ///   with `(sq32sk32785sqsq…)`, queries, keys and their products.
  /// - SGLang: `step[DECODE bs=32]`, `step[EXTEND bs=1 toks=888]`, `step[MIXED bs=8]`, `step[TARGET_VERIFY bs=8]`; with detailed
  ///   annotations all of them with sums over prompts and over sequences, `step[MIXED bs=8 c=2 g=6 c_sq=1030 c_sk=3030 …`.
  /// - TensorRT-LLM: `[Executor] _forward_step 7: 1 ctx reqs, 888 ctx tkns, 32 gen reqs`.
  package init?(mark: String) {
    guard mark.utf8.count < 400 else { return nil }
    if mark.hasPrefix("execute_") {
      self.init(vLLM: mark)
    } else if mark.hasPrefix("step[") {
      self.init(sgLang: mark)
    } else if mark.contains("_forward_step") {
      self.init(tensorRT: mark)
    } else {
      return nil
    }
    guard prefill != nil || decode != nil || untold != nil else { return nil }
  }

  private init?(vLLM mark: String) {
    guard
      let context = Self.part(mark, behind: "context_") ?? Self.part(mark, behind: "execute_new_"),
      let generation = Self.part(mark, behind: "generation_") ?? Self.part(mark, behind: "_cached_")
    else { return nil }
    self.init(prefill: context.sequences > 0 ? context : nil, decode: generation.sequences > 0 ? generation : nil)
  }

  /// `1(888_788544)`, `32(sq32sk32785sqsq32sqsk32785)` behind a word.
  private static func part(_ mark: String, behind word: String) -> Part? {
    guard let range = mark.range(of: word, backwards: false) else { return nil }
    let rest = mark[range.upperBound...]
    guard let sequences = UInt64(rest.prefix { $0.isNumber }) else { return nil }
    var part = Part(sequences: sequences)
    let inside = rest.drop { $0.isNumber }
    guard inside.first == "(", let close = inside.firstIndex(of: ")") else { return part }
    let text = inside[inside.index(after: inside.startIndex)..<close]
    if text.hasPrefix("sq") {
      part.tokens = UInt64(text.dropFirst(2).prefix { $0.isNumber })
      if let keys = text.range(of: "sk", backwards: false) {
        part.keys = UInt64(text[keys.upperBound...].prefix { $0.isNumber })
      }
    } else {
      part.tokens = UInt64(text.prefix { $0.isNumber })
    }
    return part
  }

  private init?(sgLang mark: String) {
    let inside = mark.dropFirst("step[".count).prefix { $0 != "]" }
    let words = inside.split { $0 == " " || $0 == "," }
    guard let mode = words.first?.uppercased() else { return nil }
    var values: [String: UInt64] = [:]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2, let value = UInt64(parts[1]) { values[parts[0].lowercased()] = value }
    }
    guard let sequences = values["bs"], sequences > 0 else { return nil }
    func part(_ sequences: UInt64, _ group: String, tokens: UInt64? = nil) -> Part? {
      sequences > 0
        ? Part(sequences: sequences, tokens: tokens ?? values["\(group)_sq"], keys: values["\(group)_sk"]) : nil
    }
    switch mode {
    case "DECODE": self.init(prefill: nil, decode: part(sequences, "g"))
    case "EXTEND", "PREFILL": self.init(prefill: part(sequences, "c", tokens: values["toks"]), decode: nil)
    case "MIXED":
      guard let prompts = values["c"], let others = values["g"] else {
        self.init(prefill: nil, decode: nil, untold: .shares(of: sequences))
        return
      }
      self.init(prefill: part(prompts, "c"), decode: part(others, "g"))
    case "TARGET_VERIFY":
      guard var own = part(sequences, values["g_sq"] == nil ? "c" : "g"), let tokens = own.tokens else {
        self.init(prefill: nil, decode: nil, untold: .drafted(of: sequences))
        return
      }
      // Here sums of keys are of those in the cache before the drafted ones.
      own.keys = own.keys.flatMap { keys in
        let (sum, isOverflow) = keys.addingReportingOverflow(tokens)
        return isOverflow ? nil : sum
      }
      self.init(prefill: nil, decode: own)
    default: self.init(prefill: nil, decode: nil, untold: .all(mode: mode))
    }
  }

  private init?(tensorRT mark: String) {
    func number(before word: String) -> UInt64? {
      guard let range = mark.range(of: " \(word)", backwards: true) else { return nil }
      let digits = mark[..<range.lowerBound].reversed().prefix { $0.isNumber }
      return UInt64(String(digits.reversed()))
    }
    guard let contexts = number(before: "ctx reqs"), let generations = number(before: "gen reqs") else { return nil }
    self.init(
      prefill: contexts > 0 ? Part(sequences: contexts, tokens: number(before: "ctx tkns")) : nil,
      decode: generations > 0 ? Part(sequences: generations, tokens: generations) : nil)
  }

  /// What two marks around the same pass say together.
  func merged(with other: StepWork) -> StepWork {
    func merge(_ own: Part?, _ other: Part?) -> Part? {
      guard var part = own else { return other }
      guard let other, other.sequences == part.sequences else { return part }
      part.tokens = part.tokens ?? other.tokens
      part.keys = part.keys ?? other.keys
      return part
    }
    var work = StepWork(prefill: merge(prefill, other.prefill), decode: merge(decode, other.decode))
    if work.prefill == nil, work.decode == nil { work.untold = untold ?? other.untold }
    return work
  }
}

extension StringProtocol {
  /// Where a word stands, without Foundation.
  func range(of word: String, backwards: Bool) -> Range<Index>? {
    var found: Range<Index>?
    var start = startIndex
    while start < endIndex {
      let rest = self[start...]
      if rest.hasPrefix(word) {
        found = start..<index(start, offsetBy: word.count)
        if !backwards { return found }
      }
      start = index(after: start)
    }
    return found
  }
}
