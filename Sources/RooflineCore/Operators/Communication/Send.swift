/// A message of `message` bytes from one GPU to another: what a pipeline stage hands to the next.
public struct Send<Scalar: Term>: OperatorDefinition {
  public let message: Scalar

  public init(message: Scalar) { self.message = message.named(.message) }

  public var kind: OperatorKind { .send }
  public var asOperator: Operator<Scalar> { .send(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts() }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {}

  public var wireBytes: Scalar { message }
  public var wireSteps: Scalar { 1 }

  public static var source: String { "point to point: the message, once, in one step" }
}
