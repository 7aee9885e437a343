/// y = down(act(gate(x)) · up(x)).
public struct GatedMLP: Hashable, Sendable {
  /// The function of the gate.
  public enum Activation: String, Hashable, Sendable, CaseIterable { case silu, gelu }

  public var intermediateSize: UInt64
  public var activation: Activation
  public var hasBias: Bool
  public var names: Names

  /// The checkpoint's names.
  public struct Names: Hashable, Sendable {
    public var gate, up, down: CheckpointWeight

    public init(
      gate: CheckpointWeight = .tensor("mlp.gate_proj"), up: CheckpointWeight = .tensor("mlp.up_proj"),
      down: CheckpointWeight = .tensor("mlp.down_proj")
    ) {
      (self.gate, self.up, self.down) = (gate, up, down)
    }
  }

  public init(
    intermediateSize: UInt64, activation: Activation = .silu, hasBias: Bool = false, names: Names = Names()
  ) {
    self.intermediateSize = intermediateSize
    self.activation = activation
    self.hasBias = hasBias
    self.names = names
  }

  @inline(__always)
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let intermediate = pass.share(.intermediate, intermediateSize, named: .shardIntermediate)
    let products: Activations
    switch pass.operatorSet {
    case .separate:
      let gateOrUp = pass.columnParallel(intermediate, bias: hasBias)
      sink.row(
        .gateProj, place, gateOrUp, reads: Activations(.normalized), writes: Activations(.gate), weight: names.gate)
      sink.row(.upProj, place, gateOrUp, reads: Activations(.normalized), writes: Activations(.up), weight: names.up)
      products = Activations(.gate, .up)
    case .fused:
      sink.row(
        .gateUpProj, place, pass.columnParallel(2 * intermediate, bias: hasBias), reads: Activations(.normalized),
        writes: Activations(.gateUp), weight: .shared)
      products = Activations(.gateUp, .gateUp)
    }
    switch activation {
    case .silu:
      sink.row(
        .mlpSiluDot, place, SiluAndMul(rows: pass.tokens, width: intermediate, formats: pass.formats), reads: products,
        writes: Activations(.gated))
    case .gelu:
      sink.row(
        "mlp_gelu_dot", place, GeluAndMul(rows: pass.tokens, width: intermediate, formats: pass.formats),
        reads: products, writes: Activations(.gated))
    }
    sink.row(
      .downProj, place, pass.rowParallel(intermediate, bias: hasBias), reads: Activations(.gated),
      writes: Activations(.partialSum), weight: names.down)
  }
}
