/// Row-wise softmax of scaled scores, in place of shape: `elements` in all.
///
/// An element: scale, subtract the maximum, add to the sum, divide (vector 4); exp (special 1). Finding the maximum compares.
package struct Softmax<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  /// Scores of a row, which are normalised together; it changes no count.
  package let width: Scalar
  /// Heads that have a learned logit beside the scores, a sink: one more term in each row, two `vector` FLOPs (subtract the
  /// maximum, add) and one exp; nil: no sinks.
  package let sinks: Scalar?
  package let formats: NumberFormats

  package init(elements: Scalar, width: Scalar, sinks: Scalar? = nil, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.width = width
    self.sinks = sinks
    self.formats = formats
  }

  package var kind: OperatorKind { .softmax }
  package var asOperator: Operator<Scalar> { .softmax(self) }

  package var flops: FLOPCounts<Scalar> {
    let counts = FLOPCounts(vector: 4 * elements, special: elements)
    guard sinks != nil else { return counts }
    let rows = elements.divided(exactlyBy: width)
    return counts + FLOPCounts(vector: 2 * rows, special: rows)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scores, .loadActivation, elements, formats.residualFormat))
    if let sinks { visit(Operand(.weight, .loadWeight, sinks, formats.residualFormat)) }
    visit(Operand(.probabilities, .storeActivation, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    sinks == nil ? .rows([.init(.backward, SoftmaxGradient(elements: elements, formats: formats))]) : .unknown
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if let sinks { visit(OperatorParameter(.weight, sinks, formats.residualFormat)) }
  }

  package var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(
      of: self, dtype: formats.residual, rows: elements.divided(roundingUpBy: width), width: width, walk: .row)
  }

  package static var source: String { "softmax, an element: scale, subtract the maximum, add, divide; one exp" }
}
