/// The gradient of a row-wise softmax: dS = P ∘ (dP − Σ P ∘ dP), the sum over a row.
///
/// An element: P·dP, its addition to the row's sum, the subtraction, the product with P: vector 4. The scale of the scores is
/// the alpha of the products that read dS.
package struct SoftmaxGradient<Scalar: Term>: OperatorDefinition {
  package let elements: Scalar
  package let formats: NumberFormats

  package init(elements: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind { .softmaxGradient }
  package var asOperator: Operator<Scalar> { .softmaxGradient(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 4 * elements) }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.probabilities, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.probabilityGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.scoreGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String {
    "gradient of softmax, an element: multiply dP by P, add to the row's sum, subtract it, multiply by P; P is kept"
  }
}
