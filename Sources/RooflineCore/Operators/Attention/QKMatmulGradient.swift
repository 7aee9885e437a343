/// A gradient of scores = q·kᵀ over the full rectangle: dQ = dS·K or dK = dSᵀ·Q.
///
/// The softmax's scale rides in the product's alpha, so neither counts it. dK adds up over the query heads of a group and is
/// stored once a KV head.
package struct QKMatmulGradient<Scalar: Term>: GradientDefinition {
  /// What the gradient is taken by.
  package enum Target: Hashable, Sendable { case query, key }

  package let shape: AttentionShape<Scalar>
  package let target: Target
  package let formats: NumberFormats

  package init(_ shape: AttentionShape<Scalar>, by target: Target, formats: NumberFormats) {
    self.shape = shape
    self.target = target
    self.formats = formats
  }

  package var kind: OperatorKind { target == .query ? .queryGradient : .keyGradient }
  package var asOperator: Operator<Scalar> { .qkMatmulGradient(self) }

  package var matrixUnit: DType? { formats.residual }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(product: shape.keyProduct, on: formats.residual) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scoreGradient, .loadActivation, shape.scores, formats.residualFormat))
    switch target {
    case .query:
      visit(Operand(.key, .loadActivation, shape.keys(shape.attendedKeys), formats.residualFormat))
      visit(Operand(.queryGradient, .storeActivation, shape.queries, formats.residualFormat))
    case .key:
      visit(Operand(.query, .loadActivation, shape.queries, formats.residualFormat))
      visit(Operand(.keyGradient, .storeActivation, shape.keys(shape.attendedKeys), formats.residualFormat))
    }
  }

  package static var source: String {
    "gradient of QKᵀ: dQ is B·h·T·d dot products of C, dK is B·h·C·d of T, added up over a group's heads; the scale is the product's alpha"
  }
}
