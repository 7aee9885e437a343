import RooflineConventions
import RooflineCore

/// A cell's text by the rules of note 000: an intensity loses its fraction, everything else is scaled by a floor rule.
package enum ConventionText {
  package static func text(_ value: ConventionValue, in column: ConventionCell.Column) -> String {
    switch value {
    case .bound(let bound): bound.rawValue
    case .count(let count): scaled(count.value)
    case .ratio(let ratio?): column == .arithmeticIntensity ? truncated(ratio) : scaled(ratio)
    case .ratio(nil): "–"
    }
  }

  /// The first of T, G, M, K with n // 10^p > 0; two decimals, half to even; trailing zeros dropped. In integers, so
  /// that a half is a half.
  private static func scaled(_ number: UInt64) -> String {
    let units: [(scale: UInt64, unit: String)] = [
      (1_000_000_000_000, " T"), (1_000_000_000, " G"), (1_000_000, " M"), (1000, " K"),
    ]
    guard let (scale, unit) = units.first(where: { number / $0.scale > 0 }) else { return "\(number)" }
    let (whole, rest) = number.quotientAndRemainder(dividingBy: scale)
    // rest < 10^12, so 100 · rest fits.
    let (hundredths, remainder) = (rest * 100).quotientAndRemainder(dividingBy: scale)
    let isUp = remainder * 2 > scale || (remainder * 2 == scale && hundredths % 2 == 1)
    return decimals(whole * 100 + hundredths + (isUp ? 1 : 0)) + unit
  }

  private static func scaled(_ number: Double) -> String {
    let units = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " K")]
    let (scale, unit) = units.first { (number / $0.0).rounded(.down) > 0 } ?? (1, "")
    let hundredths = (number / scale * 100).rounded(.toNearestOrEven)
    guard hundredths < 1e18 else { return "\(number)" }
    return decimals(UInt64(hundredths)) + unit
  }

  private static func decimals(_ hundredths: UInt64) -> String {
    let (whole, tenth, hundredth) = (hundredths / 100, hundredths / 10 % 10, hundredths % 10)
    return "\(whole)\(hundredth != 0 ? ".\(tenth)\(hundredth)" : tenth != 0 ? ".\(tenth)" : "")"
  }

  private static func truncated(_ ratio: Double) -> String {
    ratio < 9e18 ? "\(UInt64(ratio))" : "\(ratio)"
  }
}

/// A cell's value in a document.
struct ConventionNumber: Encodable {
  let value: ConventionValue

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .count(let count): try container.encode(count.value)
    case .ratio(let ratio?): try container.encode(ratio)
    case .ratio(nil): try container.encodeNil()
    case .bound(let bound): try container.encode(bound.rawValue)
    }
  }
}

/// A key that is data: a column of a note, a convention.
struct NamedKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}
