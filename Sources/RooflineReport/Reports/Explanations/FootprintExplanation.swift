import RooflineAnalysis
import RooflineCore
import RooflineDeployment

extension OperatorExplanation {
  /// Explains the memory of the device that needs most: the footprint's own definition, read with terms that print themselves.
  package init(_ footprint: Footprint) {
    let plan = footprint.plan
    let stage = DeviceMemory<Symbol>.Stage(rawValue: footprint.largest.stage.rawValue) ?? .whole
    let memory = DeviceMemory<Symbol>(stage, plan)
    // The rows' own letters (m, n, r …) mean something else in each row; here only the model's are left.
    let activations = memory.activations.spelledOut
    typealias Part = (name: String, bytes: Symbol, source: String)
    let held: [Part] =
      [
        ("weights", memory.weights, "one device's tensors: matrices at e_w, norms and biases at e_r"),
        (
          "kvCache", memory.keyValueCache,
          "keys and values of every layer of the device, for the whole batch at the final context"
        ),
      ]
      + [
        memory.indexKeys.map { ("indexKeys", $0, "keys of indexers, on every rank") },
        memory.states.map { ("state", $0, "recurrent states of the whole batch, whatever its contexts") },
        memory.convolutions.map { ("convolutionState", $0, "the last inputs of causal convolutions") },
        memory.pagePadding.map {
          ("pagePadding", $0, "what the whole pages that sequences and states hold have beside them")
        },
        memory.draft.map { ("draft", $0, "weights and caches of the draft modules") },
      ].compactMap { $0 }
    let passing: [Part] = [
      (
        "activations", activations,
        "tensors alive in \(footprint.peakPhase.rawValue) at \(footprint.peakRow.rawValue): residual stream, its operands and results, results still to be read"
      ),
      ("logits", memory.logits, "the head's output, and on several ranks the gathered one"),
    ]
    let growth: Part = ("kvCachePerToken", memory.keyValueGrowthPerToken, "one more token of every sequence")
    let parts = held + [growth] + passing
    var entries = parts.map { part in
      Entry(
        quantity: part.name, symbolic: part.bytes.expression.symbolic, substituted: part.bytes.expression.substituted,
        value: String(part.bytes.value.value), unit: "B", source: part.source)
    }
    let sum = held + passing
    entries.append(
      Entry(
        quantity: "total", symbolic: (sum.map(\.name) + ["reserve"]).joined(separator: " + "),
        substituted: (sum.map { String($0.bytes.value.value) } + [String(footprint.reserve)]).joined(separator: " + "),
        value: String(footprint.required.value), unit: "B", source: "the parts of the device that needs most"))
    let (capacity, required) = (String(footprint.capacity), String(footprint.required.value))
    entries.append(
      footprint.fits
        ? Entry(
          quantity: "freeBytes", symbolic: "capacity − total", substituted: "\(capacity) − \(required)",
          value: String(footprint.free ?? 0), unit: "B", source: "what the device has left")
        : Entry(
          quantity: "missingBytes", symbolic: "total − capacity", substituted: "\(required) − \(capacity)",
          value: String(footprint.missing), unit: "B", source: "what the device lacks"))
    self.init(
      name: "footprint", kind: "footprint", phase: "\(footprint.largest.stage.rawValue) stage",
      letters: LetterEntry.list(of: parts.map(\.bytes)), entries: entries)
  }

  /// A formula with more steps is one of ranges.
  private static let listedSteps = 16

