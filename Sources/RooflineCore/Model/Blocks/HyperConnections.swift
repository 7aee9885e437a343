/// N residual streams around a layer's blocks: in front of a block they become one, behind it its output joins them.
package struct HyperConnections: Hashable, Sendable {
  package var streams: UInt64
  /// Iterations that make the mixing matrix doubly stochastic.
  package var iterations: UInt64

  package init(streams: UInt64, iterations: UInt64) {
    self.streams = streams
    self.iterations = iterations
  }

  /// A block's rows by their names.
  struct Names {
    let norm, projection, collapse, expand: OperatorName
    let weight, tensor: StaticText

    static var attention: Self {
      Self(
        norm: "attn_hc_norm", projection: "attn_hc_proj", collapse: "attn_hc_collapse", expand: "attn_hc_expand",
        weight: "attn_hc.fn", tensor: "attn_hc")
    }

    static var feedForward: Self {
      Self(
        norm: "mlp_hc_norm", projection: "mlp_hc_proj", collapse: "mlp_hc_collapse", expand: "mlp_hc_expand",
        weight: "ffn_hc.fn", tensor: "ffn_hc")
    }

    static var head: Self {
      Self(
        norm: "hc_head_norm", projection: "hc_head_proj", collapse: "hc_head_collapse", expand: "",
        weight: "model.hc_head.hc_fn", tensor: "model.hc_head")
    }
  }

  /// The streams' own coefficients, and their sum in front of a block or of the head: gives what its norm reads.
  func emitCollapse<Scalar: Term, Sink: RowSink<Scalar>>(
    _ names: Names, isHead: Bool = false, of stream: ActivationTensor, _ pass: PassShape<Scalar>,
    _ place: RowPlace<Scalar>, into sink: inout Sink
  ) -> ActivationTensor {
    let streams = Scalar.input(.streams, self.streams)
    let width = streams * pass.hidden
    sink.row(
      names.norm, place,
      RMSNorm(
        rows: pass.residualRows, width: width, keepsRoot: pass.isTraining, hasWeight: false, formats: pass.formats),
      reads: Activations(stream), writes: Activations(.normalizedStreams))
    // The product is one of fp32 numbers, whatever the model's.
    sink.row(
      names.projection, place,
      GEMM(
        m: pass.residualRows, n: isHead ? streams : (streams + 2) * streams, k: width, formats: NumberFormats(.fp32)),
      reads: Activations(.normalizedStreams), writes: Activations(.streamWeights), weight: .whole(names.weight))
    sink.row(
      names.collapse, place,
      HyperConnection(
        isHead ? .head : .before(iterations: .input(.iterations, iterations)), rows: pass.residualRows,
        width: pass.hidden, streams: streams, keepsCoefficients: pass.isTraining, formats: pass.formats),
      reads: Activations(stream, .streamWeights),
      writes: isHead
        ? Activations(.collapsed, pass.isTraining ? .streamCoefficients : nil)
        : Activations(.collapsed, .streamMix, pass.isTraining ? .streamCoefficients : nil),
      weight: .tensor(names.tensor))
    return .collapsed
  }

  /// The block's output joins the streams.
  func emitExpand<Scalar: Term, Sink: RowSink<Scalar>>(
    _ names: Names, of stream: ActivationTensor, with output: ActivationTensor, to next: ActivationTensor,
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    sink.row(
      names.expand, place,
      HyperConnection(
        .after, rows: pass.residualRows, width: pass.hidden, streams: .input(.streams, streams), formats: pass.formats),
      reads: Activations(stream, .streamMix, output), writes: Activations(next))
  }
}
