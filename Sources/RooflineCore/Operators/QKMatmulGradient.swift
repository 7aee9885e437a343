/// A gradient of scores = q·kᵀ over the full rectangle: dQ = dS·K or dK = dSᵀ·Q.
///
/// The softmax's scale rides in the product's alpha, so neither counts it. dK adds up over the query heads of a group and is
/// stored once a KV head.
public struct QKMatmulGradient<Scalar: Term>: OperatorDefinition {
  /// What the gradient is taken by.
  public enum Target: Hashable, Sendable { case query, key }

  public let shape: AttentionShape<Scalar>
  public let target: Target
  public let formats: NumberFormats

  public init(_ shape: AttentionShape<Scalar>, by target: Target, formats: NumberFormats) {
    self.shape = shape
    self.target = target
    self.formats = formats
  }

  public var kind: OperatorKind { target == .query ? .queryGradient : .keyGradient }
  public var asOperator: Operator<Scalar> { .qkMatmulGradient(self) }

  public var matrixUnit: DType? { formats.residual }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(product: shape.keyProduct, on: formats.residual) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
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

  public static var source: String {
    "gradient of QKᵀ: dQ is B·h·T·d dot products of C, dK is B·h·C·d of T, added up over a group's heads; the scale is the product's alpha"
  }
}
