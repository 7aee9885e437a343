/// The rows of a backward pass, in the order in which they run: the forward rows' gradients, last row first.
///
/// It starts from the logits' gradient; the loss is not counted. Nothing is computed again: what a gradient needs of the
/// forward pass was kept. Where a tensor fed several rows, their gradients are added up, an addition an element; the fused
/// set's norms add the stream's gradient on their way.
///
/// Under tensor parallelism each collective of the forward pass has its counterpart (Shoeybi et al. 2019, arXiv:1909.08053;
/// Korthikanti et al. 2022, arXiv:2205.05198): the input's gradient of a column-parallel projection is a partial sum that an
/// all-reduce completes, and behind a row-parallel one there is nothing to send. With sequence parallelism the first is a
/// reduce-scatter and before the second the rows are gathered; gathered inputs are kept for the weights' gradients.
package struct BackwardPass<Scalar: Term>: Sendable {
  package private(set) var rows: [NamedOperator<Scalar>] = []
  /// Rows of the forward pass whose gradients nobody has stated.
  package private(set) var missing: [OperatorName] = []
  private let pass: PassShape<Scalar>
  /// Rows that read a tensor and whose gradients have been taken, by tensor; last first.
  private var readers: [ActivationTensor: [(row: NamedOperator<Scalar>, elements: Scalar)]] = [:]
  private var normWeights: Scalar?
  /// Tensors that only choices read, by what came later; and those that a gradient arrives at.
  private var cutOff: Set<ActivationTensor> = []
  private var reached: Set<ActivationTensor> = []
  /// Whether norms in front of the branches add the gradient that goes around them.
  private let normsAddStream: Bool
  /// Whether a norm of the stream has been passed: the last of a model has no gradient that goes around it.
  private var hasStreamGradient = false

  package init(_ forward: ForwardPass<Scalar>) {
    pass = forward.pass
    normsAddStream = pass.operatorSet == .fused && forward.model.fusesNorms
    let tape = Tape(forward)
    var crossings = tape.crossings[...]
    var scope: RowScope?
    func enter(_ next: RowScope) {
      // The stream that enters a layer, or the head, was written by the layer before.
      if let scope, scope != next { addGradients(of: .residual) }
      scope = next
    }
    for count in (0...tape.rows.count).reversed() {
      while let last = crossings.last, last.rows == count {
        crossings.removeLast()
        enter(last.crossing.place.scope)
        cross(last.crossing)
      }
      guard count > 0 else { break }
      enter(tape.rows[count - 1].scope)
      take(tape.rows[count - 1])
    }
    completeNorms()
  }

  private mutating func take(_ row: NamedOperator<Scalar>) {
    let writes = row.statement.writes
    let isCutOff = writes.contains { cutOff.contains($0) } && !writes.contains { reached.contains($0) }
    for tensor in writes {
      cutOff.remove(tensor)
      reached.remove(tensor)
    }
    if isCutOff { return cutOff.formUnion(row.statement.reads) }
    for tensor in writes { addGradients(of: tensor) }
    let operands = row.operator.accept(ActivationOperands<Scalar>()).loads
    switch row.operator.accept(GradientsOf<Scalar>()) {
    case .rows(let gradients):
      for gradient in gradients { append(gradient, of: row) }
      if isStreamNorm(row) { hasStreamGradient = true }
      for gradient in gradients {
        guard let own = gradient.weights else { continue }
        let weights = row.occurrences * own
        normWeights = normWeights.map { $0 + weights } ?? weights
      }
    case .passedOn: break
    case .cutOff: return cutOff.formUnion(row.statement.reads)
    case .unknown: missing.append(row.name)
    }
    reached.formUnion(row.statement.reads)
    for (tensor, operand) in zip(row.statement.reads, operands) where !tensor.isJoined {
      if tensor == .bank {
        addGradient(ofSnapshot: row, operand.elements)
      } else {
        readers[tensor, default: []].append((row, operand.elements))
      }
    }
  }

  /// Each reader of a snapshot adds its gradient to those of the readers behind it; the last sum goes to the stream that the snapshot
  /// is of. That is as many additions as there are readers, whichever layers they are in.
  private mutating func addGradient(ofSnapshot row: NamedOperator<Scalar>, _ elements: Scalar) {
    append(
      row.name.gradient(.inputSum), row.statement.place,
      .residualAdd(ResidualAdd(elements: elements, formats: pass.formats)))
  }

  /// Adds up the gradients of the rows that read a tensor, where there are several.
  private mutating func addGradients(of tensor: ActivationTensor) {
    guard let found = readers.removeValue(forKey: tensor), !normsAddStream || tensor != .residual else { return }
    for (row, elements) in found.reversed().dropFirst() {
      var part = GradientPart.inputSum
      // An addition hands its gradient on: what runs is the sum at the fork.
      if case .residualAdd = row.operator { part = .backward }
      append(
        row.name.gradient(part), row.statement.place,
        .residualAdd(ResidualAdd(elements: elements, formats: pass.formats)))
    }
  }

  /// In the fused set a norm of the stream adds the gradient that goes around it, but for the last one, around which nothing goes:
  /// often the last of the norms behind an addition.
  private mutating func append(_ gradient: OperatorGradient<Scalar>, of row: NamedOperator<Scalar>) {
    let (name, place) = (row.name.gradient(gradient.part), row.statement.place)
    guard gradient.part == .input, isStreamNorm(row), let norm = NormGradient(gradient.operator) else {
      append(name, place, gradient.operator)
      return
    }
    var others = row.occurrences
    if !hasStreamGradient {
      others = others.excess(over: 1)
      append(
        OperatorName.finalNorm.gradient(gradient.part), RowPlace(.afterLayers, 1),
        norm.addingResidual(false))
    }
    guard others.isAbove(0) else { return }
    append(name, RowPlace(place.scope, others, part: place.part), norm.addingResidual(true))
  }

  private func isStreamNorm(_ row: NamedOperator<Scalar>) -> Bool {
    guard normsAddStream else { return false }
    if case .addRMSNorm = row.operator { return true }
    if case .addLayerNorm = row.operator { return true }
    guard row.statement.reads.contains(.residual) else { return false }
    if case .rmsNorm = row.operator { return true }
    if case .layerNorm = row.operator { return true }
    return false
  }

  private mutating func cross(_ crossing: ShardCrossing<Scalar>) {
    switch crossing {
    case .entry(let part, let place, let tensor):
      addGradients(of: tensor)
      guard pass.isSharded else { return }
      let isScattered = pass.isSequenceParallel
      append(
        isScattered ? part.gradientReduceScatter : part.gradientAllReduce, place,
        collective(isScattered ? .reduceScatter : .allReduce))
    case .exit(let part, let place):
      // Gives every rank all rows of a gradient that sequence parallelism dealt out.
      guard pass.isSequenceParallel else { return }
      append(part.gradientAllGather, place, collective(.allGather))
    case .copiedHeads(let place, let copies, let message):
      // Each rank has the gradient from its own queries: the copies' weights need the sum.
      append("kv_grad_all_reduce", place, .collective(Collective(.allReduce, ranks: copies, message: message)))
    case .partialGradient(let name, let place, let ranks, let message):
      append(name, place, .collective(Collective(.allReduce, ranks: ranks, message: message)))
    }
  }

  /// Each rank has seen its own rows; the norms' weights belong to all.
  private mutating func completeNorms() {
    guard pass.isSequenceParallel, let normWeights else { return }
    append(
      "norm_grad_all_reduce", RowPlace(.beforeLayers, 1),
      .collective(
        Collective(
          .allReduce, ranks: pass.tensorParallel, message: normWeights.bytes(pass.formats.residualFormat))))
  }

  private func collective(_ pattern: CollectivePattern) -> Operator<Scalar> {
    .collective(Collective(pattern, ranks: pass.tensorParallel, message: pass.residualBytes))
  }

  private mutating func append(_ name: OperatorName, _ place: RowPlace<Scalar>, _ value: Operator<Scalar>) {
    // No activations are counted for a backward pass.
    let statement = RowStatement(name: name, place: place, reads: .none, writes: .none, weight: .none)
    rows.append(NamedOperator(statement, value))
  }
}

