/// Mamba-1's scan: a state of N a channel, h ← exp(Δ·A)·h + Δ·x·B, y = C·h + D·x, token after token in prompts, too.
/// (Gu and Dao 2023, arXiv:2312.00752.)
///
/// A token and channel: Δ·A N and N exps, Δ·x 1, its product with B N, the decay N, the addition N, C·h 2N, D·x and its addition 2:
/// vector 6N + 3, special N.
package struct SelectiveScan<Scalar: Term>: OperatorDefinition {
  package let batch, queryTokens, channels, stateSize: Scalar
  package let state: Recurrence<Scalar>.StateTraffic
  package let stateDType: DType
  /// Whether the state and the decays of each token are stored for a backward pass.
  package let keepsStates: Bool
  package let formats: NumberFormats

  package init(
    batch: Scalar, queryTokens: Scalar, channels: Scalar, stateSize: Scalar, state: Recurrence<Scalar>.StateTraffic,
    stateDType: DType = .fp32, keepsStates: Bool = false, formats: NumberFormats
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.channels = channels
    self.stateSize = stateSize
    self.state = state
    self.stateDType = stateDType
    self.keepsStates = keepsStates
    self.formats = formats
  }

  package var kind: OperatorKind { .selectiveScan }
  package var asOperator: Operator<Scalar> { .selectiveScan(self) }

  package var flops: FLOPCounts<Scalar> {
    let steps = batch * queryTokens * channels
    return FLOPCounts(vector: steps * (6 * stateSize + 3), special: steps * stateSize)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = formats.residualFormat
    let tokens = batch * queryTokens
    visit(Operand(.input, .loadActivation, tokens * channels, format))
    visit(Operand(.stepSize, .loadActivation, tokens * channels, format))
    visit(Operand(.mixing, .loadActivation, 2 * tokens * stateSize, format))
    visit(Operand(.decay, .loadWeight, channels * stateSize, format))
    visit(Operand(.weight, .loadWeight, channels, format))
    state.forEachOperand(batch * channels * stateSize, ElementFormat(.stateBytes, stateDType), visit)
    visit(Operand(.output, .storeActivation, tokens * channels, format))
    if keepsStates { forEachKeptOperand(.storeActivation, visit) }
  }

  /// What a backward pass needs: each token's state, and the decay before it.
  func forEachKeptOperand(_ traffic: TrafficClass, _ visit: (Operand<Scalar>) -> Void) {
    let elements = batch * queryTokens * channels * stateSize
    visit(Operand(.states, traffic, elements, ElementFormat(.stateBytes, stateDType)))
    visit(Operand(.decays, traffic, elements, formats.residualFormat))
  }

  package var gradients: OperatorGradients<Scalar> { .rows([.init(.backward, SelectiveScanGradient(self))]) }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    visit(OperatorParameter(.decay, channels, by: stateSize, formats.residualFormat))
    visit(OperatorParameter(.skip, channels, formats.residualFormat))
  }

  package static var source: String {
    "Mamba-1 scan, a token and channel: Δ·A, Δx·B, decay, addition 4N, C·h 2N, Δ·x, D·x and its addition 3; N exps"
  }
}
