/// y = down(act(up(x))).
public struct TwoMatrixMLP: Hashable, Sendable {
  /// The function between the matrices.
  public enum Activation: String, Hashable, Sendable, CaseIterable { 
    case gelu, relu
    case squaredRelu = "relu2"
  }

  public var intermediateSize: UInt64
  public var activation: Activation
  public var hasBias: Bool
  public var up, down: CheckpointWeight

  public init(
    intermediateSize: UInt64, activation: Activation, hasBias: Bool, up: CheckpointWeight, down: CheckpointWeight
  ) {
    self.intermediateSize = intermediateSize
    self.activation = activation
    self.hasBias = hasBias
    self.up = up
    self.down = down
  }

  @inline(__always)
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let intermediate = pass.share(.intermediate, intermediateSize, named: .shardIntermediate)
    let projection = pass.columnParallel(intermediate, bias: hasBias)
    let (read, gated) = (Activations(.normalized), Activations(.gated))
    switch (pass.operatorSet, activation) {
    case (.separate, _), (.fused, .squaredRelu):
      sink.row(.upProj, place, projection, reads: read, writes: Activations(.up), weight: up)
      emitActivation(elements: pass.tokens * intermediate, pass, place, into: &sink)
    case (.fused, .gelu): sink.row(.upProjGelu, place, LinearGelu(projection), reads: read, writes: gated, weight: up)
    case (.fused, .relu): sink.row(.upProjRelu, place, LinearRelu(projection), reads: read, writes: gated, weight: up)
    }
    sink.row(
      .downProj, place, pass.rowParallel(intermediate, bias: hasBias), reads: gated, writes: Activations(.partialSum),
      weight: down)
  }

  @inline(__always)
  private func emitActivation<Scalar: Term, Sink: RowSink<Scalar>>(
    elements: Scalar, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let (read, gated) = (Activations(.up), Activations(.gated))
    switch activation {
    case .gelu:
      sink.row(.mlpGelu, place, Gelu(elements: elements, formats: pass.formats), reads: read, writes: gated)
    case .relu:
      sink.row(.mlpRelu, place, Relu(elements: elements, formats: pass.formats), reads: read, writes: gated)
    case .squaredRelu:
      sink.row("mlp_relu2", place, SquaredRelu(elements: elements, formats: pass.formats), reads: read, writes: gated)
    }
  }
}
