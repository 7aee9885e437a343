/// y = relu(x · W [+ bias]) in one kernel: a GEMM whose epilogue compares each result with 0 before it is stored.
///
/// Comparisons are not FLOPs and the intermediate result never leaves the chip, so it costs what the GEMM costs.
public struct LinearRelu<Scalar: Term>: OperatorDefinition {
  public let gemm: GEMM<Scalar>

  public init(_ gemm: GEMM<Scalar>) { self.gemm = gemm }

  public var kind: OperatorKind { .linearRelu }
  public var asOperator: Operator<Scalar> { .linearRelu(self) }

  public var matrixUnit: DType? { gemm.matrixUnit }

  public var flops: FLOPCounts<Scalar> { gemm.flops }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) { gemm.forEachOperand(visit) }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) { gemm.forEachParameter(visit) }

  public static var source: String {
    "linear layer with relu: the GEMM's products and sums; relu compares each result before it is stored"
  }
}
