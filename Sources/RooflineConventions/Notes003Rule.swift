import RooflineCore

/// One way in which note 003 counts otherwise than Counting.md, as a function from its value to the exact one. This is
/// the one place for the reasons.
///
/// Rules run in order; several may correct the same cell one after another. What the note leaves out is added as the
/// engine counts it; what it counts must come out right by the rule's own arithmetic.
struct Notes003Rule: Sendable {
  typealias Value = Quotient<Count>
  typealias Row = Notes003Cell.Row

  let name: String
  /// One sentence.
  let reason: String
  let column: Notes003Cell.Column
  let rows: Set<Row>
  var phase: Phase?
  let transform: @Sendable (Value, Notes003Cell, Notes003Truth) -> Value

  func applies(to cell: Notes003Cell) -> Bool {
    cell.column == column && rows.contains(cell.row) && (phase == nil || phase == cell.phase)
  }

  /// A cell's value corrected by all rules, and those that changed it.
  ///
  /// - Throws: `InputError.overflow`.
  static func correct(
    _ raw: Value, in cell: Notes003Cell, _ truth: Notes003Truth
  ) throws(InputError) -> (value: Value, rules: [Notes003Rule]) {
    var value = raw
    var changed: [Notes003Rule] = []
    for rule in all where rule.applies(to: cell) {
      let next = rule.transform(value, cell, truth)
      guard !next.isOverflow else { throw .overflow(what: "\(cell), over all devices") }
      if next.value != value.value { changed.append(rule) }
      value = next
    }
    return (value, changed)
  }

  static let all = ofCompute + ofMemory + ofCommunication

  private static let norms: Set<Row> = [.attentionNorm, .mlpNorm]
  /// What a degree divides.
  private static let divided: Set<Row> = [
    .queryKeyValue, .attention, .keyValueCache, .outputProjection, .upAndGate, .gateTimesUp, .activation, .down, .head,
  ]
  private static let products: Set<Row> = [.queryKeyValue, .outputProjection, .upAndGate, .down]

  // MARK: what stands in more than one column

  private static func headWidth(_ column: Notes003Cell.Column) -> Notes003Rule {
    Notes003Rule(
      name: "head width", reason: "The heads' width is h·d, which is not H in this model.", column: column,
      rows: [.queryKeyValue, .attention, .outputProjection]
    ) { value, cell, truth in
      let (H, q) = (truth.inputs.hidden, truth.inputs.queryWidth)
      let kv = cell.row == .queryKeyValue ? 2 * truth.inputs.keyValueWidth : 0
      return value * (q + kv) / (H + kv)
    }
  }

  private static func replicatedHeads(_ column: Notes003Cell.Column) -> Notes003Rule {
    Notes003Rule(
      name: "KV heads replicated",
      reason: "Where there are fewer KV heads than devices each holds a whole one, not a fraction.", column: column,
      rows: column == .compute ? [.queryKeyValue] : [.queryKeyValue, .keyValueCache]
    ) { value, cell, truth in
      let (n, t) = (truth.inputs.keyValueHeads, truth.inputs.ranks)
      guard n < t else { return value }
      if cell.row == .keyValueCache { return value * t / n }
      let (q, d) = (truth.inputs.queryWidth, Count(truth.inputs.model.headDim))
      return value * (q + 2 * t * d) / (q + 2 * n * d)
    }
  }

  private static func oneDevice(_ column: Notes003Cell.Column) -> Notes003Rule {
    Notes003Rule(
      name: "one device", reason: "The note counts all devices together, the engine one of them.", column: column,
      rows: divided
    ) { value, _, truth in value / truth.inputs.ranks }
  }

  private static func paddedVocabulary(_ column: Notes003Cell.Column) -> Notes003Rule {
    Notes003Rule(
      name: "padded vocabulary", reason: "The degree does not divide the vocabulary, and the padding is computed, too.",
      column: column, rows: [.head]
    ) { value, _, truth in
      let (v, t) = (Count(truth.inputs.model.vocabSize), truth.inputs.ranks)
      return value * (v.divided(roundingUpBy: t) * t) / v
    }
  }

  private static func bias(_ column: Notes003Cell.Column) -> Notes003Rule {
    Notes003Rule(
      name: "bias", reason: "The model's projection has a bias to load and to add, which the note does not know.",
      column: column, rows: products
    ) { value, cell, truth in
      let (model, t) = (truth.inputs.model, truth.inputs.ranks)
      let elements = cell.row.exactRows.map { model.biasElements($0, ranks: t) }.reduce(0, +).divided(exactlyBy: t)
      return value + elements * (column == .compute ? truth.inputs.newTokens(cell.phase) : 1)
    }
  }

