/// A parameter tensor that an operator's weight is, as a checkpoint stores it.
package struct OperatorParameter<Scalar: Term> {
  /// What it is called behind the row's tensor.
  package enum Role: String, Hashable, Sendable {
    case weight, bias
    /// Of recurrences: the step sizes' bias, the logarithm of the decay, what goes past the state.
    case stepBias = "dt_bias"
    case decay = "A_log"
    case skip = "D"
    /// Of hyper-connections: what coefficients are multiplied by, and what is added to them.
    case scale, base
    case headScale = "hc_scale"
    case headBase = "hc_base"
  }

  package let role: Role
  /// The first dimension: a linear layer's outputs, a table's rows, a vector's elements.
  package let outputs: Scalar
  /// The outputs of each of several tensors that checkpoints may cut it into; nil where it is always one.
  package let part: Scalar?
  /// The second dimension; nil of a vector.
  package let inputs: Scalar?
  package let format: ElementFormat
  /// Whether a token reads a row of it, and not all of it.
  package let isGathered: Bool
  /// Whether it is a depthwise convolution's, which stands as channels × 1 × taps.
  package let isConvolution: Bool
  /// Whether a checkpoint holds it beside the parameters: nobody counts it as one.
  package let isBuffer: Bool
  /// The experts that have one each; nil of a tensor that stands by itself.
  package let experts: ExpertSet<Scalar>?

  init(
    _ role: Role, _ outputs: Scalar, part: Scalar? = nil, by inputs: Scalar? = nil, _ format: ElementFormat,
    isGathered: Bool = false, isConvolution: Bool = false, isBuffer: Bool = false, experts: ExpertSet<Scalar>? = nil
  ) {
    self.role = role
    self.outputs = outputs
    self.part = part
    self.inputs = inputs
    self.format = format
    self.isGathered = isGathered
    self.isConvolution = isConvolution
    self.isBuffer = isBuffer
    self.experts = experts
  }

  /// Of all experts together.
  package var elements: Scalar {
    let one = inputs.map { outputs * $0 } ?? outputs
    return experts.map { $0.held * one } ?? one
  }
}
