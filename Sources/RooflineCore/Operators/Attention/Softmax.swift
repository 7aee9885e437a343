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
  /// Whether the share of each row's sink is stored for a backward pass that computes nothing again: one more division.
  package let keepsSinks: Bool
  package let formats: NumberFormats

  package init(
    elements: Scalar, width: Scalar, sinks: Scalar? = nil, keepsSinks: Bool = false, formats: NumberFormats
  ) {
    self.elements = elements.named(.elements)
    self.width = width
    self.sinks = sinks
    self.keepsSinks = keepsSinks
    self.formats = formats
  }

  package var kind: OperatorKind { .softmax }
  package var asOperator: Operator<Scalar> { .softmax(self) }

  package var flops: FLOPCounts<Scalar> {
    let counts = FLOPCounts(vector: 4 * elements, special: elements)
    guard sinks != nil else { return counts }
    return counts + FLOPCounts(vector: (keepsSinks ? 3 : 2) * rows, special: rows)
  }

  private var rows: Scalar { elements.divided(exactlyBy: width) }

  /// What a backward pass reads: the probabilities, and of rows with a sink its share, too.
  private var kept: Scalar { sinks != nil && keepsSinks ? elements + rows : elements }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scores, .loadActivation, elements, formats.residualFormat))
    if let sinks { visit(Operand(.weight, .loadWeight, sinks, formats.residualFormat)) }
    visit(Operand(.probabilities, .storeActivation, kept, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    let sinks = sinks.map { SoftmaxGradient<Scalar>.Sinks(heads: $0, rows: rows) }
    return .rows([.init(.backward, SoftmaxGradient(elements: elements, sinks: sinks, formats: formats))])
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
