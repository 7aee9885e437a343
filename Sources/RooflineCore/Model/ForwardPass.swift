/// The rows of one forward pass, in the order in which they run.
///
/// Under tensor parallelism, column-parallel projections (q k v gate up) read all of their input on every rank and produce
/// their share of the columns; row-parallel ones (o down) read their share and produce a full-width partial sum that an
/// all-reduce completes. Norms and additions are replicated; sequence parallelism shards their rows and turns each all-reduce
/// into a reduce-scatter before them and an all-gather after them.
public struct ForwardPass<Scalar: Term>: Sendable {
  let model: DecoderModel
  let formats: NumberFormats
  let operatorSet: OperatorSet
  let isSharded: Bool
  /// Whether there are more ranks than KV heads.
  let hasCopiedHeads: Bool
  let isSequenceParallel: Bool
  let isPipelined: Bool
  let isTraining: Bool
  let boundaries: Scalar
  public let shape: DecoderShape<Scalar>
  public let stepShape: StepShape<Scalar>

  public init(_ model: DecoderModel, _ step: DecoderStep) {
    self.model = model
    formats = step.formats
    operatorSet = step.operatorSet
    isSharded = step.tensorParallel > 1
    hasCopiedHeads = step.tensorParallel > model.numKeyValueHeads
    isSequenceParallel = step.isSequenceParallel && step.tensorParallel > 1
    isPipelined = step.pipelineParallel > 1
    isTraining = step.isTraining
    boundaries = Scalar.input(.pipelineParallel, step.pipelineParallel).excess(over: 1)
    shape = DecoderShape(model, tensorParallel: step.tensorParallel)
    stepShape = StepShape(step)
  }

  /// An upper bound of the number of rows, so that a list of them is allocated once.
  public static var maximumRowCount: Int { 28 }

  /// Hands every row to `sink`, each with its operator's own type.
  public func emit<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    if case .plain(let layer) = model.layout { return emit(layer, into: &sink) }
    emitEmbedding(into: &sink)
    switch operatorSet {
    case .separate: emitSeparateLayer(into: &sink)
    case .fused: emitFusedLayer(into: &sink)
    }
    emitTransfer(into: &sink)
    // The fused set's last additions have already applied the final norm.
    if operatorSet == .separate { sink.row(.finalNorm, .afterLayers, 1, norm) }
    emitHead(into: &sink)
  }

  @inline(__always)
  func emitEmbedding<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    sink.row(.embedding, .beforeLayers, 1, embedding)
    complete(.embeddingAllReduce, .embeddingReduceScatter, .beforeLayers, 1, &sink)
  }

  @inline(__always)
  func emitTransfer<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    if isPipelined { sink.row(.stageTransfer, .boundary, boundaries, Send(message: residualBytes)) }
  }

  @inline(__always)
  func emitHead<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    gather(.finalAllGather, .afterLayers, 1, &sink)
    sink.row(.lmHead, .afterLayers, 1, head)
    if isSharded {
      let logits = (headRows * shape.vocabulary).bytes(formats.residualFormat)
      sink.row(
        .logitsAllGather, .afterLayers, 1, Collective(.allGather, ranks: shape.tensorParallel, message: logits))
    }
  }

  private func emitSeparateLayer<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    let layers = shape.layers
    let attention = stepShape.attention(shape)
    let gateOrUp = columnParallel(shape.intermediate, bias: model.hasMLPBias)
    let keyOrValue = columnParallel(
      shape.keyValueHeads * shape.headDim, bias: model.hasQueryKeyValueBias,
      into: isTraining ? .activation : .keyValueCache)
    sink.row(.attnNorm, .layer, layers, norm)
    gather(.attnAllGather, .layer, layers, &sink)
    sink.row(.qProj, .layer, layers, columnParallel(shape.heads * shape.headDim, bias: model.hasQueryKeyValueBias))
    sink.row(.kProj, .layer, layers, keyOrValue)
    sink.row(.vProj, .layer, layers, keyOrValue)
    sink.row(
      .rotary, .layer, layers, Rotary(attention, keySource: isTraining ? .activation : .keyValueCache, formats: formats)
    )
    sink.row(.qkMatmul, .layer, layers, QKMatmul(attention, keyValueHome: keyValueHome, formats: formats))
    sink.row(
      .softmax, .layer, layers, Softmax(elements: attention.scores, width: attention.attendedKeys, formats: formats))
    sink.row(.svMatmul, .layer, layers, SVMatmul(attention, keyValueHome: keyValueHome, formats: formats))
    sink.row(.oProj, .layer, layers, outputProjection)
    complete(.attnAllReduce, .attnReduceScatter, .layer, layers, &sink)
    sink.row(.attnAdd, .layer, layers, residualAdd)
    sink.row(.mlpNorm, .layer, layers, norm)
    gather(.mlpAllGather, .layer, layers, &sink)
    sink.row(.gateProj, .layer, layers, gateOrUp)
    sink.row(.upProj, .layer, layers, gateOrUp)
    sink.row(.mlpSiluDot, .layer, layers, siluAndMul)
    sink.row(.downProj, .layer, layers, downProjection)
    complete(.mlpAllReduce, .mlpReduceScatter, .layer, layers, &sink)
    sink.row(.mlpAdd, .layer, layers, residualAdd)
  }

  private func emitFusedLayer<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    let layers = shape.layers
    let attention = stepShape.attention(shape)
    let addNorm = AddRMSNorm(rows: residualRows, width: shape.hidden, keepsRoot: isTraining, formats: formats)
    sink.row(.attnNorm, .beforeLayers, 1, norm)
    gather(.attnAllGather, .layer, layers, &sink)
    sink.row(.qkvProj, .layer, layers, queryKeyValueProjection)
    sink.row(
      .rotary, .layer, layers,
      Rotary(attention, keySource: isTraining ? .activation : .fusedProjection, formats: formats))
    sink.row(.attention, .layer, layers, fusedAttention)
    sink.row(.oProj, .layer, layers, outputProjection)
    complete(.attnAllReduce, .attnReduceScatter, .layer, layers, &sink)
    sink.row(.attnAddNorm, .layer, layers, addNorm)
    gather(.mlpAllGather, .layer, layers, &sink)
    sink.row(.gateUpProj, .layer, layers, gateUpProjection)
    sink.row(.mlpSiluDot, .layer, layers, siluAndMul)
    sink.row(.downProj, .layer, layers, downProjection)
    complete(.mlpAllReduce, .mlpReduceScatter, .layer, layers, &sink)
    sink.row(.mlpAddNorm, .layer, layers, addNorm)
  }

  /// Adds up the ranks' partial sums: everywhere, or under sequence parallelism on the rank that keeps the rows.
  func complete<Sink: RowSink<Scalar>>(
    _ allReduce: OperatorName, _ reduceScatter: OperatorName, _ scope: RowScope, _ occurrences: Scalar,
    _ sink: inout Sink
  ) {
    guard isSharded else { return }
    let pattern: CollectivePattern = isSequenceParallel ? .reduceScatter : .allReduce
    sink.row(
      isSequenceParallel ? reduceScatter : allReduce, scope, occurrences,
      Collective(pattern, ranks: shape.tensorParallel, message: residualBytes))
  }

  /// Gives every rank all rows again before a projection that reads them.
  func gather<Sink: RowSink<Scalar>>(
    _ name: OperatorName, _ scope: RowScope, _ occurrences: Scalar, _ sink: inout Sink
  ) {
    guard isSequenceParallel else { return }
    sink.row(name, scope, occurrences, Collective(.allGather, ranks: shape.tensorParallel, message: residualBytes))
  }
}

