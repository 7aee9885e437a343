/// A function of gate and up, element by element: the activation of a gated MLP. `GateFunction` says what an element costs.
package struct GatedActivation<Scalar: Term>: OperatorDefinition {
  package let function: GateFunction
  package let rows, width: Scalar
  /// rows · width.
  package let elements: Scalar
  package let formats: NumberFormats

  package init(_ function: GateFunction, rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.function = function
    self.rows = rows
    self.width = width
    elements = (rows * width).named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { function.kind }
  package var asOperator: Operator<Scalar> { .gatedActivation(self) }

  package var flops: FLOPCounts<Scalar> { function.cost.flops(elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.gate, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.up, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.output, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, GatedActivationGradient(function.gradient, elements: elements, formats: formats))])
  }

  package var rowwise: RowwiseWork<Scalar>? {
    switch function {
    case .silu: RowwiseWork(of: self, dtype: formats.residual, rows: rows, width: width, walk: .row)
    // Nobody has measured how their kernels run.
    case .gelu, .swigluoai, .situ: nil
    }
  }

  package static var source: String { "a function of gate and up, element by element" }
  package var source: String { function.cost.source }
}
