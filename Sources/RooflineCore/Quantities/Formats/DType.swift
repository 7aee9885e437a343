/// A number format of tensors.
public enum DType: String, Hashable, Sendable, CaseIterable {
  /// Named for their widths; `tf32` is what matrix units make of fp32, `fp8` and `fp4` stand for every variant of so many bits.
  case fp32, tf32, bf16, fp16, fp8, int8, fp4, int4

  /// How its elements lie in memory, without scales. tf32 is stored as 32 bits and rounded on the way into the matrix unit.
  package var storage: StorageFormat {
    switch self {
    case .fp32, .tf32: StorageFormat(bits: 32)
    case .bf16, .fp16: StorageFormat(bits: 16)
    case .fp8, .int8: StorageFormat(bits: 8)
    case .fp4, .int4: StorageFormat(bits: 4)
    }
  }

  /// Bits of an element in memory.
  public var bits: UInt64 { storage.bits }

  /// The format whose matrix unit multiplies an activation by the other operand: the one with more bits, on a tie the
  /// activation's, because the narrower operand is widened on its way into the unit.
  package static func matrixUnit(activation: DType, other: DType) -> DType {
    // Mostly they are one, and no widths need to be looked up.
    activation == other || other.bits <= activation.bits ? activation : other
  }

  /// fp32 products have no matrix unit; they run on the CUDA cores and are counted as vector work.
  public var runsOnTensorCores: Bool { self != .fp32 }

  /// Formats that are stored with scales per block, channel or tensor, whose bytes are not counted yet.
  public var usuallyCarriesScales: Bool { bits < 16 }
}
