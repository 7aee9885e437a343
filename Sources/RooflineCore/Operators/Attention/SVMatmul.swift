/// output (B × h × T × d) = probabilities (B × h × T × C) · v (B × h_kv × C × d), unfused.
package struct SVMatmul<Scalar: Term>: OperatorDefinition {
  package let shape: AttentionShape<Scalar>
  package let keyValueHome: KeyValueHome
  package let formats: NumberFormats

  package init(_ shape: AttentionShape<Scalar>, keyValueHome: KeyValueHome = .cache, formats: NumberFormats) {
    self.shape = shape
    self.keyValueHome = keyValueHome
    self.formats = formats
  }

  package var kind: OperatorKind { .svMatmul }
  package var asOperator: Operator<Scalar> { .svMatmul(self) }

  package var matrixUnit: DType? { keyValueHome.unit(formats) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(product: shape.valueProduct, on: keyValueHome.unit(formats))
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.probabilities, .loadActivation, shape.scores, formats.residualFormat))
    visit(Operand(.value, keyValueHome.load, shape.values(shape.attendedKeys), keyValueHome.format(formats)))
    visit(Operand(.output, .storeActivation, shape.outputs, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([
      .init(.probabilities, SVMatmulGradient(shape, by: .probabilities, formats: formats)),
      .init(.value, SVMatmulGradient(shape, by: .value, formats: formats)),
    ])
  }

  package static var source: String { "PV: B·h·T·d dot products of C multiplications and C additions" }
}