  // MARK: compute

  private static let ofCompute: [Notes003Rule] = [
    Notes003Rule(
      name: "lookup", reason: "An embedding is looked up: nothing is multiplied.", column: .compute, rows: [.embedding]
    ) { _, _, _ in Value(0) },
    Notes003Rule(
      name: "decode norm", reason: "A decode step normalises one token of each sequence, not S.", column: .compute,
      rows: norms, phase: .decode
    ) { value, _, truth in value / truth.inputs.length },
    Notes003Rule(
      name: "norm per row",
      reason: "A norm's row costs, beside 4 an element, the division by the width, adding ε and one rsqrt.",
      column: .compute, rows: norms
    ) { value, cell, truth in truth.inputs.isGated ? value + 3 * truth.inputs.newTokens(cell.phase) : value },
    Notes003Rule(
      name: "LayerNorm",
      reason: "The note has an RMSNorm; a LayerNorm subtracts a mean and adds a bias: 7 an element and 4 a row.",
      column: .compute, rows: norms
    ) { value, cell, truth in
      truth.inputs.isGated ? value : value + truth.inputs.newTokens(cell.phase) * (3 * truth.inputs.hidden + 4)
    },
    Notes003Rule(
      name: "decode context", reason: "The new token is among the keys that it attends.", column: .compute,
      rows: [.attention], phase: .decode
    ) { value, _, truth in value * (truth.inputs.length + 1) / truth.inputs.length },
    Notes003Rule(
      name: "last token", reason: "Only the last token of each sequence needs logits.", column: .compute, rows: [.head],
      phase: .prefill
    ) { value, _, truth in value / truth.inputs.length },
    Notes003Rule(
      name: "silu", reason: "silu(gate) · up is 4 operations an element, not one product.", column: .compute,
      rows: [.gateTimesUp]
    ) { value, _, truth in truth.inputs.isGated ? value * 4 : value },
    Notes003Rule(
      name: "gelu", reason: "A plain MLP has no product of gate and up; its gelu is 9 operations an element.",
      column: .compute, rows: [.gateTimesUp]
    ) { value, _, truth in truth.inputs.plainActivation == .gelu ? value * 9 : value },
    Notes003Rule(
      name: "relu", reason: "A plain MLP has no product of gate and up; its relu compares, which is no FLOP.",
      column: .compute, rows: [.gateTimesUp]
    ) { value, _, truth in truth.inputs.plainActivation == .relu ? Value(0) : value },
    headWidth(.compute), replicatedHeads(.compute), oneDevice(.compute), paddedVocabulary(.compute), bias(.compute),
    Notes003Rule(
      name: "softmax", reason: "Attention is a softmax, too, of 5 operations a score; the note has its two products.",
      column: .compute, rows: [.attention]
    ) { value, _, truth in value + truth.cost([.softmax]).flops.total },
  ]

  // MARK: memory

