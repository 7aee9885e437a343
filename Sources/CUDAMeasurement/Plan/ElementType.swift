import RooflineCore

/// An element type that kernels come in: the ending of their names.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
  case f16, bf16, f32

  /// nil for formats that no kernel of this package takes.
  public init?(_ dtype: DType) {
    switch dtype {
    case .fp16: self = .f16
    case .bf16: self = .bf16
    case .fp32, .tf32: self = .f32
    default: return nil
    }
  }

  public var byteCount: Int { self == .f32 ? 4 : 2 }

  /// Half a unit in the last place, relative: what rounding to an element costs at most.
  public var roundoff: Double {
    switch self {
    case .f16: 0x1p-11
    case .bf16: 0x1p-8
    case .f32: 0x1p-24
    }
  }

  /// The smallest distance between two elements: what rounding costs near zero.
  public var leastDistance: Double { self == .f16 ? 0x1p-24 : 0x1p-126 }

  public func value(of bits: UInt32) -> Double {
    switch self {
    case .f16: ElementType.half(bits)
    case .bf16: Double(Float(bitPattern: bits << 16))
    case .f32: Double(Float(bitPattern: bits))
    }
  }

  /// The nearest element's bits, ties to even.
  public func bits(of value: Double) -> UInt32 {
    switch self {
    case .f16: ElementType.halfBits(value)
    case .bf16:
      // Adding just under half of the last kept bit's worth, and the bit itself, carries where rounding up is right.
      Float(value).isNaN ? 0x7FFF : (Float(value).bitPattern &+ 0x7FFF &+ (Float(value).bitPattern >> 16 & 1)) >> 16
    case .f32: Float(value).bitPattern
    }
  }

  public func rounded(_ value: Double) -> Double { self.value(of: bits(of: value)) }

  // IEEE 754 binary16 by hand: not every platform of this package has Float16.

  private static func half(_ bits: UInt32) -> Double {
    let exponent = Int(bits >> 10 & 31)
    let fraction = Double(bits & 1023)
    let magnitude =
      exponent == 31
      ? (fraction == 0 ? Double.infinity : .nan)
      : exponent == 0
        ? fraction * 0x1p-24 : (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }

  private static func halfBits(_ value: Double) -> UInt32 {
    guard !value.isNaN else { return 0x7E00 }
    let sign: UInt32 = value.sign == .minus ? 0x8000 : 0
    let magnitude = value.magnitude
    // 65520 and more round to infinity.
    guard magnitude < 65520 else { return sign | 0x7C00 }
    let exponent = magnitude < 0x1p-14 ? -14 : Int(magnitude.exponent)
    // In steps of the last place; a carry into the exponent is the next exponent's first element.
    let steps = (magnitude * Double(sign: .plus, exponent: 10 - exponent, significand: 1)).rounded(.toNearestOrEven)
    return sign | (UInt32(exponent + 14) << 10) + UInt32(steps)
  }
}
