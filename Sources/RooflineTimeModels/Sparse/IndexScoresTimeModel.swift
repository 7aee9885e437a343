import RooflineCore

/// What a library's index scores reach on a GPU.
package struct IndexScoresConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 3.0
  /// 1000 keys of one tile of queries, at 64 index heads of 128, µs.
  package var keys = 3.0
  /// A tile's start, µs.
  package var start = 1.0
  /// Share of the DRAM bandwidth at which scores are written.
  package var bandwidth = 0.5

  package init() {}

  package static let initial = IndexScoresConstants()

  package static var parameters: [FittedParameter<IndexScoresConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.3...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("thousandKeysMicroseconds", 0.1...100, get: { $0.keys }, set: { $0.keys = $1 }),
      FittedParameter("startMicroseconds", 0.01...20, spread: 2, get: { $0.start }, set: { $0.start = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.5, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
    ]
  }
}

/// The time of an indexer's scores of all keys before a query: four queries of a prompt share a tile, those of a cache's pages none.
///
/// Source: TimeModels.md, "Sparse attention".
package struct IndexScoresTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: IndexScoresConstants

  /// Products of a pair that the constants are stated for: 64 heads of 128.
  static let referenceWidth = 8192.0
  /// Queries of a prompt that share a tile.
  static let queriesPerTile = 4.0

  /// What a call's time consists of, µs.
  struct Terms {
    var scores, starts, writing, idealTensor, idealMemory: Double
  }

  func terms(_ call: IndexScores<Count>) -> Terms {
    let (batch, query, pairs) = (Double(call.batch), Double(call.queryTokens), Double(call.pairs))
    let processors = facts.streamingMultiprocessors
    // Keys of 16 bits, which nobody measured, are multiplied at half the rate.
    let weight =
      Double(call.formats.keyValueCache.bits) / 8 * Double(call.heads) * Double(call.width)
      / IndexScoresTimeModel.referenceWidth * constants.keys * 1e-3
    let (scores, starts): (Double, Double)
    if call.isPaged {
      scores = batch * pairs / processors * weight
      starts = max(1, batch * query / processors)
    } else {
      starts = ((batch * query / IndexScoresTimeModel.queriesPerTile).ceiling / processors).ceiling
      scores = starts * pairs / max(query, 1) * weight
    }
    var (bytes, written) = (0.0, 0.0)
    call.forEachOperand { operand in
      bytes += Double(operand.bytes)
      if operand.name == .scores { written += Double(operand.bytes) }
    }
    let peak = facts.flopsPerMicrosecond * (call.formats.keyValueCache.bits == 8 ? 2 : 1)
    return Terms(
      scores: scores, starts: starts * constants.start,
      writing: written / (constants.bandwidth * facts.bytesPerMicrosecond),
      idealTensor: Double(call.flops.tensor) / peak, idealMemory: bytes / facts.bytesPerMicrosecond)
  }

  func time(_ terms: Terms) -> Double {
    let busy = terms.scores + terms.starts
    return constants.fixed + (busy * busy + terms.writing * terms.writing).squareRoot()
  }
}

extension IndexScores where Scalar == Count {
  /// Whether its keys lie in pages: those of a decode step, and entries that stand for several tokens.
  var isPaged: Bool { queryTokens == 1 || !seesEveryKey }
}

extension IndexScoresTimeModel: KernelTimeModel {
  package static let kind = KernelKind.indexer

  package init(
    _ facts: DeviceFacts, _ constants: IndexScoresConstants, _ cut: WholeKernel, generation: GPUGeneration
  ) {
    self.facts = facts
    self.constants = constants
  }

  /// - Returns: nil where blocks of keys are scored.
  package static func work(_ value: Operator<Count>) -> IndexScores<Count>? {
    guard case .indexScores(let call) = value, call.block == nil else { return nil }
    return call
  }

  package static func subject(_ call: IndexScores<Count>) -> KernelSubject {
    KernelSubject(.indexer, dtype: .fp8, form: call.isPaged ? .paged : .ragged)
  }

  package func timing(_ call: IndexScores<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(call)
    return KernelTiming(microseconds: time(terms), exposed: constants.fixed + terms.starts)
  }

  package func choices(
    _ call: IndexScores<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] { [] }

  package func parts(_ call: IndexScores<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(call)
    let roof = max(terms.idealTensor, terms.idealMemory)
    return TimePart.differences([
      (.roof, roof),
      (.fixed, roof + constants.fixed),
      (.rate, max(terms.scores, terms.idealMemory) + constants.fixed),
      (.waves, max(terms.scores + terms.starts, terms.idealMemory) + constants.fixed),
      (.overlap, time(terms)),
    ])
  }

  package static func place(_ call: IndexScores<Count>) -> KernelPlace {
    let (batch, query, keys) = (Double(call.batch), Double(call.queryTokens), Double(call.keys))
    return KernelPlace(
      call.isPaged ? "index_logits_paged" : "index_logits",
      sizes: [
        ("batch", batch), ("query", query), ("keys", keys), ("index_heads", Double(call.heads)),
        ("index_dim", Double(call.width)),
      ], order: [keys, query, batch, Double(call.heads), Double(call.width), Double(call.pairs)],
      point: [KernelPlace.log(batch), KernelPlace.log(query), KernelPlace.log(keys), 0], group: [query, keys])
  }

  package static func regimes(_ call: IndexScores<Count>) -> [String] {
    [call.isPaged ? KernelForm.paged.rawValue : KernelForm.ragged.rawValue]
  }
}
