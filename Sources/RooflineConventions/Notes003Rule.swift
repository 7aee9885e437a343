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
  /// Whether the note only leaves something out there.
  var isOmission = false
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
      guard !next.isOverflow else { throw .overflow(what: "\(cell) of the undivided layer") }
      if next.value != value.value { changed.append(rule) }
      value = next
    }
    return (value, changed)
  }

  static let all = ofCompute + ofMemory + ofCommunication

  private static let norms: Set<Row> = [.attentionNorm, .mlpNorm]
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

  private static func bias(_ column: Notes003Cell.Column) -> Notes003Rule {
    Notes003Rule(
      name: "bias", reason: "The model's projection has a bias to load and to add, which the note does not know.",
      column: column, rows: products, isOmission: true
    ) { value, cell, truth in
      let elements = cell.row.exactRows.map { truth.inputs.model.biasElements($0, ranks: 1) }.reduce(0, +)
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
      column: .compute, rows: norms, isOmission: true
    ) { value, cell, truth in truth.inputs.isGated ? value + 3 * truth.inputs.newTokens(cell.phase) : value },
    Notes003Rule(
      name: "LayerNorm",
      reason: "The note has an RMSNorm; a LayerNorm subtracts a mean and adds a bias: 7 an element and 4 a row.",
      column: .compute, rows: norms
    ) { value, cell, truth in
      truth.inputs.isGated ? value : value + truth.inputs.newTokens(cell.phase) * (3 * truth.inputs.hidden + 4)
    },
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
    headWidth(.compute), bias(.compute),
    Notes003Rule(
      name: "softmax", reason: "Attention is a softmax, too, of 5 operations a score; the note has its two products.",
      column: .compute, rows: [.attention], isOmission: true
    ) { value, _, truth in value + truth.flops([.softmax]) },
  ]

  // MARK: memory

  private static let ofMemory: [Notes003Rule] = [
    Notes003Rule(
      name: "table rows",
      reason: "A row is looked up for each token, at most the table once; nobody reads it for each.",
      column: .memory, rows: [.embedding]
    ) { value, cell, truth in
      let perSequence = cell.phase == .prefill ? truth.inputs.length : 1
      let table = Count(truth.inputs.model.vocabSize)
      return value / (perSequence * table) * truth.inputs.newTokens(cell.phase).minimum(table)
    },
    Notes003Rule(
      name: "decode norm", reason: "A decode step normalises one token of each sequence, not S.", column: .memory,
      rows: [.attentionNorm], phase: .decode
    ) { value, _, truth in value / truth.inputs.length },
    Notes003Rule(
      name: "norm traffic",
      reason:
        "A norm loads and stores each element and loads its weight: 2 elements each and H, not 4, which are bytes.",
      column: .memory, rows: norms
    ) { value, _, truth in value / 2 + truth.inputs.hidden },
    Notes003Rule(
      name: "LayerNorm bias", reason: "A LayerNorm loads a bias beside its weight: H elements more.", column: .memory,
      rows: norms, isOmission: true
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
    headWidth(.memory), bias(.memory),
    Notes003Rule(
      name: "activations",
      reason: "What goes into the row and comes out of it moves, too; the note counts weights alone.",
      column: .memory, rows: products.union([.embedding, .head]), isOmission: true
    ) { value, cell, truth in value + truth.activations(cell.row) },
    Notes003Rule(
      name: "attention traffic",
      reason: "Separate attention loads queries, stores and loads scores and stores its output.",
      column: .memory, rows: [.attention], isOmission: true
    ) { value, cell, truth in value + truth.activations(cell.row) },
    Notes003Rule(
      name: "KV read", reason: "Attention reads the keys and values of the cache; the note counts only what joins it.",
      column: .memory, rows: [.attention], isOmission: true
    ) { value, cell, truth in value + truth.elements(cell.row.exactRows).loadKVCache },
  ]

  // MARK: communication

  private static let ofCommunication: [Notes003Rule] = [
    Notes003Rule(
      name: "no all-gather", reason: "Megatron's tensor parallelism has two all-reduces a layer and no all-gather.",
      column: .communication, rows: [.attentionAllGather]
    ) { _, _, _ in Value(0) },
    Notes003Rule(
      name: "ring all-reduce",
      reason: "A ring all-reduce has each device send 2(tp − 1) pieces of a tp-th of the message.",
      column: .communication, rows: [.attentionAllReduce]
    ) { value, cell, truth in
      let (t, others) = (truth.inputs.ranks, truth.inputs.others)
      guard others > 0 else { return Value(0) }
      return truth.inputs.ring(cell.phase == .prefill ? value / 2 : value * t / others)
    },
    Notes003Rule(
      name: "second all-reduce",
      reason:
        "What the note calls an all-gather here is the layer's second all-reduce: 2(tp − 1) pieces of a tp-th, as the first.",
      column: .communication, rows: [.mlpAllGather]
    ) { value, cell, truth in
      let (t, others) = (truth.inputs.ranks, truth.inputs.others)
      guard others > 0 else { return Value(0) }
      return truth.inputs.ring(cell.phase == .prefill ? value / 2 : value * t * t / others / 2)
    },
    Notes003Rule(
      name: "embedding all-reduce",
      reason: "A table divided by vocabulary gives each device some rows; all are summed.",
      column: .communication, rows: [.embedding], isOmission: true
    ) { value, cell, truth in value + truth.sent(cell.row.exactRows) },
    Notes003Rule(
      name: "logits gathered", reason: "Each device has the logits of its part of the vocabulary; they are gathered.",
      column: .communication, rows: [.head], isOmission: true
    ) { value, cell, truth in value + truth.sent(cell.row.exactRows) },
  ]
}

extension Notes003Truth {
  /// Elements of activations that the row's operators load and store.
  fileprivate func activations(_ row: Notes003Cell.Row) -> Count {
    let traffic = elements(row.exactRows)
    return traffic.loadActivation + traffic.storeActivation
  }
}

extension Notes003Inputs {
  fileprivate var hidden: Count { Count(model.hiddenSize) }
  fileprivate var keyValueHeads: Count { Count(model.numKeyValueHeads) }
  fileprivate var length: Count { Count(prompt) }
  fileprivate var ranks: Count { Count(tensorParallel) }
  fileprivate var others: Count { ranks.excess(over: 1) }
  fileprivate var queryWidth: Count { Count(model.numAttentionHeads) * Count(model.headDim) }
  fileprivate var keyValueWidth: Count { keyValueHeads * Count(model.headDim) }

  /// Elements that a device sends of a message of so many, whose pieces are whole bytes.
  fileprivate func ring(_ message: Quotient<Count>) -> Quotient<Count> {
    Quotient(others * (message * 2 / ranks).roundedUp)
  }

  /// New tokens of the batch.
  fileprivate func newTokens(_ phase: Phase) -> Count { Count(batch) * (phase == .prefill ? length : 1) }
}
