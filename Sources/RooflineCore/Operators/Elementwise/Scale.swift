/// Multiplies each element by a constant: one multiplication.
package struct Scale<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  /// Where the elements lie, before and after.
  package let home: KeyValueHome
  package let formats: NumberFormats

  package init(elements: Scalar, home: KeyValueHome = .activation, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.home = home
    self.formats = formats
  }

  package var kind: OperatorKind { .scale }
  package var asOperator: Operator<Scalar> { .scale(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, home.load, elements, home.format(formats)))
    visit(Operand(.output, home.store, elements, home.format(formats)))
  }

  /// dY times the same constant.
  package var gradients: OperatorGradients<Scalar> { home == .activation ? .rows([.init(.backward, self)]) : .unknown }

  package static var source: String { "scaling by a constant: one multiplication an element" }
}
