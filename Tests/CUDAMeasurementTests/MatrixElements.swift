import CUDAMeasurement
import RooflineCore
import XCTest

/// Elements of a matrix on a device, in the formats of cuBLASLt.
struct MatrixElements {
  let format: MatrixProduct.Format
  /// Output and bias, rather than the matrices that are multiplied.
  let isOutput: Bool

  /// nil for those of one byte and for integers.
  private var type: ElementType? {
    switch format {
    case .fp32, .tf32: .f32
    case .fp16: .f16
    case .bf16: .bf16
    case .fp8: isOutput ? .bf16 : nil
    case .int8: nil
    }
  }

  /// Half a unit in the last place of a result, as a share of it, and between the smallest.
  var rounding: (relative: Double, absolute: Double) {
    type.map { ($0.roundoff, $0.leastDistance) } ?? (0, 0)
  }

  /// Of values that the format represents exactly.
  func encode(_ values: [Double]) -> [UInt8] {
    values.flatMap { value -> [UInt8] in
      if let type { return Array(bytes(type.bits(of: value)).prefix(type.byteCount)) }
      if format == .int8 { return isOutput ? bytes(Int32(value)) : bytes(Int8(value)) }
      return [Self.e4m3[value] ?? 0x7F]
    }
  }

  /// Of an output.
  func decode(_ bytes: [UInt8]) -> [Double] {
    stride(from: 0, to: bytes.count, by: format.outputBytes).map { start in
      let bits = bytes[start..<start + format.outputBytes].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return type.map { $0.value(of: bits) } ?? Double(Int32(bitPattern: bits))
    }
  }

  private func bytes<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

  /// The 8-bit floats of sign, 4 bits of exponent (bias 7) and 3 of mantissa, by value.
  private static let e4m3: [Double: UInt8] = {
    var table: [Double: UInt8] = [:]
    for bits in UInt8(0)..<0x7F {
      let (exponent, mantissa) = (Int(bits >> 3), Double(bits & 7))
      let value =
        exponent == 0
        ? mantissa / 8 * 0x1p-6 : (1 + mantissa / 8) * Double(sign: .plus, exponent: exponent - 7, significand: 1)
      table[value] = bits
      if bits != 0 { table[-value] = bits | 0x80 }
    }
    return table
  }()
}
