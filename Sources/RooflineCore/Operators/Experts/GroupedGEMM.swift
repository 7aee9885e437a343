/// Products of routed experts: each token's row by the matrices of the experts that it is sent to, y (pairs×n) = x·W of each.
///
/// 2·m·n·k FLOPs for m token–expert pairs, whoever the experts are; a bias adds m·n. Bytes are of distinct elements: the
/// matrices of the experts that the tokens are expected to touch, and each row of x once. Which rows are whose is bookkeeping of
/// the kernel, and not counted.
public struct GroupedGEMM<Scalar: Term>: OperatorDefinition {
  /// Token–expert pairs of all ranks that share the experts, columns of an expert's matrix, and its inner dimension.
  public let m, n, k: Scalar
  /// Columns of each of two matrices beside each other, gate and up; nil of one matrix.
  public let half: Scalar?
  /// Distinct rows of x on this device: the tokens, or the pairs where each has a row of its own.
  public let inputRows: Scalar
  public let experts: ExpertSet<Scalar>
  public let hasBias: Bool
  /// Columns to whose sums this device adds the bias: where ranks add up their sums, each does so for a part of them.
  public let biasColumns: Scalar
  public let formats: NumberFormats

  public init(
    m: Scalar, n: Scalar, half: Scalar? = nil, k: Scalar, inputRows: Scalar, experts: ExpertSet<Scalar>,
    hasBias: Bool = false,
    biasColumns: Scalar? = nil, formats: NumberFormats
  ) {
    self.m = m.named(.gemmM)
    self.n = n.named(.gemmN)
    self.half = half
    self.k = k.named(.gemmK)
    self.inputRows = inputRows
    self.experts = experts
    self.hasBias = hasBias
    self.biasColumns = biasColumns ?? n
    self.formats = formats
  }

  public var kind: OperatorKind { .groupedGEMM }
  public var asOperator: Operator<Scalar> { .groupedGEMM(self) }

  public var matrixUnit: DType? { formats.linearUnit }

  public var flops: FLOPCounts<Scalar> {
    FLOPCounts(
      product: experts.own(2 * m * n * k), on: formats.linearUnit,
      vector: hasBias ? experts.own(m * biasColumns) : 0)
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, inputRows * k, formats.activationFormat))
    visit(Operand(.weight, .loadWeight, experts.touched(n * k), formats.weightFormat))
    if hasBias { visit(Operand(.bias, .loadWeight, experts.touched(biasColumns), formats.residualFormat)) }
    visit(Operand(.output, .storeActivation, experts.own(m * n), formats.residualFormat))
  }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, n, part: half, by: k, formats.weightFormat, experts: experts))
    if hasBias { visit(OperatorParameter(.bias, biasColumns, part: half, formats.residualFormat, experts: experts)) }
  }

  public static var source: String {
    "grouped GEMM: a dot product of k for each column of each token–expert pair; matrices of the experts that are touched, once"
  }
}
