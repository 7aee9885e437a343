import RooflineCore

/// An element type of the kernels, written and read independently of their conversions.
enum KernelFormat: String, CaseIterable {
  case f16, bf16, f32
  /// Token ids.
  case int32
  /// What a copy moves.
  case byte

  /// Those that kernels with arithmetic come in.
  static let floatingPoint: [KernelFormat] = [.f16, .bf16, .f32]

  /// Those that tensor cores multiply.
  static let tensorCores: [KernelFormat] = [.f16, .bf16]

  var bytes: Int {
    switch self {
    case .byte: 1
    case .f16, .bf16: 2
    case .f32, .int32: 4
    }
  }

  var dtype: DType {
    switch self {
    case .f16: .fp16
    case .bf16: .bf16
    case .f32, .int32, .byte: .fp32
    }
  }

  /// Half a unit in the last place, relative: what rounding to an element costs at most.
  var roundoff: Double {
    switch self {
    case .f16: 0x1p-11
    case .bf16: 0x1p-8
    case .f32: 0x1p-24
    case .int32, .byte: 0
    }
  }

  /// The smallest distance between two elements: what rounding costs near zero.
  var leastDistance: Double {
    switch self {
    case .f16: 0x1p-24
    case .bf16, .f32: 0x1p-126
    case .int32, .byte: 0
    }
  }

  func encode(_ values: [Double]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * self.bytes)
    for value in values {
      let bits = bits(of: value)
      for byte in 0..<self.bytes { bytes.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte)))) }
    }
    return bytes
  }

  func decode(_ memory: UnsafeRawBufferPointer) -> [Double] {
    stride(from: 0, to: memory.count, by: bytes).map { start in
      value(of: (0..<bytes).reduce(UInt32(0)) { $0 | UInt32(memory[start + $1]) << (8 * UInt32($1)) })
    }
  }

  /// The element nearest to a value.
  func rounded(_ value: Double) -> Double { self.value(of: bits(of: value)) }

  private func bits(of value: Double) -> UInt32 {
    switch self {
    case .f16: KernelFormat.halfBits(value)
    case .bf16: KernelFormat.upperHalf(Float(value))
    case .f32: Float(value).bitPattern
    case .int32: UInt32(bitPattern: Int32(value))
    case .byte: UInt32(value)
    }
  }

  private func value(of bits: UInt32) -> Double {
    switch self {
    case .f16: KernelFormat.halfValue(bits)
    case .bf16: Double(Float(bitPattern: bits << 16))
    case .f32: Double(Float(bitPattern: bits))
    case .int32: Double(Int32(bitPattern: bits))
    case .byte: Double(bits)
    }
  }

  /// Between the two neighbours that keep the upper half, the nearer; on a tie the even one.
  private static func upperHalf(_ value: Float) -> UInt32 {
    guard value.isFinite else { return value.bitPattern >> 16 }
    let below = value.bitPattern & 0xFFFF_0000
    let rest = value.bitPattern & 0xFFFF
    let roundsUp = rest > 0x8000 || (rest == 0x8000 && below & 0x10000 != 0)
    return (below >> 16) + (roundsUp ? 1 : 0)
  }

  /// IEEE 754 binary16 by its definition: sign, 5 bits of exponent, 10 of significand. Not `Float16`, which some platforms lack.
  private static func halfBits(_ value: Double) -> UInt32 {
    let sign: UInt32 = value.sign == .minus ? 0x8000 : 0
    let magnitude = value.magnitude
    if magnitude.isNaN { return 0x7E00 }
    let exponent = max(magnitude == 0 ? -14 : Int(magnitude.isInfinite ? 16 : magnitude.exponent), -14)
    if exponent > 15 { return sign | 0x7C00 }
    // In steps of the last place; 1024 steps and more carry into the exponent by themselves.
    let steps = UInt32(
      (magnitude * Double(sign: .plus, exponent: 10 - exponent, significand: 1)).rounded(.toNearestOrEven))
    return sign | (UInt32(exponent + 14) << 10) + steps
  }

  private static func halfValue(_ bits: UInt32) -> Double {
    let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
    let exponent = Int(bits >> 10 & 31)
    let fraction = Double(bits & 1023)
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * 0x1p-24 }
    return sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
  }
}
