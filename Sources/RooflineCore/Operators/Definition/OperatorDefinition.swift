/// What one kind of operator states about itself, once. Shapes are one device's.
package protocol OperatorDefinition<Scalar>: Hashable, Sendable {
  associatedtype Scalar: Term

  var kind: OperatorKind { get }

  /// The definition as a value of the sum type.
  var asOperator: Operator<Scalar> { get }

  var flops: FLOPCounts<Scalar> { get }

  /// The tensors it touches. Everything else that knows about bytes sums these.
  func forEachOperand(_ visit: (Operand<Scalar>) -> Void)

  /// Bytes one device sends over its link, never part of memory traffic.
  var wireBytes: Scalar { get }

  /// Messages one after another, each of which pays the link's latency.
  var wireSteps: Scalar { get }

  /// The format whose matrix unit it needs; nil where it multiplies no matrices.
  var matrixUnit: DType? { get }

  /// How its work falls into rows; nil for an operator whose kernels do not work row by row.
  var rowwise: RowwiseWork<Scalar>? { get }

  /// What a backward pass runs for it; `.unknown` where nobody has stated it, and training is refused.
  var gradients: OperatorGradients<Scalar> { get }

  /// The parameter tensors behind its weight operands.
  func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void)

  /// The same operator whose matrix is one that a checkpoint holds in a format of its own; nil of what multiplies no such matrix.
  func holding(_ tensor: TensorFormat) -> Self?

  /// Where the formulas stand and what they count, in a sentence for `explain`.
  static var source: String { get }

  /// The same of one value, where that depends on more than the definition.
  var source: String { get }
}

extension OperatorDefinition {
  package var wireBytes: Scalar { 0 }
  package var wireSteps: Scalar { 0 }
  package var matrixUnit: DType? { nil }
  package var rowwise: RowwiseWork<Scalar>? { nil }
  package var source: String { Self.source }
  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {}
  package func holding(_ tensor: TensorFormat) -> Self? { nil }

  /// The operands' bytes.
  var memoryBytes: Scalar {
    @inline(__always) get {
      var bytes: Scalar = 0
      forEachOperand { bytes = bytes + $0.bytes }
      return bytes
    }
  }

  /// The operands' bytes, added up by class.
  package var traffic: Traffic<Scalar> {
    @inline(__always) get {
      var traffic = Traffic<Scalar>()
      forEachOperand { traffic[$0.traffic] = traffic[$0.traffic] + $0.bytes }
      return traffic
    }
  }
}
