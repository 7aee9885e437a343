/// The gradients of a causal convolution and its silu: by the input, the taps and the bias.
///
/// An element, with the sum u that the forward pass kept: σ = 1/(1 + exp(−u)) 2 and an exp, du = dY·σ·(1 + u·(1 − σ))
/// 5. The input's gradient adds up the du of the K outputs that read an element, times their taps, 2K; a tap's gradient
/// the products of du and the inputs that it met, 2K; that of a bias du itself, 1: vector 4K + 7 (+ 1), special 1. As
/// in the forward pass, what would lie beyond either end of a sequence is executed.
package struct CausalConvolutionGradient<Scalar: Term>: GradientDefinition {
  package let convolution: CausalConvolution<Scalar>

  package init(_ convolution: CausalConvolution<Scalar>) { self.convolution = convolution }

  package var kind: OperatorKind { .causalConvolutionGradient }
  package var asOperator: Operator<Scalar> { .causalConvolutionGradient(self) }

  package var flops: FLOPCounts<Scalar> {
    let elements = convolution.elements
    return FLOPCounts(vector: elements * (4 * convolution.taps + (convolution.hasBias ? 8 : 7)), special: elements)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = convolution.formats.residualFormat
    let weights = convolution.channels * convolution.taps
    visit(Operand(.outputGradient, .loadActivation, convolution.elements, format))
    visit(Operand(.input, .loadActivation, convolution.elements, format))
    visit(Operand(.sums, .loadActivation, convolution.elements, format))
    visit(Operand(.weight, .loadWeight, weights, format))
    visit(Operand(.inputGradient, .storeActivation, convolution.elements, format))
    visit(Operand(.weightGradient, .storeActivation, weights, format))
    if convolution.hasBias { visit(Operand(.biasGradient, .storeActivation, convolution.channels, format)) }
  }

  package static var source: String {
    "gradients of a depthwise causal convolution with the kept sums, an element: silu's 7 and one exp, the input's K products and K additions, the taps' the same, a bias 1"
  }
}
