/// What an operator's backward pass runs.
package enum OperatorGradients<Scalar: Term> {
  /// A row for each of its inputs and weights, in the order in which they run.
  case rows([OperatorGradient<Scalar>])
  /// Nothing: the gradient of its output is that of its inputs, or another rank's affair.
  case passedOn
  /// A choice, behind which no gradient comes: neither it nor what only serves it has any.
  case cutOff
  /// Nobody has stated them: a training step with such a row is refused.
  case unknown
}

/// One row of an operator's backward pass. An object, as only training steps ask for one.
package final class OperatorGradient<Scalar: Term>: Sendable {
  package let part: GradientPart
  package let `operator`: Operator<Scalar>
  /// Elements of a replicated weight whose gradient ranks with rows of their own add up: those of norms, and the vector that
  /// scores a mix.
  let weights: Scalar?

  init<D: OperatorDefinition>(_ part: GradientPart, _ definition: D, weights: Scalar? = nil) where D.Scalar == Scalar {
    self.part = part
    self.operator = definition.asOperator
    self.weights = weights
  }
}
