import RooflineCore

/// The time of a gated delta rule over a prompt, in chunks: what one head's chunks wait for one after another, what all of them do at
/// the same time, and what kernels hand on through memory.
///
/// Source: TimeModels.md, "Delta rules and convolutions".
package struct DeltaChunkTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: DeltaChunkConstants
  package let cut: DeltaChunkCut
  /// Share of L2 in which what a fused kernel reads stays.
  let residency: Double

  /// Everything that a call's time consists of, µs.
  struct Terms {
    var chunks: Double
    var row, sequential, parallel, memory, idealTensor, idealMemory: Double
  }

  func terms(_ rule: DeltaRule<Count>, size: Count) -> Terms {
    let processors = facts.streamingMultiprocessors
    let heads = Double(rule.recurrence.batch * rule.valueHeads) / processors
    let chunks = Double(rule.recurrence.queryTokens.divided(roundingUpBy: size))
    let own = Double(rule.streamBytes + rule.chunkStateBytes)
    let parallel = heads * chunks * constants.parallel
    let idealTensor = Double(rule.flops.tensor) / facts.flopsPerMicrosecond
    let ideal = own / facts.bytesPerMicrosecond
    func memory(_ bytes: Double, residentShare: Double) -> Double {
      let hit = facts.hit(bytes, residentShare: residentShare)
      return facts.microseconds(bytes, hit: hit, dram: constants.bandwidth, l2: constants.l2Bandwidth)
    }
    if cut.isFused {
      return Terms(
        chunks: chunks, row: 0, sequential: heads.ceiling * (constants.wave + chunks * constants.sequential),
        parallel: parallel, memory: memory(own, residentShare: residency), idealTensor: idealTensor,
        idealMemory: ideal)
    }
    let query = Double(rule.recurrence.queryTokens)
    let length = Double(size)
    let bytes = own + Double(rule.handedBytes(size: size))
    return Terms(
      chunks: chunks, row: constants.row * min(query, length) / length,
      sequential: chunks * constants.sequential * max(1, 2 * heads), parallel: parallel + heads * constants.state,
      memory: memory(bytes, residentShare: constants.residency), idealTensor: idealTensor, idealMemory: ideal)
  }

  func time(_ terms: Terms) -> Double {
    let waiting =
      cut.isFused ? PartialOverlap.norm(terms.sequential, terms.memory, 3) : terms.sequential + terms.memory
    return constants.fixed + terms.row + terms.parallel + waiting
  }
}

extension DeltaChunkTimeModel: KernelTimeModel {
  /// A rule and the tokens of its chunks.
  package struct Chunked: Sendable {
    let rule: DeltaRule<Count>
    let size: Count
  }

  package static let kind = KernelKind.linearAttention
  package static let phase: Phase? = .prefill

  package init?(
    _ facts: DeviceFacts, _ constants: DeltaChunkConstants, _ cut: DeltaChunkCut, generation: GPUGeneration
  ) {
    guard let l2 = generation.l2 else { return nil }
    self.facts = facts
    self.constants = constants
    self.cut = cut
    residency = l2.residentShare
  }

  /// - Returns: nil for steps.
  package static func work(_ value: Operator<Count>) -> Chunked? {
    guard case .deltaRule(let rule) = value, case .chunks(let size) = rule.recurrence.form else { return nil }
    return Chunked(rule: rule, size: size)
  }

  package static func subject(_ work: Chunked) -> KernelSubject {
    KernelSubject(.linearAttention, phase: .prefill, dtype: work.rule.formats.residual, form: work.rule.kernelForm)
  }

  package func timing(_ work: Chunked, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(work.rule, size: work.size)
    return KernelTiming(
      microseconds: time(terms),
      exposed: constants.fixed + terms.row + (terms.sequential > terms.memory ? terms.sequential : 0))
  }

  package func choices(_ work: Chunked, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    let chunks = terms(work.rule, size: work.size).chunks
    return [("chunks one after another", chunks < 1e15 ? "\(Int(chunks))" : "\(chunks)")]
  }

  package func parts(_ work: Chunked, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(work.rule, size: work.size)
    let roof = max(terms.idealTensor, terms.idealMemory)
    let fixed = constants.fixed + terms.row
    return TimePart.differences([
      (.roof, roof),
      (.fixed, roof + fixed),
      (.rate, max(terms.parallel, terms.idealMemory) + fixed),
      (.dram, terms.parallel + terms.memory + fixed),
      (.latency, time(terms)),
    ])
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(_ constants: DeltaChunkConstants, ofDRAM ratio: Double) -> DeltaChunkConstants {
    var constants = constants
    constants.l2Bandwidth *= ratio
    return constants
  }

  package static func place(_ work: Chunked) -> KernelPlace { work.rule.place(.prefill) }

  package static func regimes(_ work: Chunked) -> [String] { [work.rule.kernelForm.rawValue] }
}
