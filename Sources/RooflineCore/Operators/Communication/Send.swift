/// A message of `message` bytes from one GPU to another: what a pipeline stage hands to the next.
package struct Send<Scalar: Term>: OperatorDefinition {
  package let message: Scalar

  package init(message: Scalar) { self.message = message.named(.message) }

  package var kind: OperatorKind { .send }
  package var asOperator: Operator<Scalar> { .send(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {}

  package var wireBytes: Scalar { message }
  package var wireSteps: Scalar { 1 }

  package static var source: String { "point to point: the message, once, in one step" }
}
