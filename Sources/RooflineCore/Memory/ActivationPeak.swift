/// The most activation memory that is alive at once in a pass, and where.
///
/// Alive at a row: the residual stream, the row's operands and results, and results that a later row still reads. Every
/// tensor has the size of its largest operand; nothing is computed in place. The largest over a layer's rows and the head;
/// logits are counted apart (`Footprint`).
package struct ActivationPeak<Scalar: Term>: Sendable {
  package let row: OperatorName
  /// The sum of the tensors alive.
  package let bytes: Scalar

  package init(_ model: DecoderModel, _ step: DecoderStep) {
    let all = ForwardPass<Scalar>(model, step).rows
    var peak: (row: OperatorName, bytes: Scalar)?
    for group in model.groups.indices {
      // A layer of one kind with what stands before and after the layers; others use the same space again.
      let rows = all.filter { $0.scope.group == nil || $0.scope.group == group }
      var sizes = ActivationPeak.sizes(rows)
      // Snapshots of the stream are kept until the head has mixed them.
      if let snapshots = model.head.snapshots, let one = sizes[.bank] {
        sizes[.bank] = Scalar(integerLiteral: snapshots) * one
      }
      let uses = ActivationPeak.uses(rows)
      for (index, row) in rows.enumerated() where row.scope.isLayer || row.scope == .afterLayers {
        let alive = ActivationPeak.alive(at: index, rows, uses)
        // The order of the tensors' declaration makes the sum's formula the same in every run.
        var bytes: Scalar = 0
        for use in uses where alive.contains(use.tensor) {
          if let size = sizes[use.tensor] { bytes = bytes + size }
        }
        if let known = peak, !bytes.isAbove(known.bytes) { continue }
        peak = (row.name, bytes)
      }
    }
    row = peak?.row ?? .embedding
    bytes = peak?.bytes ?? 0
  }

  /// Where rows read and write a tensor.
  struct Use {
    let tensor: ActivationTensor
    var reads: [Int] = []
    var writes: [Int] = []
  }

  /// Of each tensor that a row mentions, in the order of their declaration.
  static func uses(_ rows: [NamedOperator<Scalar>]) -> [Use] {
    var found = TensorTable<Use>()
    for (index, row) in rows.enumerated() {
      for tensor in row.statement.reads { found[tensor, default: Use(tensor: tensor)].reads.append(index) }
      for tensor in row.statement.writes { found[tensor, default: Use(tensor: tensor)].writes.append(index) }
    }
    return found.values
  }

  /// What is alive while a row runs. Layer rows see the residual stream of their half of the layer; what a row writes is alive
  /// until its last reader, which may stand in the next layer.
  static func alive(
    at index: Int, _ rows: [NamedOperator<Scalar>], _ uses: [Use]
  ) -> TensorSet {
    let statement = rows[index].statement
    var alive = TensorSet(statement.reads, statement.writes)
    let isLayer = rows[index].scope.isLayer
    for use in uses {
      guard let firstWrite = use.writes.first, firstWrite < index, let nextRead = use.reads.first(where: { $0 > index })
      else { continue }
      if let nextWrite = use.writes.first(where: { $0 > index }), nextWrite < nextRead { continue }
      // A layer's tensors do not outlive the layer's last row; the head reads the stream of the last layer.
      if isLayer && !rows[nextRead].scope.isLayer && use.tensor != .residual { continue }
      alive.insert(use.tensor)
    }
    if uses.contains(where: { $0.tensor == .bank }) { alive.insert(.bank) }
    if isLayer {
      let afterAttention = uses.first { $0.tensor == .residualAfterAttention }?.writes.last { $0 <= index }
      alive.insert(afterAttention == nil ? .residual : .residualAfterAttention)
      // From the attention's addition on, the stream that entered the layer is gone.
      if let afterAttention, afterAttention < index { alive.remove(.residual) }
    } else {
      alive.insert(.residual)
    }
    alive.remove(.logits)
    alive.remove(.cappedLogits)
    return alive
  }

  /// The bytes of every tensor: of its largest operand over all rows that mention it.
  private static func sizes(_ rows: [NamedOperator<Scalar>]) -> TensorTable<Scalar> {
    var sizes = TensorTable<Scalar>()
    func mention(_ tensor: ActivationTensor, _ bytes: Scalar) {
      if let known = sizes[tensor], !bytes.isAbove(known) { return }
      sizes[tensor] = bytes
    }
    for row in rows {
      let operands = row.operator.accept(ActivationOperands<Scalar>())
      for (tensor, operand) in zip(row.statement.reads, operands.loads) { mention(tensor, operand.bytes) }
      for (tensor, operand) in zip(row.statement.writes, operands.stores) { mention(tensor, operand.bytes) }
      // A gather has no memory operands; what it makes is its message.
      if let message = row.operator.gathered {
        var written = row.statement.writes.makeIterator()
        if let tensor = written.next() { mention(tensor, message) }
      }
    }
    return sizes
  }
}

extension Operator {
  /// Bytes of what a gather makes, which is no operand in memory; nil of every other operator.
  var gathered: Scalar? {
    if case .collective(let collective) = self, collective.pattern == .allGather { collective.message } else { nil }
  }
}
