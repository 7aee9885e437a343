import RooflineCore

/// What a library's choice of the largest scores reaches on a GPU.
package struct TopKConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 2.0
  /// A query's row of scores, and 1000 scores of it, µs.
  package var row = 4.0
  package var keys = 0.2
  /// Rows that an SM works on at a time.
  package var rowsPerSM = 1.5
  /// Shares of the DRAM bandwidth, from DRAM and from L2.
  package var bandwidth = 0.6
  package var l2Bandwidth = 1.5

  package init() {}

  package static let initial = TopKConstants()

  package static var parameters: [FittedParameter<TopKConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.3...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("rowMicroseconds", 0.05...100, get: { $0.row }, set: { $0.row = $1 }),
      FittedParameter("thousandKeysMicroseconds", 0.001...20, get: { $0.keys }, set: { $0.keys = $1 }),
      FittedParameter("rowsPerSM", 0.3...8, spread: 1.2, get: { $0.rowsPerSM }, set: { $0.rowsPerSM = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.2, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2BandwidthShare", 0.1...20, get: { $0.l2Bandwidth }, set: { $0.l2Bandwidth = $1 }),
    ]
  }
}

/// The time of choosing the keys with the largest scores: queries that see no more keys than are kept have nothing to choose.
///
/// Source: TimeModels.md, "Sparse attention".
package struct TopKTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: TopKConstants
  /// Share of L2 in which the scores, just written, stay.
  let residency: Double

  /// Beyond so many scores a row takes further passes.
  static let shortRow = 32768.0
  /// How much longer a score beyond them takes.
  static let longShare = 1.6

  /// What a call's time consists of, µs.
  struct Terms {
    /// Rows with a choice, and the mean of their scores.
    var rows, keys: Double
    var choosing, memory, idealMemory: Double
  }

  func terms(_ call: IndexSelection<Count>, last: Double) -> Terms {
    let (batch, query, kept) = (Double(call.batch), Double(call.queryTokens), Double(call.kept))
    let mean = Double(call.pairs) / max(query, 1)
    // A query's keys grow by so many from one to the next.
    let growth = query > 1 ? max(0, 2 * (last - mean) / (query - 1)) : 0
    let beyond = last - kept
    let choosing =
      beyond <= 0 ? 0 : growth > 0 ? min(query, max(1, beyond / growth)) : query
    let keys = last - growth * max(0, choosing - 1) / 2
    let counted = min(keys, TopKTimeModel.shortRow) + TopKTimeModel.longShare * max(0, keys - TopKTimeModel.shortRow)
    var ideal = 0.0
    call.forEachOperand { ideal += Double($0.bytes) }
    guard choosing > 0 else {
      return Terms(rows: 0, keys: 0, choosing: 0, memory: 0, idealMemory: ideal / facts.bytesPerMicrosecond)
    }
    let rows = batch * choosing
    let bytes = Double(ElementFormat.score.storage.bits) / 8 * rows * keys
    return Terms(
      rows: rows, keys: keys,
      choosing: max(1, rows / (facts.streamingMultiprocessors * constants.rowsPerSM))
        * (constants.row + counted * constants.keys * 1e-3),
      memory: facts.microseconds(
        bytes, hit: facts.hit(bytes, residentShare: residency), dram: constants.bandwidth, l2: constants.l2Bandwidth),
      idealMemory: ideal / facts.bytesPerMicrosecond)
  }

  func time(_ terms: Terms) -> Double {
    constants.fixed + (terms.choosing * terms.choosing + terms.memory * terms.memory).squareRoot()
  }
}

extension TopKTimeModel: KernelTimeModel {
  /// A choice and the keys of its last query.
  package struct Choosing: Sendable {
    let call: IndexSelection<Count>
    let keys: Count
  }

  package static let kind = KernelKind.topK

  package init?(_ facts: DeviceFacts, _ constants: TopKConstants, _ cut: WholeKernel, generation: GPUGeneration) {
    guard let l2 = generation.l2 else { return nil }
    self.facts = facts
    self.constants = constants
    residency = l2.residentShare
  }

  /// - Returns: nil where blocks of keys are chosen.
  package static func work(_ value: Operator<Count>) -> Choosing? {
    guard case .indexSelection(let call) = value else { return nil }
    return call.keys.map { Choosing(call: call, keys: $0) }
  }

  package static func subject(_ work: Choosing) -> KernelSubject {
    KernelSubject(.topK, dtype: .fp32, form: work.call.scoresTie ? .flat : .clear)
  }

  package func timing(_ work: Choosing, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(work.call, last: Double(work.keys))
    return KernelTiming(microseconds: time(terms), exposed: constants.fixed + terms.choosing)
  }

  package func choices(_ work: Choosing, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    let rows = terms(work.call, last: Double(work.keys)).rows
    return [("rows with a choice", rows < 1e15 ? "\(Int(rows))" : "\(rows)")]
  }

  package func parts(_ work: Choosing, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(work.call, last: Double(work.keys))
    return TimePart.differences([
      (.roof, terms.idealMemory),
      (.fixed, terms.idealMemory + constants.fixed),
      (.dram, terms.memory + constants.fixed),
      (.latency, time(terms)),
    ])
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(_ constants: TopKConstants, ofDRAM ratio: Double) -> TopKConstants {
    var constants = constants
    constants.l2Bandwidth *= ratio
    return constants
  }

  package static func place(_ work: Choosing) -> KernelPlace {
    let call = work.call
    let (batch, query, keys) = (Double(call.batch), Double(call.queryTokens), Double(work.keys))
    return KernelPlace(
      call.scoresTie ? "topk flat" : "topk",
      sizes: [("batch", batch), ("query", query), ("keys", keys), ("topk", Double(call.kept))],
      order: [keys, query, batch, Double(call.kept), Double(call.pairs)],
      point: [KernelPlace.log(batch), KernelPlace.log(query), KernelPlace.log(keys), 0], group: [query, keys])
  }

  package static func regimes(_ work: Choosing) -> [String] {
    [work.call.scoresTie ? KernelForm.flat.rawValue : KernelForm.clear.rawValue]
  }
}
