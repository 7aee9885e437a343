/// A parameter tensor that an operator's weight is, as a checkpoint stores it.
public struct OperatorParameter<Scalar: Term> {
  /// What it is called behind the row's tensor.
  public enum Role: String, Hashable, Sendable {
    case weight, bias
    /// Of recurrences: the step sizes' bias, the logarithm of the decay, what goes past the state.
    case stepBias = "dt_bias"
    case decay = "A_log"
    case skip = "D"
  }


  public let role: Role
  /// The first dimension: a linear layer's outputs, a table's rows, a vector's elements.
  public let outputs: Scalar
  /// The second dimension; nil of a vector.
  public let inputs: Scalar?
  public let format: ElementFormat
  /// Whether a token reads a row of it, and not all of it.
  public let isGathered: Bool
  /// Whether it is a depthwise convolution's, which stands as channels × 1 × taps.
  public let isConvolution: Bool

  init(
    _ role: Role, _ outputs: Scalar, by inputs: Scalar? = nil, _ format: ElementFormat, isGathered: Bool = false, isConvolution: Bool = false
  ) {
    self.role = role
    self.outputs = outputs
    self.inputs = inputs
    self.format = format
    self.isGathered = isGathered
    self.isConvolution = isConvolution
  }

  /// As a checkpoint has them.
  var dimensions: [Scalar] {
    guard let inputs else { return [outputs] }
    return isConvolution ? [outputs, 1, inputs] : [outputs, inputs]
  }
}
