import RooflineCore
import RooflineReport
import RooflineServing
import RooflineTraces

extension TraceRun {
  /// Larger numbers are none of a pass, and their products no counts.
  private static let mostSequences: UInt64 = 1 << 24
  private static let mostTokens: UInt64 = 1 << 36

  /// A pass of prompts and sequences together. What is left of the arguments is a decode step of the sequences.
  mutating func use(_ sizes: MixedSizes) throws(InputError) -> MixedPass {
    let sizes = try divided(sizes)
    facts.append(TraceFindings.Fact("phase", "mixed", "the engine's mark"))
    var pass = MixedPass()
    if let prompts = sizes.prompts {
      facts.append(TraceFindings.Fact("prompts", "\(prompts.value)", prompts.source))
      try addPieces(of: prompts.value, sizes, to: &pass)
    }
    if let sequences = sizes.sequences {
      facts.append(TraceFindings.Fact("sequences", "\(sequences.value)", sequences.source))
      use("context", WorkloadOptions.context, sizes.context)
      guard let context = try arguments.value(of: WorkloadOptions.context) else {
        throw .usage("the trace does not say how many keys its sequences attend to; give --context")
      }
      try addSteps(of: sequences.value, over: context, sizes, to: &pass)
    }
    arguments = arguments.replacing([
      (WorkloadOptions.phase, [Phase.decode.rawValue]), (WorkloadOptions.prompt, nil),
      (WorkloadOptions.cachedPrefix, nil), (WorkloadOptions.batch, ["\(max(sizes.sequences?.value ?? 1, 1))"]),
    ])
    return pass
  }

  /// With the number of sequences that get a token each, where the mark does not have it.
  private func divided(_ sizes: MixedSizes) throws(InputError) -> MixedSizes {
    let given = try arguments.value(of: WorkloadOptions.batch)
    switch sizes.untold {
    case nil:
      guard given == nil else {
        throw .usage("its passes mix prompts and sequences, whose numbers the engine's mark has; leave --batch out")
      }
      return sizes
    case .shares(let all):
      guard let given else {
        throw .usage(
          "its passes mix prompts and sequences, \(all) together, and the engine's mark does not say how many are which; give --batch (how many get a token each), --prompt and --context"
        )
      }
      guard given <= all else {
        throw .usage("--batch is \(given), and the engine's mark says \(all) sequences, prompts included")
      }
      var divided = sizes
      divided.divide(all, sequences: .init(given, "--\(WorkloadOptions.batch.name)"))
      return divided
    case .drafted(let sequences):
      throw .usage(
        "its passes verify drafted tokens of \(sequences) sequences, and the engine's mark does not say how many; record it with SGLang's detailed annotations, or leave out --model"
      )
    case .all(let mode):
      throw .usage(
        "most of its time is in passes that are marked \(mode.prefix(40)), whose work the mark does not say; choose others by --phase, or leave out --model"
      )
    }
  }

  /// Pieces of prompts: as many tokens altogether as the mark has, spread evenly; or of a prompt as many as --prompt says.
  private mutating func addPieces(
    of prompts: UInt64, _ sizes: MixedSizes, to pass: inout MixedPass
  ) throws(InputError) {
    let each = try arguments.value(of: WorkloadOptions.prompt)
    if let each {
      let other = sizes.tokens.map { "; the trace says \($0.value) of all (\($0.source))" } ?? ""
      facts.append(TraceFindings.Fact("prompt", "\(each)", "--\(WorkloadOptions.prompt.name)\(other)"))
    } else if let tokens = sizes.tokens {
      facts.append(TraceFindings.Fact("prompt tokens", "\(tokens.value)", tokens.source))
    }
    try requirePossible(prompts, each ?? sizes.tokens?.value ?? 0)
    guard let tokens = each.map({ $0 * prompts }) ?? sizes.tokens?.value else {
      throw .usage("the trace does not say how many tokens its prompts have; give --prompt")
    }
    use("cached prefix", WorkloadOptions.cachedPrefix, sizes.prefix)
    let prefix = try arguments.value(of: WorkloadOptions.cachedPrefix) ?? 0
    try requirePossible(prompts, prefix)
    if !arguments.isGiven(WorkloadOptions.cachedPrefix) {
      facts.append(
        TraceFindings.Fact(
          "cached prefix", "0", "nothing in the trace says another; --\(WorkloadOptions.cachedPrefix.name) does"))
    }
    for (count, length) in TraceRun.spread(tokens, over: prompts) {
      pass.chunks.append(MixedPass.Chunk(prompts: count, tokens: length, cached: prefix))
    }
    // Engines turn the last token of every piece into logits, whether or not its prompt ends with it.
    pass.endingPrompts += prompts
  }

  /// Sequences that get a token; those that verify drafted tokens compute several each, with logits of all.
  private mutating func addSteps(
    of sequences: UInt64, over context: UInt64, _ sizes: MixedSizes, to pass: inout MixedPass
  ) throws(InputError) {
    try requirePossible(sequences, context)
    guard let drafted = sizes.drafted else {
      (pass.sequences, pass.sequenceKeys) = (sequences, sequences * context)
      return
    }
    facts.append(TraceFindings.Fact("tokens a sequence", "\(drafted.value)", drafted.source))
    let tokens = sizes.sequenceTokens
    try requirePossible(sequences, tokens)
    for (count, length) in TraceRun.spread(tokens, over: sequences) {
      guard length <= context else {
        throw .usage(
          "--context is \(context), which includes the \(length) tokens of a step that verifies drafted ones")
      }
      pass.chunks.append(MixedPass.Chunk(prompts: count, tokens: length, cached: context - length))
    }
    pass.endingPrompts += tokens
  }

  private func requirePossible(_ sequences: UInt64, _ tokens: UInt64) throws(InputError) {
    guard sequences <= TraceRun.mostSequences, tokens <= TraceRun.mostTokens else {
      throw .usage("\(sequences) sequences of \(tokens) tokens are no pass of an engine; leave out --model")
    }
  }

  /// Whole tokens, the larger shares first.
  private static func spread(_ tokens: UInt64, over parts: UInt64) -> [(count: UInt64, length: UInt64)] {
    let (least, more) = tokens.quotientAndRemainder(dividingBy: max(parts, 1))
    return [(more, least + 1), (parts - more, least)].filter { $0.0 > 0 && $0.1 > 0 }
  }
}