/// The gradient of a norm by its input, to which that of the stream around it may be added.
private enum NormGradient<Scalar: Term> {
  case root(RMSNormGradient<Scalar>)
  case layer(LayerNormGradient<Scalar>)

  /// nil of other gradients.
  init?(_ value: Operator<Scalar>) {
    if case .rmsNormGradient(let norm) = value {
      self = .root(norm)
    } else if case .layerNormGradient(let norm) = value {
      self = .layer(norm)
    } else {
      return nil
    }
  }

  func addingResidual(_ addsResidual: Bool) -> Operator<Scalar> {
    switch self {
    case .root(let norm): .rmsNormGradient(norm.addingResidual(addsResidual))
    case .layer(let norm): .layerNormGradient(norm.addingResidual(addsResidual))
    }
  }
}

extension ActivationTensor {
  /// Whether it holds tensors beside each other, each with readers of its own.
  fileprivate var isJoined: Bool {
    [
      .queryKeyValue, .gateUp, .expertGateUp, .latentProjections, .keyLatent, .keyValueUp, .queryGate, .projected,
      .convolvedHeads, .stepProjection, .mixing,
    ].contains(self)
  }
}

extension ShardedPart {
  fileprivate var gradientAllReduce: OperatorName {
    switch self {
    case .embedding: "embedding_grad_all_reduce"
    case .attention: "attn_grad_all_reduce"
    case .feedForward: "mlp_grad_all_reduce"
    case .head: "final_grad_all_reduce"
    }
  }

  fileprivate var gradientReduceScatter: OperatorName {
    switch self {
    case .embedding: "embedding_grad_reduce_scatter"
    case .attention: "attn_grad_reduce_scatter"
    case .feedForward: "mlp_grad_reduce_scatter"
    case .head: "final_grad_reduce_scatter"
    }
  }

  fileprivate var gradientAllGather: OperatorName {
    switch self {
    case .embedding: "embedding_grad_all_gather"
    case .attention: "attn_grad_all_gather"
    case .feedForward: "mlp_grad_all_gather"
    case .head: "final_grad_all_gather"
    }
  }
}

private struct GradientsOf<Scalar: Term>: OperatorVisitor {
  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorGradients<Scalar> where D.Scalar == Scalar {
    definition.gradients
  }
}
