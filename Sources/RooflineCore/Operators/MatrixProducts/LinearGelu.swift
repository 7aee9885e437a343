/// y = gelu(x · W [+ bias]) in one kernel: a GEMM whose epilogue applies gelu before the result is stored.
///
/// The product of a GEMM, and gelu's 8 vector and 1 special operations for each of the mn results; the bytes are the GEMM's,
/// since the intermediate result never leaves the chip.
public struct LinearGelu<Scalar: Term>: OperatorDefinition {
  public let gemm: GEMM<Scalar>

  public init(_ gemm: GEMM<Scalar>) { self.gemm = gemm }

  public var kind: OperatorKind { .linearGelu }
  public var asOperator: Operator<Scalar> { .linearGelu(self) }

  public var matrixUnit: DType? { gemm.matrixUnit }

  public var flops: FLOPCounts<Scalar> {
    gemm.flops + Gelu(elements: gemm.m * gemm.n, formats: gemm.formats).flops
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) { gemm.forEachOperand(visit) }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) { gemm.forEachParameter(visit) }

  public static var source: String {
    "linear layer with gelu: the GEMM's products and sums, then gelu on every result before it is stored"
  }
}
