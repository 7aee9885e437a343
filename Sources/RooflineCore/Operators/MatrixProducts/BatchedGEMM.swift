/// Products of equal shape beside each other, each with rows and a matrix of its own: y_g (m×n) = x_g (m×k) · W_g (k×n).
///
/// 2·g·m·n·k FLOPs: what heads do with parts of one checkpoint's matrix, whatever that matrix looks like as a whole.
package struct BatchedGEMM<Scalar: Term>: OperatorDefinition {
  package let groups, m, n, k: Scalar
  /// Whether the checkpoint's matrix has the products' inner dimension as its outputs: a matrix multiplied from its other side.
  package let isTransposed: Bool
  package private(set) var formats: NumberFormats

  package init(
    groups: Scalar, m: Scalar, n: Scalar, k: Scalar, isTransposed: Bool = false, formats: NumberFormats
  ) {
    self.groups = groups
    self.m = m.named(.gemmM)
    self.n = n.named(.gemmN)
    self.k = k.named(.gemmK)
    self.isTransposed = isTransposed
    self.formats = formats
  }

  package var kind: OperatorKind { .batchedGEMM }
  package var asOperator: Operator<Scalar> { .batchedGEMM(self) }

  package var matrixUnit: DType? { formats.linearUnit }

  /// FLOPs of all products.
  package var product: Scalar {
    @specialized(where Scalar == Count) get { 2 * groups * m * n * k }
  }

  package var flops: FLOPCounts<Scalar> { FLOPCounts(product: product, on: formats.linearUnit) }

  @specialized(where Scalar == Count)
  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(
      Operand(
        .input, .loadActivation, groups * m * k, formats.activationFormat,
        scaleBytes: formats.activationScaleBytes(rows: groups * m, columns: k)))
    visit(
      Operand(
        .weight, .loadWeight, groups * n * k, formats.weightFormat,
        scaleBytes: formats.weightStorage.scaleBytes(
          rows: groups * (isTransposed ? k : n), columns: isTransposed ? n : k)))
    visit(Operand(.output, .storeActivation, groups * m * n, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    .rows([.init(.input, gradient(by: .input)), .init(.weight, gradient(by: .weight))])
  }

  func gradient(by target: GEMMGradient<Scalar>.Target) -> GEMMGradient<Scalar> {
    GEMMGradient(GEMM(m: m, n: n, k: k, formats: formats), groups: groups, by: target)
  }

  package func holding(_ tensor: TensorFormat) -> Self? {
    var changed = self
    changed.formats = formats.holding(tensor)
    return changed
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(
      OperatorParameter(
        .weight, groups * (isTransposed ? k : n), by: isTransposed ? n : k, formats.weightFormat))
  }

  package static var source: String {
    "g products of mn dot products of k multiplications and k additions, each with a matrix of its own"
  }
}
