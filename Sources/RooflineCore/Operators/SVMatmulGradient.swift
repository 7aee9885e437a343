/// A gradient of output = probabilities·v over the full rectangle: dP = dO·Vᵀ or dV = Pᵀ·dO.
///
/// dV adds up over the query heads of a group and is stored once a KV head.
public struct SVMatmulGradient<Scalar: Term>: OperatorDefinition {
  /// What the gradient is taken by.
  public enum Target: Hashable, Sendable { case probabilities, value }

  public let shape: AttentionShape<Scalar>
  public let target: Target
  public let formats: NumberFormats

  public init(_ shape: AttentionShape<Scalar>, by target: Target, formats: NumberFormats) {
    self.shape = shape
    self.target = target
    self.formats = formats
  }

  public var kind: OperatorKind { target == .probabilities ? .probabilityGradient : .valueGradient }
  public var asOperator: Operator<Scalar> { .svMatmulGradient(self) }

  public var matrixUnit: DType? { formats.residual }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(product: shape.valueProduct, on: formats.residual) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
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

  public static var source: String {
    "gradient of PV: dP is B·h·T·C dot products of d, dV is B·h·C·d of T, added up over a group's heads"
  }
}
