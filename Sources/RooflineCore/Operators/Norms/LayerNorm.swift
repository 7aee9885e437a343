/// LayerNorm: y = (x − mean) · rsqrt(variance + ε) · weight + bias.
///
/// A row: sum w and mean 1, centre w, squares and their sum 2w, variance and ε 2, scale by the root, by the weight, shift 3w:
/// 7w + 3 vector; one rsqrt.
public struct LayerNorm<Scalar: Term>: OperatorDefinition {
  public let rows, width: Scalar
  public let formats: NumberFormats

  public init(rows: Scalar, width: Scalar, formats: NumberFormats) {
    self.rows = rows.named(.rows)
    self.width = width.named(.width)
    self.formats = formats
  }

  public var kind: OperatorKind { .layerNorm }
  public var asOperator: Operator<Scalar> { .layerNorm(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts(vector: rows * (7 * width + 3), special: rows) }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.input, .loadActivation, rows * width, formats.residualFormat))
    visit(Operand(.weight, .loadWeight, width, formats.residualFormat))
    visit(Operand(.bias, .loadWeight, width, formats.residualFormat))
    visit(Operand(.output, .storeActivation, rows * width, formats.residualFormat))
  }

  public func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.weight, width, formats.residualFormat))
    visit(OperatorParameter(.bias, width, formats.residualFormat))
  }

  public var rowwise: RowwiseWork<Scalar>? {
    RowwiseWork(of: self, dtype: formats.residual, rows: rows, width: width, walk: .row)
  }

  public static var source: String {
    "LayerNorm, a row: sum w, mean 1, centre w, squares and sum 2w, variance and ε 2, two scalings and a shift 3w; one rsqrt"
  }
}
