import RooflineCore

/// How an element lies in memory.
package enum ElementType: String, Hashable, Sendable, CaseIterable {
  /// The endings of the names that this package's kernels have.
  case f16, bf16, f32
  /// A float whose last 13 bits are zero: what a matrix unit makes of an operand in tf32.
  case tf32
  /// e4m3: largest 448, no infinity.
  case fp8
  case int8
  case int32

  /// That of this package's kernels; nil for formats that none of them takes.
  package init?(_ dtype: DType) {
    switch dtype {
    case .fp16: self = .f16
    case .bf16: self = .bf16
    case .fp32, .tf32: self = .f32
    default: return nil
    }
  }

  package var byteCount: Int {
    switch self {
    case .f32, .tf32, .int32: 4
    case .f16, .bf16: 2
    case .fp8, .int8: 1
    }
  }

  /// Half a unit in the last place, relative: what rounding to an element costs at most.
  package var roundoff: Double {
    switch self {
    case .f16, .tf32: 0x1p-11
    case .bf16: 0x1p-8
    case .f32: 0x1p-24
    case .fp8: 0x1p-4
    case .int8, .int32: 0
    }
  }

  /// The smallest distance between two elements: what rounding costs near zero.
  package var leastDistance: Double {
    switch self {
    case .f16: 0x1p-24
    case .bf16, .f32, .tf32: 0x1p-126
    case .fp8: 0x1p-9
    case .int8, .int32: 0.5
    }
  }

  /// What a random number from −1 to 1 is multiplied by: integers use their range.
  var randomScale: Double { self == .int8 ? 127 : 1 }

  package func value(of bits: UInt32) -> Double {
    switch self {
    case .f16:
      bits >> 10 & 31 == 31
        ? (bits & 1023 == 0 ? (bits & 0x8000 == 0 ? .infinity : -.infinity) : .nan)
        : ElementType.small(bits, significandBits: 10, bias: 15)
    case .bf16: Double(Float(bitPattern: bits << 16))
    case .f32, .tf32: Double(Float(bitPattern: bits))
    case .fp8: ElementType.small(bits, significandBits: 3, bias: 7)
    case .int8: Double(Int8(truncatingIfNeeded: bits))
    case .int32: Double(Int32(bitPattern: bits))
    }
  }

  /// The nearest element's bits, ties to even.
  package func bits(of value: Double) -> UInt32 {
    switch self {
    case .f16:
      // 65520 and more round to infinity.
      value.isNaN
        ? 0x7E00
        : value.magnitude >= 65520
          ? (value < 0 ? 0xFC00 : 0x7C00) : ElementType.smallBits(value, significandBits: 10, bias: 15, sign: 0x8000)
    case .fp8:
      value.isNaN
        ? 0x7F : ElementType.smallBits(max(-448, min(448, value)), significandBits: 3, bias: 7, sign: 0x80)
    case .int8: UInt32(UInt8(bitPattern: Int8(max(-128, min(127, value.isNaN ? 0 : value.rounded())))))
    case .int32: UInt32(bitPattern: Int32(clamping: Int64(max(-1e18, min(1e18, value.isNaN ? 0 : value.rounded())))))
    case .tf32: (Float(value).bitPattern &+ 0xFFF &+ (Float(value).bitPattern >> 13 & 1)) & 0xFFFF_E000
    case .bf16:
      // Adding just under half of the last kept bit's worth, and the bit itself, carries where rounding up is right.
      Float(value).isNaN ? 0x7FFF : (Float(value).bitPattern &+ 0x7FFF &+ (Float(value).bitPattern >> 16 & 1)) >> 16
    case .f32: Float(value).bitPattern
    }
  }

  package func rounded(_ value: Double) -> Double { self.value(of: bits(of: value)) }

  // IEEE 754's small formats by hand: not every platform of this package has Float16, and none has e4m3.

  /// The value of a finite element.
  private static func small(_ bits: UInt32, significandBits: Int, bias: Int) -> Double {
    let width = 1 << significandBits
    let signBit = significandBits == 10 ? UInt32(0x8000) : 0x80
    let magnitudeBits = Int(bits & (signBit - 1))
    let (exponent, fraction) = (magnitudeBits / width, magnitudeBits % width)
    // e4m3's only NaN; f16 has handled its own.
    if significandBits == 3, magnitudeBits == 0x7F { return .nan }
    let unit = Double(sign: .plus, exponent: max(exponent, 1) - bias - significandBits, significand: 1)
    let magnitude = Double(exponent == 0 ? fraction : width + fraction) * unit
    return bits & signBit == 0 ? magnitude : -magnitude
  }

  /// The element nearest to a value within the format's range.
  private static func smallBits(_ value: Double, significandBits: Int, bias: Int, sign: UInt32) -> UInt32 {
    let magnitude = value.magnitude
    let least = Double(sign: .plus, exponent: 1 - bias, significand: 1)
    let exponent = magnitude < least ? 1 - bias : Int(magnitude.exponent)
    // In steps of the last place; a carry into the exponent is the next exponent's first element.
    let steps = (magnitude * Double(sign: .plus, exponent: significandBits - exponent, significand: 1))
      .rounded(.toNearestOrEven)
    let bits = (UInt32(exponent + bias - 1) << UInt32(significandBits)) + UInt32(steps)
    return (value.sign == .minus ? sign : 0) | bits
  }
}
