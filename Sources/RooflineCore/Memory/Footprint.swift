/// The memory of one device, part by part: counted (`Count`) or explained (`Symbol`).
public struct DeviceMemory<Scalar: Natural>: Sendable {
  /// Which layers and ends of the model a device holds.
  public enum Stage: String, Hashable, Sendable, CaseIterable { case whole, first, middle, last }

  /// Which part of the model the device holds.
  public let stage: Stage
  /// Bytes of the parameters that it holds, in the weights' and residual formats; a tied table is held once, and again where a
  /// pipeline's last stage needs it for the head.
  public let weights: Scalar
  /// Keys and values of the whole batch at the final context, in this stage's layers.
  public let keyValueCache: Scalar
  /// What each further token of every sequence adds to the cache.
  public let keyValueGrowthPerToken: Scalar
  /// Keys of indexers, recurrent states and convolutions' inputs of the whole batch; nil where no layer of the device has them.
  public let indexKeys, states, convolutions: Scalar?
  /// What an engine's whole pages hold beside these; nil where no pages are asked for.
  package let pagePadding: Scalar?
  /// Tokens of a page.
  package let pageTokens: UInt64?
  /// Weights and caches of the draft modules; nil without any.
  package let draft: Scalar?
  /// The most bytes of activations alive at once in a prefill or a decode step, whichever needs more; without logits.
  public let activations: Scalar
  /// The head's output and, on several ranks, what the gather makes of it.
  public let logits: Scalar

  /// - Parameters:
  ///   - index: the stage's number, which says which layers it holds.
  ///   - activations: the plan's peak; nil: asked here.
  package init(
    _ stage: Stage, index: UInt64 = 0, _ plan: FootprintPlan, activations: Scalar? = nil
  ) where Scalar: Term {
    let workload = plan.workload
    let parameters = ParameterShape<Scalar>(
      plan.model, tensorParallel: workload.tensorParallel, parallelism: workload.parallelism, stage: index,
      of: workload.parallelism.pipeline)
    self.init(
      stage, plan, weights: plan.weights(stage, parameters),
      caches: HeldCache.all(of: plan.model, stage: index, of: workload.parallelism.pipeline),
      activations: activations ?? plan.peak(Scalar.self).bytes)
  }

  /// - Parameters:
  ///   - weights: those of the stage, which no number of sequences or tokens changes.
  ///   - caches: of the stage's layers; nor does one change these.
  ///   - activations: the plan's peak.
  init(
    _ stage: Stage, _ plan: FootprintPlan, weights: Scalar, caches: [HeldCache<Scalar>], activations: Scalar
  ) where Scalar: Term {
    self.stage = stage
    self.weights = weights
    self.activations = activations
    let workload = plan.workload
    let formats = workload.formats
    let pass = PassShape<Scalar>(plan.model, DecoderStep(.decode, workload))
    let cache = CacheMemory<Scalar>(plan, pass, caches)
    keyValueCache = cache.tokens ?? 0
    keyValueGrowthPerToken = cache.growthPerToken ?? 0
    indexKeys = cache.indexKeys
    states = cache.states
    convolutions = cache.convolutions
    pagePadding = cache.pagePadding
    pageTokens = cache.pageTokens
    draft = plan.draftBytes(on: stage)
    let batch = pass.headRows
    let shard = (batch * plan.model.embedding.shardVocabulary(pass)).bytes(formats.residualFormat)
    let gathered = (batch * Scalar.input(.vocabulary, plan.model.vocabSize)).bytes(formats.residualFormat)
    switch stage {
    case .first, .middle: logits = 0
    case .whole, .last: logits = pass.isSharded ? shard + gathered : shard
    }
  }

  /// Everything but the reserve.
  public var total: Scalar {
    let text = weights + cache + activations + logits
    return draft.map { text + $0 } ?? text
  }

  /// All that is kept for later tokens.
  public var cache: Scalar {
    var sum = keyValueCache
    for case let part? in [indexKeys, states, convolutions, pagePadding] { sum = sum + part }
    return sum
  }
}

