/// A gradient of output = probabilities·v over the full rectangle: dP = dO·Vᵀ or dV = Pᵀ·dO.
///
/// dV adds up over the query heads of a group and is stored once a KV head.
package struct SVMatmulGradient<Scalar: Term>: GradientDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case probabilities, value }

  package let shape: AttentionShape<Scalar>
  package let target: Target
  package let formats: NumberFormats

  package init(_ shape: AttentionShape<Scalar>, by target: Target, formats: NumberFormats) {
    self.shape = shape
    self.target = target
    self.formats = formats
  }

  package var kind: OperatorKind { target == .probabilities ? .probabilityGradient : .valueGradient }
  package var asOperator: Operator<Scalar> { .svMatmulGradient(self) }

  package var matrixUnit: DType? { formats.residual }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(product: shape.valueProduct, on: formats.residual) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, shape.outputs, formats.residualFormat))
    switch target {
    case .probabilities:
      visit(Operand(.value, .loadActivation, shape.values(shape.attendedKeys), formats.residualFormat))
      visit(Operand(.probabilityGradient, .storeActivation, shape.scores, formats.residualFormat))
    case .value:
      visit(Operand(.probabilities, .loadActivation, shape.scores, formats.residualFormat))
      visit(Operand(.valueGradient, .storeActivation, shape.values(shape.attendedKeys), formats.residualFormat))
    }
  }

  package static var source: String {
    "gradient of PV: dP is B·h·T·C dot products of d, dV is B·h·C·d of T, added up over a group's heads"
  }
}
