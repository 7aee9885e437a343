/// The gradients of compressed entries: of the values, of the gates, and of the learned biases of the places in a window.
///
/// An element of a window, with the softmax's share p that the forward row kept: dv = p·dE, dp = v·dE, Σ dp·p of its channel 2,
/// p·(dp − Σ) 2, and the bias's sum over the entries 1: 7 vector. Of tokens whose entry is not complete there is no gradient.
package struct CompressionGradient<Scalar: Term>: GradientDefinition {
  package let compression: Compression<Scalar>

  package init(_ compression: Compression<Scalar>) { self.compression = compression }

  package var kind: OperatorKind { .compressionGradient }
  package var asOperator: Operator<Scalar> { .compressionGradient(self) }

  private var elements: Scalar { compression.elements }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 7 * elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = compression.formats.residualFormat
    visit(Operand(.outputGradient, .loadActivation, compression.entries * compression.width, format))
    visit(Operand(.value, .loadActivation, elements, format))
    visit(Operand(.probabilities, .loadActivation, elements, format))
    visit(Operand(.valueGradient, .storeActivation, elements, format))
    visit(Operand(.gateGradient, .storeActivation, elements, format))
    visit(
      Operand(.weightGradient, .storeActivation, compression.tokensPerEntry * compression.rowWidth, format))
  }

  package static var source: String {
    "gradient of compression, an element of a window: dv 1, dp 1, their sum 2, dg 2, the bias's sum 1; the shares are kept"
  }
}
