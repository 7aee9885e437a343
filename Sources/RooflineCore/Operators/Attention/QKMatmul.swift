/// scores (B × h × T × C) = q (B × h × T × d) · kᵀ (B × h_kv × C × d), unfused.
///
/// The whole T×C rectangle, masked or not; query heads of a group share their keys, which are read once (GQA).
package struct QKMatmul<Scalar: Term>: OperatorDefinition {
  package let shape: AttentionShape<Scalar>
  package let keyValueHome: KeyValueHome
  package let formats: NumberFormats

  package init(_ shape: AttentionShape<Scalar>, keyValueHome: KeyValueHome = .cache, formats: NumberFormats) {
    self.shape = shape
    self.keyValueHome = keyValueHome
    self.formats = formats
  }

  package var kind: OperatorKind { .qkMatmul }
  package var asOperator: Operator<Scalar> { .qkMatmul(self) }

  package var matrixUnit: DType? { keyValueHome.unit(formats) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(product: shape.keyProduct, on: keyValueHome.unit(formats))
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.query, .loadActivation, shape.queries, formats.residualFormat))
    visit(Operand(.key, keyValueHome.load, shape.keys(shape.attendedKeys), keyValueHome.format(formats)))
    visit(Operand(.scores, .storeActivation, shape.scores, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(.query, QKMatmulGradient(shape, by: .query, formats: formats)),
      .init(.key, QKMatmulGradient(shape, by: .key, formats: formats)),
    ])
  }

  package static var source: String { "QKᵀ: B·h·T·C dot products of d multiplications and d additions" }
}
