/// y = down(act(gate(x)) · up(x)).
package struct GatedMLP: Hashable, Sendable {
  package typealias Activation = GateFunction

  package var intermediateSize: UInt64
  package var activation: Activation
  package var hasBias: Bool
  package var names: Names

  /// The checkpoint's names.
  package struct Names: Hashable, Sendable {
    package var gate, up, down: CheckpointWeight

    package init(
      gate: CheckpointWeight = .tensor("mlp.gate_proj"), up: CheckpointWeight = .tensor("mlp.up_proj"),
      down: CheckpointWeight = .tensor("mlp.down_proj")
    ) {
      (self.gate, self.up, self.down) = (gate, up, down)
    }
  }

  package init(
    intermediateSize: UInt64, activation: Activation = .silu, hasBias: Bool = false, names: Names = Names()
  ) {
    self.intermediateSize = intermediateSize
    self.activation = activation
    self.hasBias = hasBias
    self.names = names
  }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    let intermediate = pass.share(.intermediate, intermediateSize, named: .shardIntermediate)
    let products: Activations
    switch pass.operatorSet {
    case .separate:
      let gateOrUp = pass.columnParallel(intermediate, bias: hasBias)
      sink.row(
        .gateProj, place, gateOrUp, reads: Activations(pass.input), writes: Activations(.gate), weight: names.gate)
      sink.row(.upProj, place, gateOrUp, reads: Activations(pass.input), writes: Activations(.up), weight: names.up)
      products = Activations(.gate, .up)
    case .fused:
      sink.row(
        .gateUpProj, place, pass.columnParallel(2 * intermediate, bias: hasBias), reads: Activations(pass.input),
        writes: Activations(.gateUp), weight: names.gate.joining)
      products = Activations(.gateUp, .gateUp)
    }
    activation.emit(
      .mlp, rows: pass.tokens, width: intermediate, pass, place, reads: products, writes: .gated, into: &sink)
    sink.row(
      .downProj, place, pass.rowParallel(intermediate, bias: hasBias), reads: Activations(.gated),
      writes: Activations(.partialSum), weight: names.down)
  }
}

extension GateFunction {
  /// The function of gate and up.
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ names: Names, rows: Scalar, width: Scalar, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>,
    reads: Activations, writes: ActivationTensor, into sink: inout Sink
  ) {
    sink.row(
      names[self], place, GatedActivation(self, rows: rows, width: width, formats: pass.formats), reads: reads,
      writes: Activations(writes))
  }

  /// What the row is called, by the function.
  struct Names {
    let silu, gelu, swigluoai, situ: OperatorName

    subscript(function: GateFunction) -> OperatorName {
      switch function {
      case .silu: silu
      case .gelu: gelu
      case .swigluoai: swigluoai
      case .situ: situ
      }
    }

    static var mlp: Names {
      Names(silu: .mlpSiluDot, gelu: "mlp_gelu_dot", swigluoai: "mlp_swigluoai_dot", situ: "mlp_situ_dot")
    }
    static var experts: Names {
      Names(
        silu: "experts_silu_dot", gelu: "experts_gelu_dot", swigluoai: "experts_swigluoai_dot", situ: "experts_situ_dot"
      )
    }
    static var shared: Names {
      Names(
        silu: "shared_silu_dot", gelu: "shared_gelu_dot", swigluoai: "shared_swigluoai_dot", situ: "shared_situ_dot")
    }
  }
}
