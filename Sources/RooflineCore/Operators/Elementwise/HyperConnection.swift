/// What manifold-constrained hyper-connections do around a block: N residual streams become one in front of it, and the block's
/// output joins the streams, mixed with each other, behind it (arXiv:2512.24880).
///
/// Coefficients come from a product that is a row of its own. A token in front of a block: of its N + N coefficients scale, shift
/// and sigmoid, 4 vector and one exp each, ε or a factor 2 another; of the N² of the mixing matrix scale, shift, softmax (subtract,
/// add, divide; one exp) and ε, 6 each; then 2·i − 1 normalisations of rows and columns, 2N² + N each; the sum of the N streams
/// 2·N·H. Behind a block: 2·N·H for the output's shares, 2·N²·H for the streams'. In front of the head N coefficients, and a sum.
package struct HyperConnection<Scalar: Term>: OperatorDefinition {
  /// Where it stands.
  package enum Place: Hashable, Sendable {
    /// In front of a block, with so many iterations of the normalisation.
    case before(iterations: Scalar)
    /// Behind a block.
    case after
    /// In front of the head.
    case head
  }

  package let place: Place
  package let rows, width, streams: Scalar
  /// Whether what its gradient needs is stored: sigmoids, the softmax, each normalisation's sums and, but for the last, which is the
  /// mixing matrix, its result.
  package let keepsCoefficients: Bool
  package let formats: NumberFormats

  package init(
    _ place: Place, rows: Scalar, width: Scalar, streams: Scalar, keepsCoefficients: Bool = false,
    formats: NumberFormats
  ) {
    self.keepsCoefficients = keepsCoefficients
    self.place = place
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.streams = streams
    self.formats = formats
  }

  package var kind: OperatorKind {
    switch place {
    case .before: .hyperCollapse
    case .after: .hyperExpand
    case .head: .hyperHead
    }
  }
  package var asOperator: Operator<Scalar> { .hyperConnection(self) }

  /// Elements of the mixing matrix.
  private var square: Scalar { streams * streams }
  /// Coefficients of a token that the product in front gives.
  var coefficients: Scalar {
    switch place {
    case .before: 2 * streams + square
    case .after: streams + square
    case .head: streams
    }
  }

  /// Elements that are stored for the gradient.
  var kept: Scalar {
    switch place {
    case .before(let iterations):
      rows * (2 * streams + square + (2 * iterations).excess(over: 2) * (square + streams))
    case .after: 0
    case .head: rows * streams
    }
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, HyperConnectionGradient(self))]) }

  package var flops: FLOPCounts<Scalar> {
    let sum = 2 * streams * width
    switch place {
    case .before(let iterations):
      let normalisations = (2 * iterations).excess(over: 1) * (2 * square + streams)
      return FLOPCounts(
        vector: rows * (10 * streams + 6 * square + normalisations + sum), special: rows * (2 * streams + square))
    case .after: return FLOPCounts(vector: rows * (sum + 2 * square * width))
    case .head: return FLOPCounts(vector: rows * (5 * streams + sum), special: rows * streams)
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let (one, all) = (rows * width, rows * streams * width)
    visit(Operand(.input, .loadActivation, all, formats.residualFormat))
    visit(Operand(.weights, .loadActivation, rows * coefficients, .score))
    switch place {
    case .before:
      visit(Operand(.scale, .loadWeight, 3, .score))
      visit(Operand(.bias, .loadWeight, coefficients, .score))
      visit(Operand(.output, .storeActivation, one, formats.residualFormat))
      visit(Operand(.mixing, .storeActivation, rows * (streams + square), .score))
      if keepsCoefficients { visit(Operand(.kept, .storeActivation, kept, .score)) }
    case .after:
      visit(Operand(.residual, .loadActivation, one, formats.residualFormat))
      visit(Operand(.output, .storeActivation, all, formats.residualFormat))
    case .head:
      visit(Operand(.scale, .loadWeight, 1, .score))
      visit(Operand(.bias, .loadWeight, coefficients, .score))
      visit(Operand(.output, .storeActivation, one, formats.residualFormat))
      if keepsCoefficients { visit(Operand(.kept, .storeActivation, kept, .score)) }
    }
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    switch place {
    case .before:
      visit(OperatorParameter(.scale, 3, .score))
      visit(OperatorParameter(.base, coefficients, .score))
    case .after: break
    case .head:
      visit(OperatorParameter(.headScale, 1, .score))
      visit(OperatorParameter(.headBase, coefficients, .score))
    }
  }

  package static var source: String {
    "hyper-connections, a token: coefficients scaled, shifted, sigmoid or softmax; 2i − 1 normalisations of N × N, 2N² + N each; sums of N streams, 2N·H, and of N² shares, 2N²·H"
  }
}
