/// The gradients of hyper-connections: of the streams, of the coefficients that a product gives, of their scales and shifts.
///
/// In front of a block, a token: the streams' pre·dy and the coefficients' Σ dy·x, 3·N·H. The mixing matrix backwards through each
/// normalisation y = x/Σx by (dy − Σ dy·y)/Σx, 4N², and through its softmax by p·(dp − Σ dp·p), 4N²; the sigmoids by dσ·σ·(1 − σ), 3 each,
/// and one for ε or the factor 2; of every coefficient the product with its scale, and what it adds to the scale's gradient and to the
/// shift's, 4: 16N + 8N² + 4N²·(2i − 1) + 3·N·H. In front of the head 8N + 3·N·H. Behind a block: of its output and of that one's shares
/// 2·N·H each, of the streams and of theirs 2·N²·H each.
///
/// Nothing is computed again: the forward row keeps the sigmoids, the softmax, and each normalisation's result and sums.
package struct HyperConnectionGradient<Scalar: Term>: GradientDefinition {
  package let connection: HyperConnection<Scalar>

  package init(_ connection: HyperConnection<Scalar>) { self.connection = connection }

  package var kind: OperatorKind {
    switch connection.place {
    case .before: .hyperCollapseGradient
    case .after: .hyperExpandGradient
    case .head: .hyperHeadGradient
    }
  }
  package var asOperator: Operator<Scalar> { .hyperConnectionGradient(self) }

  private var rows: Scalar { connection.rows }
  private var streams: Scalar { connection.streams }
  private var square: Scalar { streams * streams }

  package var flops: FLOPCounts<Scalar> {
    let sums = streams * connection.width
    switch connection.place {
    case .before(let iterations):
      let normalisations = (2 * iterations).excess(over: 1) * (4 * square)
      return FLOPCounts(vector: rows * (16 * streams + 8 * square + normalisations + 3 * sums))
    case .after: return FLOPCounts(vector: rows * (4 * sums + 4 * streams * sums))
    case .head: return FLOPCounts(vector: rows * (8 * streams + 3 * sums))
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let (one, all) = (rows * connection.width, rows * streams * connection.width)
    let format = connection.formats.residualFormat
    let coefficients = rows * connection.coefficients
    switch connection.place {
    case .before:
      visit(Operand(.outputGradient, .loadActivation, one, format))
      visit(Operand(.mixingGradient, .loadActivation, rows * (streams + square), .score))
      visit(Operand(.input, .loadActivation, all, format))
      visit(Operand(.weights, .loadActivation, coefficients, .score))
      visit(Operand(.mixing, .loadActivation, rows * (streams + square), .score))
      visit(Operand(.kept, .loadActivation, connection.kept, .score))
      visit(Operand(.scale, .loadWeight, 3, .score))
      visit(Operand(.inputGradient, .storeActivation, all, format))
      visit(Operand(.scoreGradient, .storeActivation, coefficients, .score))
      visit(Operand(.weightGradient, .storeActivation, 3, .score))
      visit(Operand(.biasGradient, .storeActivation, connection.coefficients, .score))
    case .after:
      visit(Operand(.outputGradient, .loadActivation, all, format))
      visit(Operand(.input, .loadActivation, all, format))
      visit(Operand(.mixing, .loadActivation, coefficients, .score))
      visit(Operand(.residual, .loadActivation, one, format))
      visit(Operand(.inputGradient, .storeActivation, all, format))
      visit(Operand(.mixingGradient, .storeActivation, coefficients, .score))
      visit(Operand(.residualGradient, .storeActivation, one, format))
    case .head:
      visit(Operand(.outputGradient, .loadActivation, one, format))
      visit(Operand(.input, .loadActivation, all, format))
      visit(Operand(.weights, .loadActivation, coefficients, .score))
      visit(Operand(.kept, .loadActivation, connection.kept, .score))
      visit(Operand(.scale, .loadWeight, 1, .score))
      visit(Operand(.inputGradient, .storeActivation, all, format))
      visit(Operand(.scoreGradient, .storeActivation, coefficients, .score))
      visit(Operand(.weightGradient, .storeActivation, 1, .score))
      visit(Operand(.biasGradient, .storeActivation, connection.coefficients, .score))
    }
  }

  package static var source: String {
    "gradient of hyper-connections, a token: 3N·H in front of a block, 4N² a normalisation, 4N² the softmax, 3 a sigmoid, 4 a coefficient; behind a block twice the forward sums"
  }
}
