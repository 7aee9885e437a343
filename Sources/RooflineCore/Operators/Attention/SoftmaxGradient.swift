/// The gradient of a row-wise softmax: dS = P ∘ (dP − Σ P ∘ dP), the sum over a row.
///
/// An element: P·dP, its addition to the row's sum, the subtraction, the product with P: vector 4. The scale of the scores is
/// the alpha of the products that read dS. Of a row with a sink, whose share p of it was kept: dSink = −Σ p·(Σ P ∘ dP) over a head's
/// rows, two more.
package struct SoftmaxGradient<Scalar: Term>: GradientDefinition {
  package let elements: Scalar
  /// Learned logits beside the scores; nil: none.
  package let sinks: Sinks?
  package let formats: NumberFormats

  /// How many heads have one, and in how many rows.
  package struct Sinks: Hashable, Sendable {
    package let heads, rows: Scalar

    package init(heads: Scalar, rows: Scalar) {
      self.heads = heads
      self.rows = rows
    }
  }

  package init(elements: Scalar, sinks: Sinks? = nil, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.sinks = sinks
    self.formats = formats
  }

  package var kind: OperatorKind { .softmaxGradient }
  package var asOperator: Operator<Scalar> { .softmaxGradient(self) }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(vector: sinks.map { 4 * elements + 2 * $0.rows } ?? 4 * elements)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(
      Operand(
        .probabilities, .loadActivation, sinks.map { elements + $0.rows } ?? elements, formats.residualFormat))
    visit(Operand(.probabilityGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.scoreGradient, .storeActivation, elements, formats.residualFormat))
    if let sinks { visit(Operand(.weightGradient, .storeActivation, sinks.heads, formats.residualFormat)) }
  }

  package static var source: String {
    "gradient of softmax, an element: multiply dP by P, add to the row's sum, subtract it, multiply by P; P is kept"
  }
}
