/// A depthwise causal convolution over a sequence, and silu: each channel's last K inputs times its K taps.
///
/// An output: K products and K additions, silu's addition and division, with a bias one addition more: vector 2K + 2 (+ 1),
/// special 1. The last K − 1 inputs of a sequence are its state, as wide as activations.
package struct CausalConvolution<Scalar: Term>: OperatorDefinition {
  package let batch, queryTokens, channels, taps: Scalar
  package let hasBias: Bool
  /// Whether its channels are those of queries, keys and values of Kimi delta attention, which engines convolve over a prompt by a
  /// kernel each.
  package let isKimi: Bool
  /// Whether what silu is taken of is stored, too, for a backward pass that computes nothing again.
  package let keepsSums: Bool
  package let state: Recurrence<Scalar>.StateTraffic
  package let formats: NumberFormats

  package init(
    batch: Scalar, queryTokens: Scalar, channels: Scalar, taps: Scalar, hasBias: Bool = false,
    isKimi: Bool = false, keepsSums: Bool = false, state: Recurrence<Scalar>.StateTraffic, formats: NumberFormats
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.channels = channels.named(.channels)
    self.taps = taps
    self.hasBias = hasBias
    self.isKimi = isKimi
    self.keepsSums = keepsSums
    self.state = state
    self.formats = formats
  }

  package var kind: OperatorKind { .causalConvolution }
  package var asOperator: Operator<Scalar> { .causalConvolution(self) }

  var elements: Scalar { batch * queryTokens * channels }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: elements * (2 * taps + (hasBias ? 3 : 2)), special: elements)
  }

  @specialized(where Scalar == Count)
  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    visit(Operand(.input, .loadActivation, elements, format))
    visit(Operand(.weight, .loadWeight, channels * taps, format))
    if hasBias { visit(Operand(.bias, .loadWeight, channels, format)) }
    state.forEachOperand(batch * channels * taps.excess(over: 1), format, visit)
    visit(Operand(.output, .storeActivation, elements, format))
    if keepsSums { visit(Operand(.sums, .storeActivation, elements, format)) }
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, CausalConvolutionGradient(self))]) }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, channels, by: taps, formats.residualFormat, isConvolution: true))
    if hasBias { visit(OperatorParameter(.bias, channels, formats.residualFormat)) }
  }

  package static var source: String {
    "depthwise causal convolution, an output: K products, K additions, a bias 1, silu 2; one exp"
  }
}
