// The C library's functions; FoundationEssentials does not have them on Linux.
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

package enum Mathematics {
  @inlinable @inline(__always) package static func power(_ base: Double, _ exponent: Double) -> Double {
    pow(base, exponent)
  }
  @inlinable @inline(__always) package static func cubeRoot(_ x: Double) -> Double { cbrt(x) }
  @inlinable @inline(__always) package static func naturalLogarithm(_ x: Double) -> Double { log(x) }
  @inlinable @inline(__always) package static func decimalLogarithm(_ x: Double) -> Double { log10(x) }
  @inlinable @inline(__always) package static func binaryLogarithm(_ x: Double) -> Double { log2(x) }
  @inlinable @inline(__always) package static func exponential(_ x: Double) -> Double { exp(x) }
  @inlinable package static func cosine(_ x: Double) -> Double { cos(x) }
  @inlinable package static func sine(_ x: Double) -> Double { sin(x) }
  @inlinable package static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}

extension Double {
  /// ⌈x⌉ of a number that is not negative: a sum with 2⁵² is rounded to a whole number, which costs a tenth of the library's call on a
  /// baseline CPU; from 2⁵² on every number is whole.
  @inlinable @inline(__always) package var ceiling: Double {
    guard self < 0x1p52 else { return self }
    let near = (self + 0x1p52) - 0x1p52
    return near < self ? near + 1 : near
  }
}

extension SIMD4<Double> {
  /// ⌈x⌉ of each, none of them negative.
  @inlinable @inline(__always) package var ceiling: SIMD4<Double> {
    let whole = SIMD4(repeating: 0x1p52)
    let near = (self + whole) - whole
    let up = near + SIMD4(repeating: 0).replacing(with: 1, where: near .< self)
    return up.replacing(with: self, where: self .>= whole)
  }
}

// Number by number, which the compiler makes one instruction of; to choose by a mask takes it four to ten.
extension SIMD where Scalar == Double {
  /// Of each pair the larger; this one's where either is NaN.
  @inlinable @inline(__always) package func orLarger(_ other: Self) -> Self {
    var result = self
    for lane in 0..<Self.scalarCount { result[lane] = other[lane] > self[lane] ? other[lane] : self[lane] }
    return result
  }

  /// Of each pair the smaller; this one's where either is NaN.
  @inlinable @inline(__always) package func orSmaller(_ other: Self) -> Self {
    var result = self
    for lane in 0..<Self.scalarCount { result[lane] = other[lane] < self[lane] ? other[lane] : self[lane] }
    return result
  }
}
