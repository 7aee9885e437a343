import RooflineCore

/// Numbers as people read them. Files for machines get raw SI values instead.
package enum Numbers {
  /// What stands for a number that does not exist, or is none.
  package static let unknown = "–"

  /// Two decimals and a decimal prefix: 335.54 M. Below 1000 a count is printed as it is. Every number has its text.
  package static func scaled(_ value: Double) -> String {
    guard value.isFinite else { return unknown }
    let size = value.magnitude
    if size < 1000, value == value.rounded() { return String(Int(value)) }
    for (factor, prefix) in [(1.0, ""), (1e3, " K"), (1e6, " M"), (1e9, " G"), (1e12, " T"), (1e15, " P")]
    where (size / factor * 100).rounded(.toNearestOrEven) < 100_000 {
      return fixed(value / factor, decimals: 2) + prefix
    }
    return fixed(value / 1e18, decimals: 2) + " E"
  }

  /// A limit as a person writes it, without decimals that are noughts: 10 G.
  package static func short(_ value: Double) -> String {
    let scaled = scaled(value)
    return scaled.replacing(".00", with: "") + (scaled.contains(" ") ? "" : " ")
  }

  package static func scaled(_ count: Count) -> String { scaled(Double(count.value)) }

  /// A time with two decimals in the unit that gives it one to three digits before them.
  package static func time(_ time: Seconds) -> String {
    guard time.value.isFinite else { return unknown }
    let unit =
      TimeUnit.allCases.first {
        (time.value.magnitude / $0.factor * 100).rounded(.toNearestOrEven) < 100_000
      } ?? .seconds
    return "\(fixed(time.value / unit.factor, decimals: 2)) \(unit.name)"
  }

  /// In a unit that the place of the number names: two decimals, and of less than 0.01 the first digit that is not zero.
  static func time(_ time: Seconds, in unit: TimeUnit) -> String {
    let value = time.value / unit.factor
    let decimals = (2..<powersOfTen.count).first { value == 0 || value.magnitude * powersOfTen[$0] >= 1 }
    return fixed(value, decimals: decimals ?? powersOfTen.count - 1)
  }

  /// From the smallest.
  enum TimeUnit: CaseIterable {
    case nanoseconds, microseconds, milliseconds, seconds

    /// In seconds.
    var factor: Double {
      switch self {
      case .nanoseconds: 1e-9
      case .microseconds: 1e-6
      case .milliseconds: 1e-3
      case .seconds: 1
      }
    }

    var name: String {
      switch self {
      case .nanoseconds: "ns"
      case .microseconds: "µs"
      case .milliseconds: "ms"
      case .seconds: "s"
      }
    }
  }

  /// All digits; "unknown" where there is no number.
  static func exact(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "unknown" }
    return "\(value)"
  }

  package static func percent(_ share: Double) -> String { fixed(share * 100, decimals: 1) }

  private static let powersOfTen = [1.0, 10, 1e2, 1e3, 1e4, 1e5, 1e6]

  /// A number with a fixed number of decimals, at most six, half to even, without an exponent.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return unknown }
    let scale = powersOfTen[decimals]
    let scaled = (value * scale).rounded(.toNearestOrEven)
    guard scaled.magnitude < 9e18 else { return "\(value)" }
    let digits = String(Int64(scaled).magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = scaled < 0 ? "-" : ""
    return decimals == 0 ? sign + padded : "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }

  /// `1 key`, `2 keys`.
  package static func counted(_ value: UInt64, _ one: String) -> String {
    "\(value) \(one)\(value == 1 ? "" : "s")"
  }

  /// Digits in groups of three.
  package static func grouped(_ value: UInt64) -> String {
    var groups: [Substring] = []
    var rest = Substring(String(value))
    while rest.count > 3 {
      groups.insert(rest.suffix(3), at: 0)
      rest = rest.dropLast(3)
    }
    return ([rest] + groups).joined(separator: ",")
  }
}
