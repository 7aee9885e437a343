/// The rows of decoders with LayerNorm and a two-matrix MLP.
///
/// With a parallel residual both norms of a layer read the stream that enters it; the MLP's output and the attention's are
/// added to each other, then to the stream.
extension ForwardPass {
  /// Apart from the gated layout, so that neither slows the other down.
  @inline(never)
  func emit<Sink: RowSink<Scalar>>(_ layer: PlainLayer, into sink: inout Sink) {
    emitEmbedding(into: &sink)
    if case .learned = layer.positions {
      sink.row(
        .positionEmbedding, .beforeLayers, 1,
        PositionEmbedding(
          rows: residualRows,
          // A share of the rows has no more places than rows.
          positions: isSequenceParallel ? stepShape.queryTokens.minimum(residualRows) : stepShape.queryTokens,
          width: shape.hidden, formats: formats))
    }
    switch operatorSet {
    case .separate: emitSeparateLayer(layer, into: &sink)
    case .fused: emitFusedLayer(layer, into: &sink)
    }
    emitTransfer(into: &sink)
    if operatorSet == .separate { sink.row(.finalNorm, .afterLayers, 1, layerNorm) }
    emitHead(into: &sink)
  }

  private func emitSeparateLayer<Sink: RowSink<Scalar>>(_ layer: PlainLayer, into sink: inout Sink) {
    let layers = shape.layers
    let attention = stepShape.attention(shape)
    let keyOrValue = columnParallel(
      shape.keyValueHeads * shape.headDim, bias: model.hasQueryKeyValueBias,
      into: isTraining ? .activation : .keyValueCache)
    sink.row(.attnNorm, .layer, layers, layerNorm)
    gather(.attnAllGather, .layer, layers, &sink)
    sink.row(.qProj, .layer, layers, columnParallel(shape.heads * shape.headDim, bias: model.hasQueryKeyValueBias))
    sink.row(.kProj, .layer, layers, keyOrValue)
    sink.row(.vProj, .layer, layers, keyOrValue)
    rotate(layer, from: .keyValueCache, &sink)
    sink.row(.qkMatmul, .layer, layers, QKMatmul(attention, keyValueHome: keyValueHome, formats: formats))
    sink.row(
      .softmax, .layer, layers, Softmax(elements: attention.scores, width: attention.attendedKeys, formats: formats))
    sink.row(.svMatmul, .layer, layers, SVMatmul(attention, keyValueHome: keyValueHome, formats: formats))
    sink.row(.oProj, .layer, layers, outputProjection)
    complete(.attnAllReduce, .attnReduceScatter, .layer, layers, &sink)
    if !layer.isParallel { sink.row(.attnAdd, .layer, layers, residualAdd) }
    sink.row(.mlpNorm, .layer, layers, layerNorm)
    gather(.mlpAllGather, .layer, layers, &sink)
    sink.row(.upProj, .layer, layers, upProjection)
    let elements = stepShape.tokens * shape.intermediate
    switch layer.activation {
    case .gelu: sink.row(.mlpGelu, .layer, layers, Gelu(elements: elements, formats: formats))
    case .relu: sink.row(.mlpRelu, .layer, layers, Relu(elements: elements, formats: formats))
    }
    sink.row(.downProj, .layer, layers, downProjection)
    complete(.mlpAllReduce, .mlpReduceScatter, .layer, layers, &sink)
    if layer.isParallel { sink.row(.attnAdd, .layer, layers, residualAdd) }
    sink.row(.mlpAdd, .layer, layers, residualAdd)
  }

  private func emitFusedLayer<Sink: RowSink<Scalar>>(_ layer: PlainLayer, into sink: inout Sink) {
    let layers = shape.layers
    let addNorm = AddLayerNorm(rows: residualRows, width: shape.hidden, formats: formats)
    sink.row(.attnNorm, .beforeLayers, 1, layerNorm)
    gather(.attnAllGather, .layer, layers, &sink)
    sink.row(.qkvProj, .layer, layers, queryKeyValueProjection)
    rotate(layer, from: .fusedProjection, &sink)
    sink.row(.attention, .layer, layers, fusedAttention)
    sink.row(.oProj, .layer, layers, outputProjection)
    complete(.attnAllReduce, .attnReduceScatter, .layer, layers, &sink)
    if layer.isParallel {
      sink.row(.mlpNorm, .layer, layers, layerNorm)
    } else {
      sink.row(.attnAddNorm, .layer, layers, addNorm)
    }
    gather(.mlpAllGather, .layer, layers, &sink)
    switch layer.activation {
    case .gelu: sink.row(.upProjGelu, .layer, layers, LinearGelu(upProjection))
    case .relu: sink.row(.upProjRelu, .layer, layers, LinearRelu(upProjection))
    }
    sink.row(.downProj, .layer, layers, downProjection)
    complete(.mlpAllReduce, .mlpReduceScatter, .layer, layers, &sink)
    if layer.isParallel { sink.row(.attnAdd, .layer, layers, residualAdd) }
    sink.row(.mlpAddNorm, .layer, layers, addNorm)
  }

  /// Turns queries and keys; with learned positions a fused projection's keys and values only move to the cache.
  private func rotate<Sink: RowSink<Scalar>>(
    _ layer: PlainLayer, from source: Rotary<Scalar>.Source, _ sink: inout Sink
  ) {
    let attention = stepShape.attention(shape)
    switch layer.positions {
    case .rotary(let dim):
      sink.row(
        .rotary, .layer, shape.layers,
        Rotary(
          attention, dim: dim == model.headDim ? shape.headDim : .input(.rotaryDim, dim),
          keySource: isTraining ? .activation : source, formats: formats))
    case .learned:
      guard source == .fusedProjection, !isTraining else { return }
      sink.row(.keyValueCacheWrite, .layer, shape.layers, KeyValueCacheWrite(attention, formats: formats))
    }
  }

  private var layerNorm: LayerNorm<Scalar> { LayerNorm(rows: residualRows, width: shape.hidden, formats: formats) }

  private var upProjection: GEMM<Scalar> { columnParallel(shape.intermediate, bias: model.hasMLPBias) }
}
