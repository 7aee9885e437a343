/// A gradient of y (m×n) = x (m×k) · W (k×n): dX = dY·Wᵀ or dW = Xᵀ·dY.
///
/// Either is a product with the forward one's 2mnk FLOPs. dX runs on the linear layers' unit; dW multiplies two activations
/// and is stored at the weights' width.
package struct GEMMGradient<Scalar: Term>: OperatorDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case input, weight }

  package let gemm: GEMM<Scalar>
  package let target: Target

  package init(_ gemm: GEMM<Scalar>, by target: Target) {
    self.gemm = gemm
    self.target = target
  }

  package var kind: OperatorKind { target == .input ? .gemmInputGradient : .gemmWeightGradient }
  package var asOperator: Operator<Scalar> { .gemmGradient(self) }

  package var matrixUnit: DType? { unit }

  private var unit: DType { target == .input ? gemm.formats.linearUnit : gemm.formats.activation }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(product: gemm.product, on: unit) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let formats = gemm.formats
    visit(Operand(.outputGradient, .loadActivation, gemm.m * gemm.n, formats.activationFormat))
    switch target {
    case .input:
      visit(Operand(.weight, .loadWeight, gemm.n * gemm.k, formats.weightFormat))
      visit(Operand(.inputGradient, .storeActivation, gemm.m * gemm.k, formats.residualFormat))
    case .weight:
      visit(Operand(.input, .loadActivation, gemm.m * gemm.k, formats.activationFormat))
      visit(Operand(.weightGradient, .storeActivation, gemm.n * gemm.k, formats.weightFormat))
    }
  }

  package static var source: String {
    "gradient of a GEMM: dX is mk dot products of n, dW is nk of m; each step multiplies and adds"
  }
}
