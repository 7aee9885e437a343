/// The rows of one forward pass, in the order in which they run: the embedding, a layer of each group, the head.
package struct ForwardPass<Scalar: Term>: Sendable {
  let model: DecoderModel
  let pass: PassShape<Scalar>
  private let pipelineParallel: UInt64

  @specialized(where Scalar == Count)
  package init(_ model: DecoderModel, _ step: borrowing DecoderStep) {
    self.init(model, step, PassShape(model, step))
  }

  /// A pass of another shape, in stages as `step` says.
  init(_ model: DecoderModel, _ step: borrowing DecoderStep, _ pass: PassShape<Scalar>) {
    self.model = model
    self.pass = pass
    pipelineParallel = step.pipelineParallel
  }

  /// Room for the rows of most models, so that a list of them is allocated once.
  static var usualRowCount: Int { 32 }
  /// The same for its crossings.
  static var usualCrossingCount: Int { 8 }

  /// Hands every row to `sink`, each with its operator's own type.
  package func emit<Sink: RowSink<Scalar>>(into sink: inout Sink) {
    model.embedding.emit(pass, into: &sink)
    model.draftEntry?.emit(pass, norm: model.norm, into: &sink)
    // The fused set's additions apply the norm that follows; the first layer's norm follows none.
    if fusesNextNorm {
      model.norm.emit(
        .attnNorm, RowPlace(.beforeLayers, 1), pass, reads: .residual, writes: pass.normalized, weight: .shared,
        into: &sink)
    }
    for index in model.groups.indices {
      model.groups[index].emit(
        pass, RowPlace(.layer(group: index), layers(of: index)), norm: model.norm, into: &sink)
    }
    if pipelineParallel > 1 {
      // What the next stage's first layer reads: a rank's own rows, and normalised where the last addition applied its norm.
      let stream = streams * pass.residualShardBytes
      sink.row(
        .stageTransfer,
        RowPlace(.boundary, Scalar.input(.pipelineParallel, pipelineParallel).excess(over: 1)),
        Send(message: fusesNextNorm ? stream + pass.residualShardBytes : stream),
        reads: fusesNextNorm ? Activations(.nextResidual, pass.normalized) : Activations(.nextResidual), writes: .none)
    }
    model.head.emit(pass, model.embedding, norm: model.norm, fusesNorms: model.fusesNorms, into: &sink)
  }

  /// Whether an addition applies the norm that follows it, in the next layer too.
  private var fusesNextNorm: Bool { pass.operatorSet == .fused && model.fusesNorms }

  /// Residual streams that a boundary between stages carries.
  private var streams: Scalar { model.head.streams.map { .input(.streams, $0.streams) } ?? 1 }

  /// How many layers of a group there are: L where all layers are equal.
  func layers(of group: Int) -> Scalar {
    .input(model.groups.count == 1 ? .layers : .groupLayers, model.layers(of: group))
  }
}
