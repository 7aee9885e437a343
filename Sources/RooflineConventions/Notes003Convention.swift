import RooflineCore

/// The table of note 003: what it says a layer computes, moves in memory and sends, in its own letters, slips included.
///
/// Kept apart from the engine, which never reads it. Compute is FLOPs over all devices; memory and communication are
/// elements, not bytes; only communication knows the degree. `S` is the one length the note has: in a decode step, the
/// keys attended. Of alternatives (`4BHI / 2BHI`, `HI / 2HI`) the first is a gated MLP's, the second a plain one's.
package struct Notes003Convention<Scalar: Term>: Sendable {
  let batch, length, hidden, keyValueHeads, headDim, intermediate, vocabulary, degree, others: Scalar
  let isGated: Bool

  package init(_ inputs: Notes003Inputs) {
    batch = .input(.batch, inputs.batch)
    length = .input(.noteLength, inputs.prompt)
    hidden = .input(.hidden, inputs.model.hiddenSize)
    keyValueHeads = .input(.noteKeyValueHeads, inputs.model.numKeyValueHeads)
    headDim = .input(.headDim, inputs.model.headDim)
    intermediate = .input(.intermediate, inputs.model.intermediateSize)
    vocabulary = .input(.noteVocabulary, inputs.model.vocabSize)
    degree = .input(.noteTensorParallel, inputs.tensorParallel)
    others = .input(.noteOtherRanks, inputs.tensorParallel - 1)
    isGated = inputs.isGated
  }

  package func formula(_ cell: Notes003Cell) -> Quotient<Scalar> {
    switch cell.column {
    case .compute: Quotient(compute(cell.row, cell.phase))
    case .memory: Quotient(memory(cell.row, cell.phase))
    case .communication: communication(cell.row, cell.phase)
    }
  }

  /// New tokens of each sequence: the prefill has an S where the decode step has none.
  private func newTokens(_ phase: Phase) -> Scalar { phase == .prefill ? length : 1 }

  private func compute(_ row: Notes003Cell.Row, _ phase: Phase) -> Scalar {
    let (B, T, S, H, I, v) = (batch, newTokens(phase), length, hidden, intermediate, vocabulary)
    let (n, d) = (keyValueHeads, headDim)
    return switch row {
    case .embedding, .head: 2 * B * T * v * H
    case .attentionNorm, .mlpNorm: 4 * B * S * H
    case .queryKeyValue: 2 * B * T * H * H + 4 * B * T * H * n * d
    case .attention: 4 * B * T * S * H
    case .outputProjection: 2 * B * T * H * H
    case .upAndGate: isGated ? 4 * B * T * H * I : 2 * B * T * H * I
    case .gateTimesUp: B * T * I
    case .down: 2 * B * T * H * I
    case .keyValueCache, .attentionAllGather, .attentionAllReduce, .activation, .mlpAllGather: 0
    }
  }

  private func memory(_ row: Notes003Cell.Row, _ phase: Phase) -> Scalar {
    let (B, T, S, H, I, v) = (batch, newTokens(phase), length, hidden, intermediate, vocabulary)
    let (n, d) = (keyValueHeads, headDim)
    return switch row {
    case .embedding, .head: T * v * H
    case .attentionNorm: 4 * B * S * H
    case .queryKeyValue: H * H + 2 * H * n * d
    case .keyValueCache: 2 * B * T * n * d
    case .outputProjection: H * H
    case .mlpNorm: 4 * B * T * H
    case .upAndGate: isGated ? H * I : 2 * H * I
    case .activation: 2 * B * T * I
    case .down: H * I
    case .attention, .attentionAllGather, .attentionAllReduce, .gateTimesUp, .mlpAllGather: 0
    }
  }

  private func communication(_ row: Notes003Cell.Row, _ phase: Phase) -> Quotient<Scalar> {
    let (B, T, S, H, tp) = (batch, newTokens(phase), length, hidden, degree)
    let isPrefill = phase == .prefill
    return switch row {
    case .attentionAllGather: Quotient(4 * B * T * H, over: tp)
    case .attentionAllReduce: isPrefill ? Quotient(2 * B * S * H) : Quotient(B * H * others, over: tp)
    case .mlpAllGather: isPrefill ? Quotient(2 * B * S * H) : Quotient(2 * B * H * others, over: tp * tp)
    default: Quotient(0)
    }
  }
}

extension Notes003Convention<Count> {
  /// Every cell of a phase's table.
  ///
  /// - Throws: `InputError.overflow`.
  package func values(_ phase: Phase) throws(InputError) -> [Notes003Cell: Quotient<Count>] {
    var values: [Notes003Cell: Quotient<Count>] = [:]
    for row in Notes003Cell.Row.allCases {
      for column in Notes003Cell.Column.allCases {
        let cell = Notes003Cell(phase, row, column)
        let value = formula(cell)
        guard !value.isOverflow else { throw .overflow(what: "\(cell) (\(Convention.notes003.rawValue))") }
        values[cell] = value
      }
    }
    return values
  }
}
