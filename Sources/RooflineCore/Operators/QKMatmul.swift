/// scores (B × h × T × C) = q (B × h × T × d) · kᵀ (B × h_kv × C × d), unfused.
///
/// The whole T×C rectangle, masked or not; query heads of a group share their keys, which are read once (GQA).
public struct QKMatmul<Scalar: Term>: OperatorDefinition {
  public let shape: AttentionShape<Scalar>
  public let keyValueHome: KeyValueHome
  public let formats: NumberFormats

  public init(_ shape: AttentionShape<Scalar>, keyValueHome: KeyValueHome = .cache, formats: NumberFormats) {
    self.shape = shape
    self.keyValueHome = keyValueHome
    self.formats = formats
  }

  public var kind: OperatorKind { .qkMatmul }
  public var asOperator: Operator<Scalar> { .qkMatmul(self) }

  public var matrixUnit: DType? { keyValueHome.unit(formats) }

  public var flops: FLOPCounts<Scalar> {
    FLOPCounts(product: shape.keyProduct, on: keyValueHome.unit(formats))
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.query, .loadActivation, shape.queries, formats.residualFormat))
    visit(Operand(.key, keyValueHome.load, shape.keys(shape.attendedKeys), keyValueHome.format(formats)))
    visit(Operand(.scores, .storeActivation, shape.scores, formats.residualFormat))
  }

  public var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(.query, QKMatmulGradient(shape, by: .query, formats: formats)),
      .init(.key, QKMatmulGradient(shape, by: .key, formats: formats)),
    ])
  }

  public static var source: String { "QKᵀ: B·h·T·C dot products of d multiplications and d additions" }
}
