/// Activations to a narrower format, by a scale that is known: what stands before a product of low precision where nothing fuses it.
///
/// An element is multiplied by the scale's inverse; clamps compare, and conversions are no operations.
package struct Quantize<Scalar: Term>: OperatorDefinition {
  package let rows, width: Scalar
  /// What is read is as wide as the residual stream, what is written as activations are.
  package let formats: NumberFormats

  package init(rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  package var kind: OperatorKind { .quantize }
  package var asOperator: Operator<Scalar> { .quantize(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * width) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.output, .storeActivation, rows * width, formats.activationFormat))
  }

  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.activation, rows: rows, width: width, walk: .row)
  }

  package static var source: String { "quantisation by a known scale, an element: one product" }
}
