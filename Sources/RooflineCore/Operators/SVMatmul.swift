/// output (B × h × T × d) = probabilities (B × h × T × C) · v (B × h_kv × C × d), unfused.
public struct SVMatmul<Scalar: Term>: OperatorDefinition {
  public let shape: AttentionShape<Scalar>
  public let keyValueHome: KeyValueHome
  public let formats: NumberFormats

  public init(_ shape: AttentionShape<Scalar>, keyValueHome: KeyValueHome = .cache, formats: NumberFormats) {
    self.shape = shape
    self.keyValueHome = keyValueHome
    self.formats = formats
  }

  public var kind: OperatorKind { .svMatmul }
  public var asOperator: Operator<Scalar> { .svMatmul(self) }

  public var matrixUnit: DType? { keyValueHome.unit(formats) }

  public var flops: FLOPCounts<Scalar> {
    FLOPCounts(product: shape.valueProduct, on: keyValueHome.unit(formats))
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.probabilities, .loadActivation, shape.scores, formats.residualFormat))
    visit(Operand(.value, keyValueHome.load, shape.values(shape.attendedKeys), keyValueHome.format(formats)))
    visit(Operand(.output, .storeActivation, shape.outputs, formats.residualFormat))
  }

  public var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(.probabilities, SVMatmulGradient(shape, by: .probabilities, formats: formats)),
      .init(.value, SVMatmulGradient(shape, by: .value, formats: formats)),
    ])
  }

  public static var source: String { "PV: B·h·T·d dot products of C multiplications and C additions" }
}