  /// Explains what is said about generating tokens.
  package init(_ generation: Generation, of analysis: Analysis) {
    let workload = analysis.workload
    func real(_ name: String, _ value: Double?) -> RealSymbol { RealSymbol(name, value ?? .nan) }
    func count(_ name: String, _ value: UInt64) -> RealSymbol { RealSymbol(name, Double(value), digits: String(value)) }
    func entry(_ quantity: String, _ symbol: RealSymbol, _ unit: String, _ source: String) -> Entry {
      Entry(
        quantity: quantity, symbolic: symbol.symbolic, substituted: symbol.substituted,
        value: Numbers.exact(symbol.value), unit: unit, source: source)
    }
    let first = PipelineSchedule.time(
      traversal: real("model.prefill", generation.prefill.traversal?.value),
      slowestStage: real("slowest stage", generation.prefill.slowestStage?.value),
      waiting: count("(m − 1)", generation.prefill.microBatches - 1))
    let added = generation.prefill.engineSeconds
    var entries = [
      entry(
        "timeToFirstTokenSeconds", added > 0 ? first + real("engine", added) : first, "s",
        "the prefill pass; further micro-batches follow the slowest stage\(added > 0 ? "; --operator engine" : "")")
    ]
    if let firstStep = generation.steps.first {
      let areListed = generation.steps.count <= Self.listedSteps
      let sum = RealSymbol.sum(
        areListed
          ? generation.steps.map { real("step(\($0.context))", $0.time?.value) }
          : generation.ranges.map { real("steps(\($0.first.context)…\($0.last.context))", $0.time?.value) })
      let lastStep = generation.steps[generation.steps.count - 1]
      let decode = real("decodeSeconds", generation.decodeTime?.value)
      let mean = real("TPOT", generation.meanTimePerOutputToken?.value)
      let batch = count("B", workload.batch)
      let kept = generation.yield
      let step =
        generation.prefill.stages > 1
        ? "a decode pass: max(traversal, m × slowest stage), as the next step of a micro-batch follows its own last one"
        : "a decode pass"
          + (kept == .one ? "" : " and the draft passes before it, over the tokens kept a step")
      func tokenTime(_ time: RealSymbol) -> RealSymbol {
        kept == .one ? time : time / real("X", kept.perStep)
      }
      let steps =
        kept == .one
        ? "one step per further token, each with one more key"
        : "\(Numbers.counted(UInt64(generation.steps.count), "step")), the fewest that make G − 1 tokens, ⌊k·X⌋ after k of them, X = \(Numbers.exact(kept.perStep)) kept a step (given); before each, the passes that draft \(Numbers.counted(kept.drafted, "token"))"
      let replica = count("t", workload.tensorParallel) * count("pp", workload.parallelism.pipeline)
      entries += [
        entry(
          "decodeSeconds", sum, "s",
          "\(steps)\(areListed ? "" : "; steps(a…b) are those of a to b keys")"
        ),
        entry(
          "timePerOutputTokenSeconds.first", tokenTime(real("step(\(firstStep.context))", firstStep.time?.value)), "s",
          step),
        entry(
          "timePerOutputTokenSeconds.last", tokenTime(real("step(\(lastStep.context))", lastStep.time?.value)), "s",
          step
        ),
        entry(
          "timePerOutputTokenSeconds.mean", decode / count("(G − 1)", generation.tokens - 1), "s",
          kept == .one ? "the mean step" : "all steps over the tokens that they give a sequence"),
        entry(
          "totalSeconds", real("timeToFirstToken", generation.timeToFirstToken?.value) + decode, "s",
          "prefill and steps"),
        entry("tokensPerSecond.perUser", count("1", 1) / mean, "token/s", "one sequence while decoding"),
        entry("tokensPerSecond.perGPU", batch / (mean * replica), "token/s", "a replica's sequences over its GPUs"),
        entry(
          "tokensPerSecond.total", batch * count("dp", workload.parallelism.data) / mean, "token/s", "all replicas"),
      ]
    }
    for (name, part) in [("prefill", generation.prefillUtilization), ("decode", generation.decodeUtilization)] {
      guard let part else { continue }
      let time = real("time", part.time?.value)
      entries += [
        entry(
          "utilization.\(name).mfu",
          real("FLOPs of matrix products", part.productFLOPs) / (time * real("peak", part.peak)),
          "", "one device's matrix products over its time and the datasheet's peak"),
        entry(
          "utilization.\(name).mbu", real("bytes", part.bytes) / (time * real("bandwidth", part.bandwidth)), "",
          "one device's memory traffic over its time and the datasheet's bandwidth"),
      ]
    }
    if generation.prefill.stages > 1 {
      let waiting = count("(pp − 1)", generation.prefill.stages - 1)
      entries.append(
        entry(
          "bubble", waiting / (count("m", generation.prefill.microBatches) + waiting), "",
          "share of the prefill in which a stage waits, with equal stages"))
    }
    self.init(name: "generation", kind: "generation", phase: "both phases", letters: [], entries: entries)
  }
}
