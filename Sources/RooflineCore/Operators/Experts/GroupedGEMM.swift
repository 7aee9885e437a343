/// Products of routed experts: each token's row by the matrices of the experts that it is sent to, y (pairs×n) = x·W of each.
///
/// 2·m·n·k FLOPs for m token–expert pairs, whoever the experts are; a bias adds m·n. Bytes are of distinct elements: the
/// matrices of the experts that the tokens are expected to touch, and each row of x once. Which rows are whose is bookkeeping of
/// the kernel, and not counted.
package struct GroupedGEMM<Scalar: Term>: OperatorDefinition {
  /// Token–expert pairs of all ranks that share the experts, columns of an expert's matrix, and its inner dimension.
  package let m, n, k: Scalar
  /// Columns of each of two matrices beside each other, gate and up; nil of one matrix.
  package let half: Scalar?
  /// Distinct rows of x on this device: the tokens, or the pairs where each has a row of its own.
  package let inputRows: Scalar
  package private(set) var experts: ExpertSet<Scalar>
  package let hasBias: Bool
  /// Columns to whose sums this device adds the bias: where ranks add up their sums, each does so for a part of them.
  package let biasColumns: Scalar
  package private(set) var formats: NumberFormats

  package init(
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

  package var kind: OperatorKind { .groupedGEMM }
  package var asOperator: Operator<Scalar> { .groupedGEMM(self) }

  package var matrixUnit: DType? { formats.linearUnit }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(
      product: experts.own(2 * m * n * k), on: formats.linearUnit,
      vector: hasBias ? experts.own(m * biasColumns) : 0)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(
      Operand(
        .input, .loadActivation, inputRows * k, formats.activationFormat,
        scaleBytes: formats.activationScaleBytes(rows: inputRows, columns: k)))
    visit(
      Operand(
        .weight, .loadWeight, experts.touched(n * k), formats.weightFormat,
        scaleBytes: formats.weightStorage.scaleBytes(
          rows: half ?? n, columns: k, matrices: half == nil ? 1 : 2, of: experts.touched)))
    if hasBias { visit(Operand(.bias, .loadWeight, experts.touched(biasColumns), formats.residualFormat)) }
    visit(Operand(.output, .storeActivation, experts.own(m * n), formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> {
    let products = [
      OperatorGradient(.input, GroupedGEMMGradient(self, by: .input)),
      OperatorGradient(.weight, GroupedGEMMGradient(self, by: .weight)),
    ]
    let bias = BiasGradient(rows: m, width: biasColumns, experts: experts, formats: formats)
    return .rows(hasBias ? products + [OperatorGradient(.bias, bias)] : products)
  }

  package func holding(_ tensor: TensorFormat) -> Self? {
    var changed = self
    changed.formats = formats.holding(tensor)
    return changed
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, n, part: half, by: k, formats.weightFormat, experts: experts))
    if hasBias { visit(OperatorParameter(.bias, biasColumns, part: half, formats.residualFormat, experts: experts)) }
  }

  package static var source: String {
    "grouped GEMM: a dot product of k for each column of each token–expert pair; matrices of the experts that are touched, once"
  }
}

extension GroupedGEMM where Scalar == Count {
  /// Token–expert pairs on this device.
  package var ownPairs: Count { experts.own(m) }

  /// Distinct experts that are touched: the expected number in whole ones, 1 at least.
  package var wholeTouched: Count {
    Count(UInt64(max(experts.touched.value(at: Double(experts.tokens.value)), 1).rounded()))
  }

  /// Pairs of the expert that has most, in whole ones: no fewer than the others leave it, and no more than it has rows to read.
  /// nil: as many as come about where each token chooses for itself.
  package var wholeMost: Count? {
    guard let expected = experts.touched.mostPairs(at: Double(experts.tokens.value)) else { return nil }
    let (pairs, touched) = (ownPairs.value, wholeTouched.value)
    let even = pairs / touched + (pairs % touched == 0 ? 0 : 1)
    let limit = max(even, min(inputRows.value, pairs > touched ? pairs - touched + 1 : 1))
    return Count(UInt64(min(max(expected.rounded(), Double(even)), Double(limit))))
  }

  /// The product as it can be run, and as its columns state it: a part of an expert is touched by nobody.
  package var inWholeExperts: Self {
    var changed = self
    changed.experts = ExpertSet(
      held: experts.held, all: experts.all, chosen: experts.chosen, tokens: experts.tokens,
      touched: .stated(Double(wholeTouched.value), most: wholeMost.map { Double($0.value) }), share: experts.share)
    return changed
  }
}
