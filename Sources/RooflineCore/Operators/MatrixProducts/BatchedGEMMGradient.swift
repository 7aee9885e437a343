/// A gradient of products beside each other, y_g (m×n) = x_g (m×k) · W_g (k×n): dX_g = dY_g·W_gᵀ or dW_g = X_gᵀ·dY_g.
///
/// Either has the forward products' 2·g·m·n·k FLOPs, on the units of a GEMM's gradients (`GEMMGradient`).
package struct BatchedGEMMGradient<Scalar: Term>: OperatorDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case input, weight }

  package let gemm: BatchedGEMM<Scalar>
  package let target: Target

  package init(_ gemm: BatchedGEMM<Scalar>, by target: Target) {
    self.gemm = gemm
    self.target = target
  }

  package var kind: OperatorKind { target == .input ? .batchedGEMMInputGradient : .batchedGEMMWeightGradient }
  package var asOperator: Operator<Scalar> { .batchedGEMMGradient(self) }

  package var matrixUnit: DType? { unit }

  private var unit: DType { target == .input ? gemm.formats.linearUnit : gemm.formats.activation }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(product: gemm.product, on: unit) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let formats = gemm.formats
    visit(Operand(.outputGradient, .loadActivation, gemm.groups * gemm.m * gemm.n, formats.activationFormat))
    switch target {
    case .input:
      visit(Operand(.weight, .loadWeight, gemm.groups * gemm.n * gemm.k, formats.weightFormat))
      visit(Operand(.inputGradient, .storeActivation, gemm.groups * gemm.m * gemm.k, formats.residualFormat))
    case .weight:
      visit(Operand(.input, .loadActivation, gemm.groups * gemm.m * gemm.k, formats.activationFormat))
      visit(Operand(.weightGradient, .storeActivation, gemm.groups * gemm.n * gemm.k, formats.weightFormat))
    }
  }

  package static var source: String {
    "gradients of products beside each other: of each dX is mk dot products of n, dW is nk of m"
  }
}
