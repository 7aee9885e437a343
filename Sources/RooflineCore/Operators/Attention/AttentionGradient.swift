/// The gradients of fused attention: dQ, dK and dV from dO and the probabilities that the forward pass kept.
///
/// Four products (dV, dP, dQ, dK) of 2d FLOPs a visible pair and head, twice the forward ones, and the softmax's four vector
/// operations; two more in a row with a sink (`SoftmaxGradient`). Where scores pass a cap, four more (`SoftcapGradient`). Where values are keys, their two gradients are added up, an addition an
/// element. Nothing is computed again, so the visible pairs' probabilities are read; dP and dS stay on the chip.
package struct AttentionGradient<Scalar: Term>: GradientDefinition {
  package let attention: Attention<Scalar>

  package init(_ attention: Attention<Scalar>) { self.attention = attention }

  package var kind: OperatorKind { .attentionGradient }
  package var asOperator: Operator<Scalar> { .attentionGradient(self) }

  package var matrixUnit: DType? { formats.residual }

  private var formats: NumberFormats { attention.formats }

  package var flops: FLOPCounts<Scalar> {
    let perHead = attention.visibleScores
    var vector = attention.hasSinks ? 4 * perHead + 2 * attention.sinkRows : 4 * perHead
    if attention.capsScores { vector = vector + 4 * perHead }
    if attention.valuesAreKeys { vector = vector + attention.shape.keys(attention.visibleKeys) }
    return FLOPCounts(product: product(perHead), on: formats.residual, vector: vector)
  }

  /// 2d each for dQ and dK, 2d_v each for dP and dV.
  private func product(_ pairs: Scalar) -> Scalar {
    let shape = attention.shape
    return shape.valueDim == shape.headDim
      ? 8 * pairs * shape.headDim : 4 * pairs * (shape.headDim + shape.valueDim)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let shape = attention.shape
    let (keys, values) = (shape.keys(attention.visibleKeys), shape.values(attention.visibleKeys))
    visit(Operand(.outputGradient, .loadActivation, shape.outputs, formats.residualFormat))
    visit(Operand(.query, .loadActivation, shape.queries, formats.residualFormat))
    visit(Operand(.key, .loadActivation, keys, formats.residualFormat))
    if !attention.valuesAreKeys { visit(Operand(.value, .loadActivation, values, formats.residualFormat)) }
    visit(Operand(.probabilities, .loadActivation, attention.keptProbabilities, formats.residualFormat))
    if attention.capsScores {
      visit(Operand(.scores, .loadActivation, attention.visibleScores, formats.residualFormat))
    }
    visit(Operand(.queryGradient, .storeActivation, shape.queries, formats.residualFormat))
    visit(Operand(.keyGradient, .storeActivation, keys, formats.residualFormat))
    if !attention.valuesAreKeys {
      visit(Operand(.valueGradient, .storeActivation, values, formats.residualFormat))
    }
    if attention.hasSinks {
      visit(Operand(.weightGradient, .storeActivation, shape.heads, formats.residualFormat))
    }
  }

  package static var source: String {
    "gradient of fused attention, a visible (query, key) pair and head: 2d each for dV, dP, dQ, dK; four operations for dS; the probabilities are kept, not computed again"
  }
}
