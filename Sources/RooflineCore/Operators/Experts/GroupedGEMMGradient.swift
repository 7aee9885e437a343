/// A gradient of a grouped GEMM's products y = x·W of each token–expert pair: dX = dY·Wᵀ or dW = Σ xᵀ·dY over an expert's pairs.
///
/// Either has the forward product's 2·m·n·k FLOPs. Where a row of x goes to several experts, dX adds up what comes back from
/// them, an addition a pair's element from zero. Matrices of experts that no token touched have no gradient to store.
package struct GroupedGEMMGradient<Scalar: Term>: GradientDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case input, weight }

  package let product: GroupedGEMM<Scalar>
  package let target: Target

  package init(_ product: GroupedGEMM<Scalar>, by target: Target) {
    self.product = product
    self.target = target
  }

  package var kind: OperatorKind { target == .input ? .groupedGEMMInputGradient : .groupedGEMMWeightGradient }
  package var asOperator: Operator<Scalar> { .groupedGEMMGradient(self) }

  package var matrixUnit: DType? { unit }

  private var unit: DType { target == .input ? product.formats.linearUnit : product.formats.activation }

  /// Token–expert pairs of this device.
  private var pairs: Scalar { product.experts.own(product.m) }

  private var matrices: Scalar { product.experts.touched(product.n * product.k) }

  package var flops: FLOPCounts<Scalar> {
    let isShared = target == .input && pairs.isAbove(product.inputRows)
    return FLOPCounts(
      product: product.experts.own(2 * product.m * product.n * product.k), on: unit,
      vector: isShared ? pairs * product.k : 0)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let formats = product.formats
    visit(
      Operand(
        .outputGradient, .loadActivation, product.experts.own(product.m * product.n), formats.activationFormat))
    switch target {
    case .input:
      visit(Operand(.weight, .loadWeight, matrices, formats.weightFormat))
      visit(Operand(.inputGradient, .storeActivation, product.inputRows * product.k, formats.residualFormat))
    case .weight:
      visit(Operand(.input, .loadActivation, product.inputRows * product.k, formats.activationFormat))
      visit(Operand(.weightGradient, .storeActivation, matrices, formats.weightFormat))
    }
  }

  package static var source: String {
    "gradient of a grouped GEMM: dX is a dot product of n for each of k elements of a pair's row, added up over a token's pairs; dW is one of an expert's pairs for each of nk elements"
  }
}