/// What a footprint is asked of.
package struct FootprintPlan: Sendable {
  package let model: DecoderModel
  /// Draft modules that lie beside the model; nil: none.
  package let draft: DraftModules?
  package var workload: Workload
  /// Tokens generated after the prompt.
  package let generated: UInt64
  /// Keys in the cache at the end.
  package var finalContext: UInt64
  /// Whose pages the cache lies in; nil: exact bytes.
  package let pages: CachePages?

  /// - Parameter context: keys in the cache at the end; nil means prefix + prompt + generated − 1, since the last token is not fed back.
  ///   Drafted tokens need as many places more.
  package init(
    _ model: DecoderModel, _ workload: Workload, generated: UInt64, context: UInt64?, pages: CachePages? = nil,
    draft: DraftModules? = nil
  ) throws(InputError) {
    self.model = model
    self.pages = pages
    if let pages { try pages.requireRule(for: model) }
    self.draft = draft
    guard pages == nil || workload.drafted == 0 else {
      throw .usage("--pages with the caches of draft layers is not counted; leave out --pages or --draft")
    }
    self.workload = workload
    self.generated = generated
    finalContext = 0
    try set(context)
  }

  /// The same deployment with another batch, prompt and final context.
  package mutating func set(batch: UInt64, prompt: UInt64, context: UInt64) throws(InputError) {
    (workload.batch, workload.prompt) = (batch, prompt)
    try set(context)
  }

  private mutating func set(_ context: UInt64?) throws(InputError) {
    let (last, overflow) = workload.promptKeys.addingReportingOverflow(generated - 1 + workload.drafted)
    guard !overflow, last <= Count.limit else { throw .overflow(what: "prompt + generated tokens") }
    guard (context ?? last) >= workload.promptKeys else {
      let kept = workload.cachedPrefix > 0 ? "the prefix and the prompt alone cache" : "the prompt alone caches"
      throw .usage("--context is \(context ?? last); \(kept) \(workload.promptKeys) keys")
    }
    guard (context ?? last) - workload.promptKeys >= workload.drafted else {
      throw .usage(
        "--context is \(context ?? last), which leaves no place for the \(workload.drafted) tokens of --draft behind the prompt"
      )
    }
    finalContext = context ?? last
    workload.context = finalContext
  }

  /// What the draft modules hold: matrices as wide as the text part's, and the caches of their layers. In a pipeline they lie on the last
  /// stage, which then needs a copy of the tokens' table that they share with the text part.
  func draftBytes<Scalar: Term>(on stage: DeviceMemory<Scalar>.Stage) -> Scalar? {
    guard let draft, stage == .whole || stage == .last else { return nil }
    let parameters = ParameterShape<Scalar>(
      draft.decoder, tensorParallel: workload.tensorParallel, parallelism: workload.parallelism)
    let parts = parameters.tensors.map { $0.bytes(workload.formats) } + draftCaches()
    let one = parts.dropFirst().reduce(parts.first ?? 0, +)
    let all = draft.count == 1 ? one : .input(.draftModules, draft.count) * one
    guard stage == .last, draft.decoder.embedding.isShared, !model.tieWordEmbeddings else { return all }
    let text = ParameterShape<Scalar>(
      model, tensorParallel: workload.tensorParallel, parallelism: workload.parallelism)
    return text.tensors.first.map { all + $0.bytes(workload.formats) } ?? all
  }

  /// What the layers of one draft module keep, part by part.
  private func draftCaches<Scalar: Term>() -> [Scalar] {
    guard let draft else { return [] }
    let pass = PassShape<Scalar>(draft.decoder, DecoderStep(.decode, workload))
    let cache = CacheMemory<Scalar>(self, pass, HeldCache.all(of: draft.decoder, of: 1))
    return [cache.tokens, cache.indexKeys, cache.states, cache.convolutions].compactMap { $0 }
  }

  /// Bytes that the layers of all draft modules keep; 0 without any.
  package var draftCache: Count {
    guard let draft else { return 0 }
    return (draftCaches() as [Count]).reduce(0, +) * Count(draft.count)
  }

  /// The phase and row at which activations need most.
  func peak<Scalar: Term>(_ type: Scalar.Type) -> (phase: Phase, row: OperatorName, bytes: Scalar) {
    let prefill = ActivationPeak<Scalar>(model, DecoderStep(.prefill, workload))
    let decode = ActivationPeak<Scalar>(model, DecoderStep(.decode, workload))
    return decode.bytes.isAbove(prefill.bytes)
      ? (.decode, decode.row, decode.bytes) : (.prefill, prefill.row, prefill.bytes)
  }

  /// The stages that differ, and how many devices of one replica and rank each stands for.
  var stages: [(stage: DeviceMemory<Count>.Stage, index: UInt64, count: UInt64)] {
    let stages = workload.parallelism.pipeline
    guard stages > 1 else { return [(.whole, 0, 1)] }
    var middle: [(layers: [UInt64], index: UInt64, count: UInt64)] = []
    if model.groups.count == 1 {
      if stages > 2 { middle = [([], 1, stages - 2)] }
    } else {
      for index in 1..<(stages - 1) {
        let layers = model.layers(ofStage: index, of: stages)
        if let known = middle.firstIndex(where: { $0.layers == layers }) {
          middle[known].count += 1
        } else {
          middle.append((layers, index, 1))
        }
      }
    }
    return [(.first, 0, 1)] + middle.map { (.middle, $0.index, $0.count) } + [(.last, stages - 1, 1)]
  }

  /// Bytes of the tensors that a device of a stage holds.
  func weights<Scalar: Term>(_ stage: DeviceMemory<Scalar>.Stage, _ parameters: ParameterShape<Scalar>) -> Scalar {
    let held = parameters.tensors.filter { holds($0.scope, stage) }.map { $0.bytes(workload.formats) }
    return held.dropFirst().reduce(held.first ?? 0, +) + tiedHead(stage, parameters)
  }

  /// The same of a stage by its number.
  func weights(_ stage: DeviceMemory<Count>.Stage, index: UInt64) -> Count {
    weights(
      stage,
      ParameterShape<Count>(
        model, tensorParallel: workload.tensorParallel, parallelism: workload.parallelism, stage: index,
        of: workload.parallelism.pipeline))
  }

  func holds<Scalar: Term>(_ scope: RowScope, _ stage: DeviceMemory<Scalar>.Stage) -> Bool {
    switch scope {
    case .beforeLayers: stage == .whole || stage == .first
    case .layer, .boundary: true
    case .afterLayers: stage == .whole || stage == .last
    }
  }

  /// With tied embeddings the last stage of a pipeline needs a copy of the table for the head.
  func tiedHead<Scalar: Term>(
    _ stage: DeviceMemory<Scalar>.Stage, _ parameters: ParameterShape<Scalar>
  ) -> Scalar {
    guard model.tieWordEmbeddings, stage == .last, let table = parameters.tensors.first else { return 0 }
    return table.bytes(workload.formats)
  }
}

