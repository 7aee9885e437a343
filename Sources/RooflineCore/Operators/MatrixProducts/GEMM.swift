/// y (m×n) = x (m×k) · W (k×n) [+ bias (n)].
///
/// 2mnk FLOPs: each of the mn results is a sum of k products, k multiplications and k additions. The bias adds mn vector
/// additions. K and V projections store their result to the KV cache (`GEMMDestination.keyValueCache`).
package struct GEMM<Scalar: Term>: OperatorDefinition {
  package let m, n, k: Scalar
  package let hasBias: Bool
  package let destination: GEMMDestination
  /// Where the rows of x lie: cached latents are read where they were stored.
  package let source: KeyValueHome
  package private(set) var formats: NumberFormats

  package init(
    m: Scalar, n: Scalar, k: Scalar, formats: NumberFormats, hasBias: Bool = false,
    destination: GEMMDestination = .activation, source: KeyValueHome = .activation
  ) {
    self.m = m.named(.gemmM)
    self.n = n.named(.gemmN)
    self.k = k.named(.gemmK)
    self.formats = formats
    self.hasBias = hasBias
    self.destination = destination
    self.source = source
  }

  package var kind: OperatorKind { .gemm }
  package var asOperator: Operator<Scalar> { .gemm(self) }

  package var matrixUnit: DType? { formats.linearUnit }

  /// The FLOPs of the product alone, and of either gradient's.
  package var product: Scalar {
    @specialized(where Scalar == Count) get { 2 * m * n * k }
  }

  package var flops: FLOPCounts<Scalar> {
    @inline(__always) get { FLOPCounts(product: product, on: formats.linearUnit, vector: hasBias ? m * n : 0) }
  }

  @inline(__always)
  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    switch source {
    case .activation:
      visit(
        Operand(
          .input, .loadActivation, m * k, formats.activationFormat,
          scaleBytes: formats.activationScaleBytes(rows: m, columns: k)))
    case .cache: visit(Operand(.input, .loadKVCache, m * k, formats.keyValueFormat))
    }
    visit(
      Operand(
        .weight, .loadWeight, n * k, formats.weightFormat,
        scaleBytes: formats.weightStorage.scaleBytes(rows: n, columns: k)))
    if hasBias { visit(Operand(.bias, .loadWeight, n, formats.residualFormat)) }
    switch destination {
    case .activation: visit(Operand(.output, .storeActivation, m * n, formats.residualFormat))
    case .keyValueCache: visit(Operand(.output, .storeKVCache, m * n, formats.keyValueFormat))
    }
  }

  package var gradients: OperatorGradients<Scalar> { .rows(ownGradients) }

  /// Those of a kernel that applies a function to the results: its gradient first.
  func gradients(behind function: ActivationGradient<Scalar>.Function) -> OperatorGradients<Scalar> {
    .rows([.init(.backward, ActivationGradient(function, elements: m * n, formats: formats))] + ownGradients)
  }

  private var ownGradients: [OperatorGradient<Scalar>] {
    let product = [
      OperatorGradient(.input, GEMMGradient(self, by: .input)),
      OperatorGradient(.weight, GEMMGradient(self, by: .weight)),
    ]
    return hasBias ? product + [.init(.bias, BiasGradient(rows: m, width: n, formats: formats))] : product
  }

  package func holding(_ tensor: TensorFormat) -> Self? {
    var changed = self
    changed.formats = formats.holding(tensor)
    return changed
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, n, by: k, formats.weightFormat))
    if hasBias { visit(OperatorParameter(.bias, n, formats.residualFormat)) }
  }

  package static var source: String { "GEMM: mn dot products of k multiplications and k additions; a bias adds mn" }
}

/// Where a GEMM's result goes.
package enum GEMMDestination: Hashable, Sendable {
  case activation
  /// K and V projections of the separate operator set write straight into the cache.
  case keyValueCache
}
