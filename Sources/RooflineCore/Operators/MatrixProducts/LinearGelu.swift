/// y = gelu(x · W [+ bias]) in one kernel: a GEMM whose epilogue applies gelu before the result is stored.
///
/// The product of a GEMM, and gelu's 8 vector and 1 special operations for each of the mn results; the bytes are the GEMM's,
/// since the intermediate result never leaves the chip.
package struct LinearGelu<Scalar: Term>: OperatorDefinition {
  package let gemm: GEMM<Scalar>
  /// Whether the GEMM's result is stored, too, for a backward pass that computes nothing again.
  package let keepsInput: Bool

  package init(_ gemm: GEMM<Scalar>, keepsInput: Bool = false) {
    self.gemm = gemm
    self.keepsInput = keepsInput
  }

  package var kind: OperatorKind { .linearGelu }
  package var asOperator: Operator<Scalar> { .linearGelu(self) }

  package var matrixUnit: DType? { gemm.matrixUnit }

  package var flops: FLOPCounts<Scalar> {
    gemm.flops + Gelu(elements: gemm.m * gemm.n, formats: gemm.formats).flops
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    gemm.forEachOperand(visit)
    if keepsInput { visit(Operand(.up, .storeActivation, gemm.m * gemm.n, gemm.formats.residualFormat)) }
  }

  package var gradients: OperatorGradients<Scalar> { gemm.gradients(behind: .gelu) }

  package func holding(_ tensor: TensorFormat) -> Self? {
    gemm.holding(tensor).map { LinearGelu($0, keepsInput: keepsInput) }
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) { gemm.forEachParameter(visit) }

  package static var source: String {
    "linear layer with gelu: the GEMM's products and sums, then gelu on every result before it is stored"
  }
}
