/// A parameter tensor that an operator's weight is, as a checkpoint stores it.
public struct OperatorParameter<Scalar: Term> {
  public enum Role: String, Hashable, Sendable { case weight, bias }

  public let role: Role
  /// The first dimension: a linear layer's outputs, a table's rows, a vector's elements.
  public let outputs: Scalar
  /// The second dimension; nil of a vector.
  public let inputs: Scalar?
  public let format: ElementFormat
  /// Whether a token reads a row of it, and not all of it.
  public let isGathered: Bool

  init(
    _ role: Role, _ outputs: Scalar, by inputs: Scalar? = nil, _ format: ElementFormat, isGathered: Bool = false
  ) {
    self.role = role
    self.outputs = outputs
    self.inputs = inputs
    self.format = format
    self.isGathered = isGathered
  }
}
