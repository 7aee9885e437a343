/// Row-wise softmax of scaled scores, in place of shape: `elements` in all.
///
/// An element: scale, subtract the maximum, add to the sum, divide (vector 4); exp (special 1). Finding the maximum compares.
public struct Softmax<Scalar: Term>: OperatorDefinition {
  public let elements: Scalar
  /// Scores of a row, which are normalised together; it changes no count.
  public let width: Scalar
  /// Heads that have a learned logit beside the scores, a sink: one more term in each row, two `vector` FLOPs (subtract the
  /// maximum, add) and one exp; nil: no sinks.
  public let sinks: Scalar?
  public let formats: NumberFormats

  public init(elements: Scalar, width: Scalar, sinks: Scalar? = nil, formats: NumberFormats) {
    self.elements = elements.named(.elements)
    self.width = width
    self.sinks = sinks
    self.formats = formats
  }

  public var kind: OperatorKind { .softmax }
  public var asOperator: Operator<Scalar> { .softmax(self) }

  public var flops: FLOPCounts<Scalar> {
    let counts = FLOPCounts(vector: 4 * elements, special: elements)
    guard sinks != nil else { return counts }
    let rows = elements.divided(exactlyBy: width)
    return counts + FLOPCounts(vector: 2 * rows, special: rows)
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.scores, .loadActivation, elements, formats.residualFormat))
    if let sinks { visit(Operand(.weight, .loadWeight, sinks, formats.residualFormat)) }
    visit(Operand(.probabilities, .storeActivation, elements, formats.residualFormat))
  }

  public var gradients: OperatorGradients<Scalar> {
    sinks == nil ? .rows([.init(.backward, SoftmaxGradient(elements: elements, formats: formats))]) : .unknown
  }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if let sinks { visit(OperatorParameter(.weight, sinks, formats.residualFormat)) }
  }

  public static var source: String { "softmax, an element: scale, subtract the maximum, add, divide; one exp" }
}
