import RooflineCore
import TestSupport

/// A mix of number formats with the widths and units that the counting contract gives it, typed by hand.
struct BruteForceFormats {
  let formats: NumberFormats
  /// Bits of an element.
  let weight, activation, residual, keyValue: Int
  /// The format whose matrix unit multiplies.
  let linearUnit, attentionUnit: DType

  static let all: [BruteForceFormats] = [
    // Formats: weight, activation, KV cache, model. Bits: weight, activation, residual, KV cache.
    mix(.bf16, .bf16, .bf16, .bf16, bits: 16, 16, 16, 16, linear: .bf16, attention: .bf16),
    mix(.fp32, .fp32, .fp32, .fp32, bits: 32, 32, 32, 32, linear: .fp32, attention: .fp32),
    mix(.tf32, .tf32, .tf32, .tf32, bits: 32, 32, 32, 32, linear: .tf32, attention: .tf32),
    mix(.fp8, .fp8, .fp8, .fp8, bits: 8, 8, 16, 8, linear: .fp8, attention: .bf16),
    mix(.int4, .int4, .int4, .fp32, bits: 4, 4, 16, 4, linear: .int4, attention: .bf16),
    mix(.int4, .bf16, .fp8, .bf16, bits: 4, 16, 16, 8, linear: .bf16, attention: .bf16),
    mix(.fp16, .fp8, .int4, .fp16, bits: 16, 8, 16, 4, linear: .fp16, attention: .fp16),
    mix(.int8, .fp4, .fp16, .bf16, bits: 8, 4, 16, 16, linear: .int8, attention: .bf16),
    mix(.fp32, .bf16, .bf16, .bf16, bits: 32, 16, 16, 16, linear: .fp32, attention: .bf16),
    mix(.bf16, .fp32, .int8, .bf16, bits: 16, 32, 32, 8, linear: .fp32, attention: .fp32),
    mix(.bf16, .bf16, .fp32, .bf16, bits: 16, 16, 16, 32, linear: .bf16, attention: .fp32),
    mix(.tf32, .fp32, .tf32, .bf16, bits: 32, 32, 32, 32, linear: .fp32, attention: .fp32),
    mix(.fp32, .tf32, .fp32, .bf16, bits: 32, 32, 32, 32, linear: .tf32, attention: .tf32),
  ]

  private static func mix(
    _ weight: DType, _ activation: DType, _ keyValue: DType, _ model: DType, bits weightBits: Int,
    _ activationBits: Int, _ residualBits: Int, _ keyValueBits: Int, linear: DType, attention: DType
  ) -> BruteForceFormats {
    BruteForceFormats(
      formats: NumberFormats(weight: weight, activation: activation, keyValueCache: keyValue, model: model),
      weight: weightBits, activation: activationBits, residual: residualBits, keyValue: keyValueBits,
      linearUnit: linear, attentionUnit: attention)
  }

  var name: String {
    "\(formats.weight) weights, \(formats.activation) activations, \(formats.keyValueCache) cache"
  }

  /// Who multiplies the matrices of a linear layer.
  var linear: CountingMachine.Unit { BruteForceFormats.unit(linearUnit) }
  /// Who multiplies queries by keys and probabilities by values.
  var attention: CountingMachine.Unit { BruteForceFormats.unit(attentionUnit) }

  /// fp32 has no matrix unit.
  private static func unit(_ dtype: DType) -> CountingMachine.Unit { dtype == .fp32 ? .vector : .tensor }

  func tensor(_ name: String, _ home: DeviceTensor.Home, _ bits: KeyPath<BruteForceFormats, Int>, _ shape: Int...)
    -> DeviceTensor
  {
    DeviceTensor(name, home, bits: self[keyPath: bits], shape: shape)
  }
}