  private static let ofMemory: [Notes003Rule] = [
    Notes003Rule(
      name: "table rows", reason: "A device looks up a row for each token of its share; nobody reads the whole table.",
      column: .memory, rows: [.embedding]
    ) { value, cell, truth in
      let tokens = truth.inputs.newTokens(cell.phase)
      let perSequence = cell.phase == .prefill ? truth.inputs.length : 1
      return value / (perSequence * Count(truth.inputs.model.vocabSize))
        * tokens.divided(roundingUpBy: truth.inputs.ranks)
    },
    Notes003Rule(
      name: "decode norm", reason: "A decode step normalises one token of each sequence, not S.", column: .memory,
      rows: [.attentionNorm], phase: .decode
    ) { value, _, truth in value / truth.inputs.length },
    Notes003Rule(
      name: "norm traffic",
      reason: "A norm loads and stores each element and loads its weight: 2 elements each and H, not 4 (its bytes).",
      column: .memory, rows: norms
    ) { value, _, truth in value / 2 + truth.inputs.hidden },
    Notes003Rule(
      name: "LayerNorm bias", reason: "A LayerNorm loads a bias beside its weight: H elements more.", column: .memory,
      rows: norms
    ) { value, _, truth in truth.inputs.isGated ? value : value + truth.inputs.hidden },
    Notes003Rule(
      name: "head read once", reason: "The head's matrix is read once, not once for each token of the prompt.",
      column: .memory, rows: [.head], phase: .prefill
    ) { value, _, truth in value / truth.inputs.length },
    Notes003Rule(
      name: "MLP matrices",
      reason:
        "A gated MLP reads two matrices here, a plain one one; the note's alternatives stand the other way around.",
      column: .memory, rows: [.upAndGate]
    ) { value, _, truth in truth.inputs.isGated ? value * 2 : value / 2 },
    Notes003Rule(
      name: "silu operands", reason: "silu(gate) · up loads two tensors and stores one: 3 elements, not 2.",
      column: .memory, rows: [.activation]
    ) { value, _, truth in truth.inputs.isGated ? value * 3 / 2 : value },
    headWidth(.memory), replicatedHeads(.memory), oneDevice(.memory), paddedVocabulary(.memory), bias(.memory),
    elements(.memory, Set(Row.allCases)),
    Notes003Rule(
      name: "activations",
      reason: "What goes into the row and comes out of it moves, too; the note counts weights alone.",
      column: .memory, rows: products.union([.embedding, .head])
    ) { value, cell, truth in value + truth.activations(cell.row) },
    Notes003Rule(
      name: "attention traffic",
      reason: "Separate attention loads queries, stores and loads scores and stores its output.",
      column: .memory, rows: [.attention]
    ) { value, cell, truth in value + truth.activations(cell.row) },
    Notes003Rule(
      name: "KV read", reason: "Attention reads the keys and values of the cache; the note counts only what joins it.",
      column: .memory, rows: [.attention]
    ) { value, cell, truth in value + truth.cost(cell.row.exactRows).traffic.loadKVCache },
  ]

  private static func elements(_ column: Notes003Cell.Column, _ rows: Set<Row>) -> Notes003Rule {
    Notes003Rule(
      name: "elements", reason: "The note counts elements, the engine bytes: 2 an element here.", column: column,
      rows: rows
    ) { value, _, _ in value * 2 }
  }

  // MARK: communication

  private static let ofCommunication: [Notes003Rule] = [
    Notes003Rule(
      name: "no all-gather", reason: "Megatron's tensor parallelism has two all-reduces a layer and no all-gather.",
      column: .communication, rows: [.attentionAllGather, .mlpAllGather]
    ) { _, _, _ in Value(0) },
    elements(.communication, [.attentionAllReduce]),
    Notes003Rule(
      name: "ring all-reduce",
      reason: "A ring all-reduce has each device send 2(tp − 1) pieces of a tp-th of the message, rounded up.",
      column: .communication, rows: [.attentionAllReduce]
    ) { value, cell, truth in
      let t = truth.inputs.ranks
      let others = t.excess(over: 1)
      guard others > 0 else { return Value(0) }
      let message = cell.phase == .prefill ? value / 2 : value * t / others
      return Value(2 * others * (message / t).roundedUp)
    },
    Notes003Rule(
      name: "embedding all-reduce",
      reason: "A table divided by vocabulary gives each device some rows; all are summed.",
      column: .communication, rows: [.embedding]
    ) { value, cell, truth in value + truth.cost(cell.row.exactRows).wireBytes },
    Notes003Rule(
      name: "logits gathered", reason: "Each device has the logits of its part of the vocabulary; they are gathered.",
      column: .communication, rows: [.head]
    ) { value, cell, truth in value + truth.cost(cell.row.exactRows).wireBytes },
  ]
}

extension Notes003Truth {
  /// Bytes of activations that the row's operators load and store.
  fileprivate func activations(_ row: Notes003Cell.Row) -> Count {
    let traffic = cost(row.exactRows).traffic
    return traffic.loadActivation + traffic.storeActivation
  }
}

extension Notes003Inputs {
  fileprivate var hidden: Count { Count(model.hiddenSize) }
  fileprivate var keyValueHeads: Count { Count(model.numKeyValueHeads) }
  fileprivate var length: Count { Count(prompt) }
  fileprivate var ranks: Count { Count(tensorParallel) }
  fileprivate var queryWidth: Count { Count(model.numAttentionHeads) * Count(model.headDim) }
  fileprivate var keyValueWidth: Count { keyValueHeads * Count(model.headDim) }

  /// New tokens of the batch.
  fileprivate func newTokens(_ phase: Phase) -> Count { Count(batch) * (phase == .prefill ? length : 1) }
}
