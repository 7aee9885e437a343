/// The formats of a product of activations with a matrix, which decide the kernel that runs it; by the names of measured data.
package enum ProductFormat: String, Hashable, Sendable, CaseIterable {
  case sixteenBits = "bf16"
  /// A scale a tensor, or a token and a column.
  case fp8
  /// A scale for 128×128 weights, and one for 128 elements of a row of activations.
  case fp8Block = "fp8_block"
  /// A scale for 16 elements of either operand.
  case nvfp4
  /// Weights that are widened to 16 bits on the way to the tensor cores.
  case int8Weight = "int8_wo"
  case int4Weight = "int4_wo"
  case mxfp4Weight = "mxfp4_wo"
  /// MXFP4 weights by fp8 activations.
  case mxfp4FP8 = "mxfp4_fp8"
  /// Both operands, a scale a token and a column.
  case int8 = "int8_sq"

  /// nil where nobody has timed products of such formats.
  package init?(_ formats: NumberFormats) {
    let (weight, input) = (formats.weight, formats.activation)
    let block = formats.weightStorage.scale
    switch (weight, input) {
    case (.bf16, .bf16), (.fp16, .fp16), (.bf16, .fp16), (.fp16, .bf16): self = .sixteenBits
    case (.fp8, .fp8):
      let isDivided = block.map { $0.columns != StorageFormat.BlockScale.whole } ?? false
      guard !isDivided || (block?.rows ?? 1) > 1 else { return nil }
      self = isDivided ? .fp8Block : .fp8
    case (.int8, .int8): self = .int8
    case (.int8, .bf16), (.int8, .fp16): self = .int8Weight
    case (.int4, .bf16), (.int4, .fp16): self = .int4Weight
    case (.fp4, .fp4) where block?.columns == 16 || block == nil: self = .nvfp4
    case (.fp4, .bf16) where block?.columns == 32, (.fp4, .fp16) where block?.columns == 32: self = .mxfp4Weight
    case (.fp4, .fp8) where block?.columns == 32: self = .mxfp4FP8
    default: return nil
    }
  }

  /// Of the activations; measured data of both 16-bit formats are called bf16.
  package var dtype: DType {
    switch self {
    case .sixteenBits, .int8Weight, .int4Weight, .mxfp4Weight: .bf16
    case .fp8, .fp8Block, .mxfp4FP8: .fp8
    case .nvfp4: .fp4
    case .int8: .int8
    }
  }

  /// As a kernel by itself has them; what is narrower than 16 bits leaves in bf16.
  package var formats: NumberFormats {
    func quantized(_ weight: DType, _ storage: StorageFormat, _ input: TensorFormat.Input?) -> NumberFormats {
      NumberFormats(weight: .bf16, activation: .bf16, keyValueCache: .bf16, model: .bf16)
        .holding(TensorFormat(weight, in: storage, input: input, names: .init(scales: "weight_scale")))
    }
    func blocks(_ bits: UInt8, rows: UInt32 = 1, _ columns: UInt32, scale: UInt8) -> StorageFormat {
      StorageFormat(bits: bits, scale: .init(rows: rows, columns: columns, bits: scale))
    }
    return switch self {
    case .sixteenBits: NumberFormats(.bf16)
    case .fp8: NumberFormats(weight: .fp8, activation: .fp8, keyValueCache: .fp8, model: .bf16)
    case .int8: NumberFormats(weight: .int8, activation: .int8, keyValueCache: .int8, model: .bf16)
    case .fp8Block:
      quantized(
        .fp8, blocks(8, rows: 128, 128, scale: 32), .init(.fp8, scale: .init(columns: 128, bits: 32)))
    case .nvfp4: quantized(.fp4, blocks(4, 16, scale: 8), .init(.fp4, scale: .init(columns: 16, bits: 8)))
    case .int8Weight: quantized(.int8, StorageFormat(bits: 8), nil)
    case .int4Weight: quantized(.int4, blocks(4, 128, scale: 16), nil)
    case .mxfp4Weight: quantized(.fp4, blocks(4, 32, scale: 8), nil)
    case .mxfp4FP8: quantized(.fp4, blocks(4, 32, scale: 8), .init(.fp8))
    }
  }
}

// What kernels read of an element, scales included; source: TimeModels.md, "Low precision".
extension ProductFormat {
  /// Bytes of a weight of a matrix.
  package var weightBytes: Double {
    switch self {
    case .sixteenBits: 2
    case .fp8, .int8, .int8Weight: 1
    case .fp8Block: 1 + 4.0 / (128 * 128)
    case .nvfp4: 0.5625
    case .int4Weight: 0.515625
    case .mxfp4Weight, .mxfp4FP8: 0.53125
    }
  }

  /// Bytes of a weight of experts, whose int4 has smaller groups and whose blocks' scales do not count.
  package var expertWeightBytes: Double {
    switch self {
    case .fp8Block: 1
    case .int4Weight: 0.53125
    case .sixteenBits, .fp8, .int8, .int8Weight, .nvfp4, .mxfp4Weight, .mxfp4FP8: weightBytes
    }
  }

  /// Bytes of an activation.
  package var activationBytes: Double {
    switch self {
    case .sixteenBits, .int8Weight, .int4Weight, .mxfp4Weight: 2
    case .fp8, .int8, .mxfp4FP8: 1
    case .fp8Block: 1.03125
    case .nvfp4: 0.5625
    }
  }

  /// The tensor cores' rate over that of bf16.
  package var speedup: Double {
    switch self {
    case .sixteenBits, .int8Weight, .int4Weight, .mxfp4Weight: 1
    case .fp8, .fp8Block, .mxfp4FP8, .int8: 2
    case .nvfp4: 4
    }
  }

  /// Whether activations are quantised first.
  package var quantizesActivations: Bool { activationBytes < 2 }
}