/// Whether a deployment fits its GPUs.
public struct Footprint: Sendable {
  package let plan: FootprintPlan
  /// One entry a kind of device, with the number of devices it stands for.
  public let devices: [(memory: DeviceMemory<Count>, count: Count)]
  /// The pass in which activations need most.
  public let peakPhase: Phase
  /// The row of that pass at which they do.
  public let peakRow: OperatorName
  /// Kept free on every device, bytes.
  public let reserve: UInt64
  /// A device's memory, bytes.
  public let capacity: UInt64

  /// - Throws: `InputError.overflow` when a part or the total does not fit in 63 bits.
  package init(_ plan: FootprintPlan, reserve: UInt64, capacity: UInt64) throws(InputError) {
    self.plan = plan
    self.reserve = reserve
    self.capacity = capacity
    let copies = Count(plan.workload.tensorParallel) * Count(plan.workload.parallelism.data)
    let peak = plan.peak(Count.self)
    devices = plan.stages.map { stage in
      let memory = DeviceMemory<Count>(stage.stage, index: stage.index, plan, activations: peak.bytes)
      return (memory, Count(stage.count) * copies)
    }
    (peakPhase, peakRow) = (peak.phase, peak.row)
    guard !total.isOverflow, devices.allSatisfy({ !$0.memory.total.isOverflow }) else {
      throw .overflow(what: "the footprint")
    }
  }

  /// The device that needs most.
  public var largest: DeviceMemory<Count> {
    devices.map(\.memory).max { $0.total < $1.total } ?? devices[0].memory
  }

  /// What the largest device needs, reserve included.
  public var required: Count { largest.total + Count(reserve) }

  /// All devices, reserve included.
  public var total: Count {
    devices.reduce(0) { $0 + ($1.memory.total + Count(reserve)) * $1.count }
  }

  /// Whether the largest device holds what it needs, reserve included.
  public var fits: Bool { !required.isOverflow && required.value <= capacity }

  /// Bytes left on the largest device, or nil when it does not fit.
  public var free: UInt64? { fits ? capacity - required.value : nil }

  /// Bytes by which the largest device misses; 0 when it fits.
  public var missing: UInt64 { fits ? 0 : required.value - capacity }
}
