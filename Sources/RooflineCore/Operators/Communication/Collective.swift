/// A ring collective over `ranks` devices on a buffer of `message` bytes.
///
/// The buffer is cut into ⌈message/ranks⌉ pieces. Reduce-scatter and all-gather pass ranks−1 pieces on, one a step; an
/// all-reduce is one after the other.
package struct Collective<Scalar: Term>: OperatorDefinition {
  package let pattern: CollectivePattern
  package let ranks, message: Scalar

  package init(_ pattern: CollectivePattern, ranks: Scalar, message: Scalar) {
    self.pattern = pattern
    self.ranks = ranks
    self.message = message.named(.message)
  }

  package var kind: OperatorKind { pattern.kind }
  package var asOperator: Operator<Scalar> { .collective(self) }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {}

  package var wireSteps: Scalar {
    @inline(__always) get {
      let round = ranks.excess(over: 1)
      return pattern == .allReduce ? 2 * round : round
    }
  }

  package var wireBytes: Scalar {
    @specialized(where Scalar == Count) @inline(__always) get { wireSteps * message.divided(roundingUpBy: ranks) }
  }

  /// A backward pass moves gradients where activations cross into sharded work, and not where the forward pass did.
  package var gradients: OperatorGradients<Scalar> { .passedOn }

  package static var source: String {
    "ring collective: one step fewer than ranks, each with a rank's share of the message; an all-reduce goes around twice; summation on the way is not counted"
  }
}

/// What a collective does with the buffer.
package enum CollectivePattern: Hashable, Sendable, CaseIterable {
  case allReduce, allGather, reduceScatter

  package var kind: OperatorKind {
    switch self {
    case .allReduce: .allReduce
    case .allGather: .allGather
    case .reduceScatter: .reduceScatter
    }
  }
}
