/// Moves the new keys and values of a fused projection to the KV cache, where no rotary embedding does it on its way.
public struct KeyValueCacheWrite<Scalar: Term>: OperatorDefinition {
  public let shape: AttentionShape<Scalar>
  public let formats: NumberFormats

  public init(_ shape: AttentionShape<Scalar>, formats: NumberFormats) {
    self.shape = shape
    self.formats = formats
  }

  public var kind: OperatorKind { .keyValueCacheWrite }
  public var asOperator: Operator<Scalar> { .keyValueCacheWrite(self) }

  public var flops: FLOPCounts<Scalar> { FLOPCounts() }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    for name in [StaticName.key, .value] {
      visit(Operand(name, .loadActivation, shape.newKeys, formats.residualFormat))
      visit(Operand(name, .storeKVCache, shape.newKeys, formats.keyValueFormat))
    }
  }

  public static var source: String { "moving keys and values to the cache: no arithmetic" }
}
