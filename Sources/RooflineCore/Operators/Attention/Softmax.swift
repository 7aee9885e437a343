/// Row-wise softmax of scaled scores, in place of shape: `elements` in all.
///
/// An element: scale, subtract the maximum, add to the sum, divide (vector 4); exp (special 1). Finding the maximum compares.
public struct Softmax<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  /// Scores of a row, which are normalised together; it changes no count.
  public let width: Scalar
  public let formats: NumberFormats

  public init(elements: Scalar, width: Scalar, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.width = width
    self.formats = formats
  }

  public var kind: OperatorKind { .softmax }
  public var asOperator: Operator<Scalar> { .softmax(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: 4 * elements, special: elements) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scores, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.probabilities, .storeActivation, elements, formats.residualFormat))
  }

  public var gradients: OperatorGradients<Scalar> {
    .rows([.init(.backward, SoftmaxGradient(elements: elements, formats: formats))])
  }

  public var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(
      of: self, dtype: formats.residual, rows: elements.divided(roundingUpBy: width), width: width, walk: .row)
  }

  public static var source: String { "softmax, an element: scale, subtract the maximum, add, divide; one exp" }
}
