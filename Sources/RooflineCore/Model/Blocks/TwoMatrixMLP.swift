/// y = down(act(up(x))).
package struct TwoMatrixMLP: Hashable, Sendable {
  /// The function between the matrices.
  package enum Activation: String, Hashable, Sendable, CaseIterable {
    case gelu, relu
    case squaredRelu = "relu2"
  }

  package var intermediateSize: UInt64
  package var activation: Activation
  package var hasBias: Bool
  package var up, down: CheckpointWeight

  package init(
    intermediateSize: UInt64, activation: Activation, hasBias: Bool, up: CheckpointWeight, down: CheckpointWeight
  ) {
    self.intermediateSize = intermediateSize
    self.activation = activation
    self.hasBias = hasBias
    self.up = up
    self.down = down
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let intermediate = pass.share(.intermediate, intermediateSize, named: .shardIntermediate)
    let projection = pass.columnParallel(intermediate, bias: hasBias)
    let (read, gated) = (Activations(pass.input), Activations(.gated))
    switch (pass.operatorSet, activation) {
    case (.separate, _), (.fused, .squaredRelu):
      sink.row(.upProj, place, projection, reads: read, writes: Activations(.up), weight: up)
      activation.emit(
        .mlp, elements: pass.tokens * intermediate, pass, place, reads: .up, writes: .gated, into: &sink)
    case (.fused, .gelu):
      sink.row(
        .upProjGelu, place, LinearGelu(projection, keepsInput: pass.isTraining), reads: read,
        writes: pass.isTraining ? Activations(.gated, .up) : gated, weight: up)
    case (.fused, .relu): sink.row(.upProjRelu, place, LinearRelu(projection), reads: read, writes: gated, weight: up)
    }
    sink.row(
      .downProj, place, pass.rowParallel(intermediate, bias: hasBias), reads: gated, writes: Activations(.partialSum),
      weight: down)
  }
}

extension TwoMatrixMLP.Activation {
  /// The function of what the first matrix made.
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ names: Names, elements: Scalar, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, reads: ActivationTensor,
    writes: ActivationTensor, into sink: inout Sink
  ) {
    let (read, written, formats) = (Activations(reads), Activations(writes), pass.formats)
    switch self {
    case .gelu: sink.row(names.gelu, place, Gelu(elements: elements, formats: formats), reads: read, writes: written)
    case .relu: sink.row(names.relu, place, Relu(elements: elements, formats: formats), reads: read, writes: written)
    case .squaredRelu:
      sink.row(
        names.squaredRelu, place, SquaredRelu(elements: elements, formats: formats), reads: read, writes: written)
    }
  }

  /// What the row is called, by the function.
  struct Names {
    let gelu, relu, squaredRelu: OperatorName

    static var mlp: Names { Names(gelu: .mlpGelu, relu: .mlpRelu, squaredRelu: "mlp_relu2") }
    static var experts: Names { Names(gelu: "experts_gelu", relu: "experts_relu", squaredRelu: "experts_relu2") }
    static var shared: Names { Names(gelu: "shared_gelu", relu: "shared_relu", squaredRelu: "shared_relu2") }
  }
}