// MARK: operators that several rows or both operator sets share

extension ForwardPass {
  var embedding: Embedding<Scalar> {
    Embedding(
      tokens: stepShape.tokens, ownRows: stepShape.tokens.divided(roundingUpBy: shape.tensorParallel),
      width: shape.hidden,
      formats: formats)
  }

  /// Rows of the residual stream that this device's norms and additions work on.
  var residualRows: Scalar {
    isSequenceParallel ? stepShape.tokens.divided(roundingUpBy: shape.tensorParallel) : stepShape.tokens
  }

  private var norm: RMSNorm<Scalar> {
    RMSNorm(rows: residualRows, width: shape.hidden, keepsRoot: isTraining, formats: formats)
  }

  var keyValueHome: KeyValueHome { isTraining ? .activation : .cache }

  /// The last token of each sequence; in training all of them.
  private var headRows: Scalar { isTraining ? stepShape.tokens : stepShape.batch }

  var head: GEMM<Scalar> { GEMM(m: headRows, n: shape.shardVocabulary, k: shape.hidden, formats: formats) }

  var queryKeyValueProjection: GEMM<Scalar> {
    @inline(__always) get {
      columnParallel((shape.heads + 2 * shape.keyValueHeads) * shape.headDim, bias: model.hasQueryKeyValueBias)
    }
  }

  var gateUpProjection: GEMM<Scalar> {
    @inline(__always) get { columnParallel(2 * shape.intermediate, bias: model.hasMLPBias) }
  }

  var fusedAttention: Attention<Scalar> {
    @inline(__always) get {
      Attention(
        stepShape.attention(shape), mask: .causal, keyValueHome: keyValueHome, keepsProbabilities: isTraining,
        formats: formats)
    }
  }

  /// All of the input, `width` columns of the output.
  func columnParallel(
    _ width: Scalar, bias: Bool, into destination: GEMMDestination = .activation
  ) -> GEMM<Scalar> {
    GEMM(m: stepShape.tokens, n: width, k: shape.hidden, formats: formats, hasBias: bias, destination: destination)
  }

  /// This device's heads in, a full-width partial sum out.
  var outputProjection: GEMM<Scalar> {
    GEMM(
      m: stepShape.tokens, n: shape.hidden, k: shape.heads * shape.headDim, formats: formats,
      hasBias: model.hasOutputBias)
  }

  /// This device's intermediate columns in, a full-width partial sum out.
  var downProjection: GEMM<Scalar> {
    GEMM(m: stepShape.tokens, n: shape.hidden, k: shape.intermediate, formats: formats, hasBias: model.hasMLPBias)
  }

  var siluAndMul: SiluAndMul<Scalar> {
    SiluAndMul(rows: stepShape.tokens, width: shape.intermediate, formats: formats)
  }

  var residualAdd: ResidualAdd<Scalar> {
    ResidualAdd(elements: residualRows * shape.hidden, formats: formats)
  }

  /// The residual stream of all rows: B·T·H elements.
  var residualBytes: Scalar { (stepShape.tokens * shape.hidden).bytes(formats.residualFormat) }
}
