/// Moves the new keys and values of a fused projection to the KV cache, where no rotary embedding does it on its way.
package struct KeyValueCacheWrite<Scalar: Term>: OperatorDefinition {
  package let shape: AttentionShape<Scalar>
  /// Whether there are keys alone: those of latent attention hold the values.
  package let keysOnly: Bool
  package let formats: NumberFormats

  package init(_ shape: AttentionShape<Scalar>, keysOnly: Bool = false, formats: NumberFormats) {
    self.shape = shape
    self.keysOnly = keysOnly
    self.formats = formats
  }

  package var kind: OperatorKind { .keyValueCacheWrite }
  package var asOperator: Operator<Scalar> { .keyValueCacheWrite(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var flops: FLOPCounts<Scalar> { FLOPCounts() }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.key, .loadActivation, shape.newKeys, formats.residualFormat))
    visit(Operand(.key, .storeKVCache, shape.newKeys, formats.keyValueFormat))
    guard !keysOnly else { return }
    visit(Operand(.value, .loadActivation, shape.newValues, formats.residualFormat))
    visit(Operand(.value, .storeKVCache, shape.newValues, formats.keyValueFormat))
  }

  package static var source: String { "moving keys and values to the cache: no arithmetic" }
}
