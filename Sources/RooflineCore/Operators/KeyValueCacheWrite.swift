/// Moves the new keys and values of a fused projection to the KV cache, where no rotary embedding does it on its way.
public struct KeyValueCacheWrite<Scalar: Term>: OperatorDefinition {
  public let shape: AttentionShape<Scalar>
  /// Whether there are keys alone: those of latent attention hold the values.
  public let keysOnly: Bool
  public let formats: NumberFormats

  public init(_ shape: AttentionShape<Scalar>, keysOnly: Bool = false, formats: NumberFormats) {
    self.shape = shape
    self.keysOnly = keysOnly
    self.formats = formats
  }

  public var kind: OperatorKind { .keyValueCacheWrite }
  public var asOperator: Operator<Scalar> { .keyValueCacheWrite(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts() }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.key, .loadActivation, shape.newKeys, formats.residualFormat))
    visit(Operand(.key, .storeKVCache, shape.newKeys, formats.keyValueFormat))
    guard !keysOnly else { return }
    visit(Operand(.value, .loadActivation, shape.newValues, formats.residualFormat))
    visit(Operand(.value, .storeKVCache, shape.newValues, formats.keyValueFormat))
  }

  public static var source: String { "moving keys and values to the cache: no arithmetic" }
}
