/// The rows of a backward pass, in the order in which they run: the forward rows' gradients, last row first.
///
/// It starts from the logits' gradient; the loss is not counted. Nothing is computed again: what a gradient needs of the
/// forward pass was kept. Where a tensor fed several rows, their gradients are added up, an addition an element.
///
/// Under tensor parallelism each collective of the forward pass has its counterpart (Shoeybi et al. 2019, arXiv:1909.08053;
/// Korthikanti et al. 2022, arXiv:2205.05198): the input's gradient of a column-parallel projection is a partial sum that an
/// all-reduce completes, and behind a row-parallel one there is nothing to send. With sequence parallelism the first is a
/// reduce-scatter and before the second the rows are gathered; gathered inputs are kept for the weights' gradients.
public struct BackwardPass<Scalar: Term>: Sendable {
  private let forward: ForwardPass<Scalar>

  public init(_ forward: ForwardPass<Scalar>) { self.forward = forward }

  private var model: DecoderModel { forward.model }
  private var shape: DecoderShape<Scalar> { forward.shape }
  private var formats: NumberFormats { forward.formats }

  /// Hands every row to `sink`, each with its operator's own type.
  public func emit<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    linear(.lmHeadDX, .lmHeadDW, forward.head, .afterLayers, 1, &sink)
    reduce(.finalGradAllReduce, .finalGradReduceScatter, .afterLayers, 1, &sink)
    switch forward.operatorSet {
    case .separate:
      norm(.finalNormDX, .finalNormDGamma, .afterLayers, 1, &sink)
      emitSeparateLayer(into: &sink)
    case .fused:
      emitFusedLayer(into: &sink)
      norm(.attnNormDX, .attnNormDGamma, .beforeLayers, 1, addsResidual: true, &sink)
    }
    gather(.embeddingGradAllGather, .beforeLayers, 1, &sink)
    let lookup = forward.embedding
    sink.row(
      .embeddingBackward, .beforeLayers, 1,
      EmbeddingGradient(tokens: lookup.tokens, ownRows: lookup.ownRows, width: lookup.width, formats: formats))
    // Each rank has seen its own rows; the norms' weights belong to all.
    if forward.isSequenceParallel {
      let weights = ((2 * shape.layers + 1) * shape.hidden).bytes(formats.residualFormat)
      sink.row(
        .normGradAllReduce, .beforeLayers, 1, Collective(.allReduce, ranks: shape.tensorParallel, message: weights))
    }
  }

  private func emitSeparateLayer<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    let layers = shape.layers
    let attention = forward.stepShape.attention(shape)
    let gateOrUp = forward.columnParallel(shape.intermediate, bias: model.hasMLPBias)
    let query = forward.columnParallel(shape.heads * shape.headDim, bias: model.hasQueryKeyValueBias)
    let keyOrValue = forward.columnParallel(shape.keyValueHeads * shape.headDim, bias: model.hasQueryKeyValueBias)
    let inputAdd = ResidualAdd(elements: forward.stepShape.tokens * shape.hidden, formats: formats)
    gather(.mlpGradAllGather, .layer, layers, &sink)
    linear(.downProjDX, .downProjDW, .downProjDBias, forward.downProjection, &sink)
    sink.row(.mlpSiluDotBackward, .layer, layers, siluAndMul)
    linear(.upProjDX, .upProjDW, .upProjDBias, gateOrUp, &sink)
    linear(.gateProjDX, .gateProjDW, .gateProjDBias, gateOrUp, &sink)
    sink.row(.upProjDXAdd, .layer, layers, inputAdd)
    reduce(.mlpGradAllReduce, .mlpGradReduceScatter, .layer, layers, &sink)
    norm(.mlpNormDX, .mlpNormDGamma, .layer, layers, &sink)
    sink.row(.mlpAddBackward, .layer, layers, forward.residualAdd)
    gather(.attnGradAllGather, .layer, layers, &sink)
    linear(.oProjDX, .oProjDW, .oProjDBias, forward.outputProjection, &sink)
    sink.row(.svMatmulDP, .layer, layers, SVMatmulGradient(attention, by: .probabilities, formats: formats))
    sink.row(.svMatmulDV, .layer, layers, SVMatmulGradient(attention, by: .value, formats: formats))
    sink.row(.softmaxBackward, .layer, layers, SoftmaxGradient(elements: attention.scores, formats: formats))
    sink.row(.qkMatmulDQ, .layer, layers, QKMatmulGradient(attention, by: .query, formats: formats))
    sink.row(.qkMatmulDK, .layer, layers, QKMatmulGradient(attention, by: .key, formats: formats))
    sink.row(.rotaryBackward, .layer, layers, rotary)
    linear(.vProjDX, .vProjDW, .vProjDBias, keyOrValue, &sink)
    linear(.kProjDX, .kProjDW, .kProjDBias, keyOrValue, &sink)
    linear(.qProjDX, .qProjDW, .qProjDBias, query, &sink)
    completeCopiedHeads(&sink)
    sink.row(.kProjDXAdd, .layer, layers, inputAdd)
    sink.row(.vProjDXAdd, .layer, layers, inputAdd)
    reduce(.attnGradAllReduce, .attnGradReduceScatter, .layer, layers, &sink)
    norm(.attnNormDX, .attnNormDGamma, .layer, layers, &sink)
    sink.row(.attnAddBackward, .layer, layers, forward.residualAdd)
  }

  /// The last layer's addition has a sum that nobody reads; its gradient is counted like the others', as the forward row is.
  private func emitFusedLayer<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    let layers = shape.layers
    norm(.mlpAddNormDX, .mlpAddNormDGamma, .layer, layers, addsResidual: true, &sink)
    gather(.mlpGradAllGather, .layer, layers, &sink)
    linear(.downProjDX, .downProjDW, .downProjDBias, forward.downProjection, &sink)
    sink.row(.mlpSiluDotBackward, .layer, layers, siluAndMul)
    linear(.gateUpProjDX, .gateUpProjDW, .gateUpProjDBias, forward.gateUpProjection, &sink)
    reduce(.mlpGradAllReduce, .mlpGradReduceScatter, .layer, layers, &sink)
    norm(.attnAddNormDX, .attnAddNormDGamma, .layer, layers, addsResidual: true, &sink)
    gather(.attnGradAllGather, .layer, layers, &sink)
    linear(.oProjDX, .oProjDW, .oProjDBias, forward.outputProjection, &sink)
    sink.row(.attentionBackward, .layer, layers, AttentionGradient(forward.fusedAttention))
    sink.row(.rotaryBackward, .layer, layers, rotary)
    linear(.qkvProjDX, .qkvProjDW, .qkvProjDBias, forward.queryKeyValueProjection, &sink)
    completeCopiedHeads(&sink)
    reduce(.attnGradAllReduce, .attnGradReduceScatter, .layer, layers, &sink)
  }

  // MARK: gradients that several rows have

  private var siluAndMul: SiluAndMulGradient<Scalar> {
    SiluAndMulGradient(elements: forward.stepShape.tokens * shape.intermediate, formats: formats)
  }

  private var rotary: Rotary<Scalar> {
    Rotary(forward.stepShape.attention(shape), keySource: .activation, formats: formats)
  }

  /// A layer's linear: its input's gradient, its weight's, and its bias's where it has one.
  private func linear<Sink: RowSink<Scalar>>(
    _ inputGradient: OperatorName, _ weightGradient: OperatorName, _ biasGradient: OperatorName, _ gemm: GEMM<Scalar>,
    _ sink: inout Sink
  ) {
    linear(inputGradient, weightGradient, gemm, .layer, shape.layers, &sink)
    guard gemm.hasBias else { return }
    sink.row(biasGradient, .layer, shape.layers, BiasGradient(rows: gemm.m, width: gemm.n, formats: formats))
  }

  private func linear<Sink: RowSink<Scalar>>(
    _ inputGradient: OperatorName, _ weightGradient: OperatorName, _ gemm: GEMM<Scalar>, _ scope: RowScope,
    _ occurrences: Scalar, _ sink: inout Sink
  ) {
    sink.row(inputGradient, scope, occurrences, GEMMGradient(gemm, by: .input))
    sink.row(weightGradient, scope, occurrences, GEMMGradient(gemm, by: .weight))
  }

  private func norm<Sink: RowSink<Scalar>>(
    _ inputGradient: OperatorName, _ weightGradient: OperatorName, _ scope: RowScope, _ occurrences: Scalar,
    addsResidual: Bool = false, _ sink: inout Sink
  ) {
    func gradient(by target: RMSNormGradient<Scalar>.Target) -> RMSNormGradient<Scalar> {
      RMSNormGradient(
        rows: forward.residualRows, width: shape.hidden, by: target, addsResidual: addsResidual, formats: formats)
    }
    sink.row(inputGradient, scope, occurrences, gradient(by: .input))
    sink.row(weightGradient, scope, occurrences, gradient(by: .weight))
  }

  // MARK: collectives

  /// Adds up the ranks' parts of the gradient of a column-parallel input.
  private func reduce<Sink: RowSink<Scalar>>(
    _ allReduce: OperatorName, _ reduceScatter: OperatorName, _ scope: RowScope, _ occurrences: Scalar,
    _ sink: inout Sink
  ) {
    guard forward.isSharded else { return }
    let isScattered = forward.isSequenceParallel
    sink.row(
      isScattered ? reduceScatter : allReduce, scope, occurrences,
      Collective(
        isScattered ? .reduceScatter : .allReduce, ranks: shape.tensorParallel, message: forward.residualBytes))
  }

  /// Gives every rank all rows of a gradient that sequence parallelism dealt out.
  private func gather<Sink: RowSink<Scalar>>(
    _ name: OperatorName, _ scope: RowScope, _ occurrences: Scalar, _ sink: inout Sink
  ) {
    guard forward.isSequenceParallel else { return }
    sink.row(
      name, scope, occurrences,
      Collective(.allGather, ranks: shape.tensorParallel, message: forward.residualBytes))
  }

  /// Where ranks hold copies of a KV head, each has the gradient from its own queries: the copies' weights need the sum.
  private func completeCopiedHeads<Sink: RowSink<Scalar>>(_ sink: inout Sink) {
    guard forward.hasCopiedHeads else { return }
    let width = 2 * shape.keyValueHeads * shape.headDim
    var message = (width * shape.hidden).bytes(formats.weightFormat)
    if model.hasQueryKeyValueBias { message = message + width.bytes(formats.residualFormat) }
    let copies = shape.tensorParallel.divided(exactlyBy: .input(.keyValueHeads, model.numKeyValueHeads))
    sink.row(.keyValueGradAllReduce, .layer, shape.layers, Collective(.allReduce, ranks: copies, message: message))
  }
}
