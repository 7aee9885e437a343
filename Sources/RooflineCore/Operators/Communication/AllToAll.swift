/// Rows of tokens on their way to the ranks that hold their experts, or of sums on their way back.
///
/// A row goes once to each other rank that holds one of its experts, of which uniform routing hits R·(ep − 1)/ep in expectation,
/// R = ep·(1 − C(E − E/ep, K) / C(E, K)). One message to each other rank; nothing is added up on the way.
package struct AllToAll<Scalar: Term>: OperatorDefinition {
  /// Which way rows go.
  package enum Direction: String, Hashable, Sendable { case dispatch, combine }

  package let rows, width, ranks: Scalar
  /// Other ranks that a row is sent to.
  package let remoteRanks: Double
  package let format: ElementFormat
  package let direction: Direction
  /// Experts on other ranks that a row is for; libraries may send it to each.
  package let remoteChoices: Double
  /// SMs that the library's kernel holds; nil: as many as it takes.
  package let processors: UInt64?

  /// - Parameter remoteChoices: nil: one on each of the other ranks that a row is sent to.
  package init(
    rows: Scalar, width: Scalar, ranks: Scalar, remoteRanks: Double, format: ElementFormat,
    direction: Direction = .dispatch, remoteChoices: Double? = nil, processors: UInt64? = nil
  ) {
    self.direction = direction
    self.remoteChoices = remoteChoices ?? remoteRanks
    self.processors = processors
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.ranks = ranks
    self.remoteRanks = remoteRanks
    self.format = format
  }

  package var kind: OperatorKind { .allToAll }
  package var asOperator: Operator<Scalar> { .allToAll(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {}

  package var wireBytes: Scalar {
    @specialized(where Scalar == Count) get { (rows * width).times(expected: remoteRanks, .remoteRanks).bytes(format) }
  }
  package var wireSteps: Scalar { ranks.excess(over: 1) }

  package static var source: String {
    "all-to-all: a row once to each other rank that its experts lie on; a message to each other rank"
  }
}
