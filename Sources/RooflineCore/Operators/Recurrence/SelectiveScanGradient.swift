/// The gradients of Mamba-1's scan, last token first: by x, the step sizes, B, C, A and D.
///
/// Each token's state h and its decay exp(Δ·A) were kept, N a channel each, so that none is computed again. With dh the
/// gradient of the state, a token and channel: dh + dY·C 2N, dC 2N, dB 2N, the gradient of Δ·x 2N, dh times the decay N
/// for the token before, times that token's state N for Δ·A, from that dΔ and dA 4N: 14N. Δ·x 1, dD 2, dx from both
/// ways 3, the rest of dΔ 2: 8. Of a channel once dA·A for its logarithm, N. No special functions.
package struct SelectiveScanGradient<Scalar: Term>: GradientDefinition {
  package let scan: SelectiveScan<Scalar>

  package init(_ scan: SelectiveScan<Scalar>) { self.scan = scan }

  package var kind: OperatorKind { .selectiveScanGradient }
  package var asOperator: Operator<Scalar> { .selectiveScanGradient(self) }

  private var tokens: Scalar { scan.batch * scan.queryTokens }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(
      vector: tokens * scan.channels * (14 * scan.stateSize + 8) + scan.channels * scan.stateSize)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = scan.formats.residualFormat
    let inputs = tokens * scan.channels
    visit(Operand(.outputGradient, .loadActivation, inputs, format))
    visit(Operand(.input, .loadActivation, inputs, format))
    visit(Operand(.stepSize, .loadActivation, inputs, format))
    visit(Operand(.mixing, .loadActivation, 2 * tokens * scan.stateSize, format))
    scan.forEachKeptOperand(.loadActivation, visit)
    visit(Operand(.decay, .loadWeight, scan.channels * scan.stateSize, format))
    visit(Operand(.weight, .loadWeight, scan.channels, format))
    visit(Operand(.inputGradient, .storeActivation, inputs, format))
    visit(Operand(.stepSizeGradient, .storeActivation, inputs, format))
    visit(Operand(.mixingGradient, .storeActivation, 2 * tokens * scan.stateSize, format))
    visit(Operand(.decayGradient, .storeActivation, scan.channels * scan.stateSize, format))
    visit(Operand(.weightGradient, .storeActivation, scan.channels, format))
  }

  package static var source: String {
    "gradients of Mamba-1's scan with the kept states and decays, a token and channel: dh 3N, dC, dB and dΔx 6N, dΔ·A and from it dΔ and dA 5N, Δ·x 1, dD 2, dx 3, dΔ 2; dA·A once"
  }
}
