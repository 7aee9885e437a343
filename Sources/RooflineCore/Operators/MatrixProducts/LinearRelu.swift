/// y = relu(x · W [+ bias]) in one kernel: a GEMM whose epilogue compares each result with 0 before it is stored.
///
/// Comparisons are not FLOPs and the intermediate result never leaves the chip, so it costs what the GEMM costs.
package struct LinearRelu<Scalar: Term>: OperatorDefinition {
  package let gemm: GEMM<Scalar>

  package init(_ gemm: GEMM<Scalar>) { self.gemm = gemm }

  package var kind: OperatorKind { .linearRelu }
  package var asOperator: Operator<Scalar> { .linearRelu(self) }

  package var matrixUnit: DType? { gemm.matrixUnit }

  package var flops: FLOPCounts<Scalar> { gemm.flops }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) { gemm.forEachOperand(visit) }

  /// The result itself says where it was above 0.
  package var gradients: OperatorGradients<Scalar> { gemm.gradients(behind: .relu) }

  package func holding(_ tensor: TensorFormat) -> Self? { gemm.holding(tensor).map(LinearRelu.init) }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) { gemm.forEachParameter(visit) }

  package static var source: String {
    "linear layer with relu: the GEMM's products and sums; relu compares each result before it is stored"
  }
}
