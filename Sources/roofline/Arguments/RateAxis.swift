import RooflineCore

/// Reads rates as `NumberAxis` reads whole numbers: `0.5,1,2`, `1..4`, `0.5..2+0.5`, `0.5..8x2`, and such behind one another.
enum RateAxis {
  /// A curve has fewer points; rates are written out.
  private static let largest = 10_000

  /// - Throws: `InputError.usage` naming the option.
  static func rates(_ text: String, _ name: String) throws(InputError) -> [Double] {
    var rates: [Double] = []
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let own = run(piece), rates.count + own.count <= largest else {
        throw .usage(
          "--\(name) is \"\(text)\"; expected numbers from 1e-9 to 1e12, at most 10,000 of them, e.g. 0.5,1,2 or 1..4 or 0.5..2+0.5 or 0.5..8x2"
        )
      }
      rates += own
    }
    var seen: Set<Double> = []
    for rate in rates where !seen.insert(rate).inserted { throw .usage("--\(name) has \(rate) twice") }
    return rates
  }

  private static func number(_ text: some StringProtocol) -> Double? {
    guard let number = Double(String(text)), LoadOptions.arrivals.contains(number) else { return nil }
    return number
  }

  private static func run(_ piece: Substring) -> [Double]? {
    guard let dots = piece.firstRange(of: "..") else { return number(piece).map { [$0] } }
    let rest = piece[dots.upperBound...]
    let rule = rest.drop { $0 != "x" && $0 != "+" }
    guard let first = number(piece[..<dots.lowerBound]), let last = number(rest.prefix { $0 != "x" && $0 != "+" }),
      first <= last
    else { return nil }
    let step: Double
    switch rule.first {
    case nil: step = 1
    default:
      guard let given = number(rule.dropFirst()) else { return nil }
      step = given
    }
    let isProduct = rule.first == "x"
    guard !isProduct || step > 1 else { return nil }
    var rates: [Double] = []
    var factor = 1.0
    while rates.count <= largest {
      let rate = rounded(isProduct ? first * factor : first + step * Double(rates.count))
      guard rate <= last else { return rates }
      rates.append(rate)
      factor *= step
    }
    return nil
  }

  /// To twelve decimals: 0.1 and two steps of 0.1 are 0.3, as anybody would write it.
  private static func rounded(_ rate: Double) -> Double {
    let scaled = rate * 1e12
    return scaled < 0x1p53 && scaled >= 1e6 ? scaled.rounded() / 1e12 : rate
  }
}
