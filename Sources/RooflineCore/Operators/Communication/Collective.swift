/// A ring collective over `ranks` devices on a buffer of `message` bytes.
///
/// The buffer is cut into ⌈message/ranks⌉ pieces. Reduce-scatter and all-gather pass ranks−1 pieces on, one a step; an
/// all-reduce is one after the other.
public struct Collective<Scalar: Term>: OperatorDefinition {
  public let pattern: CollectivePattern
  public let ranks, message: Scalar

  public init(_ pattern: CollectivePattern, ranks: Scalar, message: Scalar) {
    self.pattern = pattern
    self.ranks = ranks
    self.message = message.named(.message)
  }

  public var kind: OperatorKind { pattern.kind }
  public var asOperator: Operator<Scalar> { .collective(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts() }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {}

  public var wireSteps: Scalar {
    let round = ranks.excess(over: 1)
    return pattern == .allReduce ? 2 * round : round
  }

  public var wireBytes: Scalar { wireSteps * message.divided(roundingUpBy: ranks) }

  /// A backward pass moves gradients where activations cross into sharded work, and not where the forward pass did.
  public var gradients: OperatorGradients<Scalar> { .passedOn }

  public static var source: String {
    "ring collective: one step fewer than ranks, each with a rank's share of the message; an all-reduce goes around twice; summation on the way is not counted"
  }
}

/// What a collective does with the buffer.
public enum CollectivePattern: Hashable, Sendable, CaseIterable {
  case allReduce, allGather, reduceScatter

  public var kind: OperatorKind {
    switch self {
    case .allReduce: .allReduce
    case .allGather: .allGather
    case .reduceScatter: .reduceScatter
    }
  }
}
