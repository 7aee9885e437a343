/// What an operator of a backward pass states about itself. Nobody asks for its own gradients; every other operator must say what it
/// has, or does not compile.
package protocol GradientDefinition<Scalar>: OperatorDefinition {}

extension GradientDefinition {
  package var gradients: OperatorGradients<Scalar> { .unknown }
}
