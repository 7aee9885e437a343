/// A gradient of y (m×n) = x (m×k) · W (k×n): dX = dY·Wᵀ or dW = Xᵀ·dY; or of so many such products beside each other.
///
/// Either is a product with the forward one's 2mnk FLOPs. dX runs on the linear layers' unit; dW multiplies two activations
/// and is stored at the weights' width.
package struct GEMMGradient<Scalar: Term>: GradientDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case input, weight }

  package let gemm: GEMM<Scalar>
  /// Products of equal shape, each with a matrix of its own; nil: one.
  package let groups: Scalar?
  package let target: Target

  package init(_ gemm: GEMM<Scalar>, groups: Scalar? = nil, by target: Target) {
    self.gemm = gemm
    self.groups = groups
    self.target = target
  }

  package var kind: OperatorKind {
    switch (target, groups) {
    case (.input, nil): .gemmInputGradient
    case (.weight, nil): .gemmWeightGradient
    case (.input, _?): .batchedGEMMInputGradient
    case (.weight, _?): .batchedGEMMWeightGradient
    }
  }
  package var asOperator: Operator<Scalar> { .gemmGradient(self) }

  package var matrixUnit: DType? { unit }

  private var unit: DType { target == .input ? gemm.formats.linearUnit : gemm.formats.activation }

  /// Of all products what one has.
  private func all(_ own: Scalar) -> Scalar { groups.map { $0 * own } ?? own }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(product: all(gemm.product), on: unit) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let formats = gemm.formats
    visit(Operand(.outputGradient, .loadActivation, all(gemm.m * gemm.n), formats.activationFormat))
    switch target {
    case .input:
      visit(Operand(.weight, .loadWeight, all(gemm.n * gemm.k), formats.weightFormat))
      visit(Operand(.inputGradient, .storeActivation, all(gemm.m * gemm.k), formats.residualFormat))
    case .weight:
      visit(Operand(.input, .loadActivation, all(gemm.m * gemm.k), formats.activationFormat))
      visit(Operand(.weightGradient, .storeActivation, all(gemm.n * gemm.k), formats.weightFormat))
    }
  }

  package static var source: String {
    "gradient of a GEMM: dX is mk dot products of n, dW is nk of m; each step multiplies and adds"
  }
}
