/// What chips can do: a fact outside is a slip of units, which are a thousand apart.
///
/// Each range is wide enough for every GPU since 2016 and the announced ones, and narrow enough that no such GPU's figure
/// divided or multiplied by 1000 falls inside.
package enum HardwareLimits {
  /// DRAM, B/s: 300 GB/s (L4) to 22 TB/s (announced).
  package static let bandwidth = 2e10...5e13
  /// Reading from L2, B/s.
  package static let l2Bandwidth = 1e10...1e15
  /// Bytes of memory: 2 GB to 1 TB.
  static let capacity: ClosedRange<UInt64> = 1_000_000_000...1_500_000_000_000
  /// Bytes of L2: 1 MB to 256 MB.
  static let l2: ClosedRange<UInt64> = 300_000...900_000_000
  /// Hz: 0.6 to 3 GHz.
  static let clock = 3e8...5e9
  /// SMs or compute units: up to 304.
  static let streamingMultiprocessors: ClosedRange<UInt64> = 1...512
  /// FLOP/s or operations/s of a whole GPU, whatever does them.
  package static let computeRate = 1e10...1e18
  /// B/s in one direction: four PCIe 3 lanes to NVLink 6.
  package static let link = 2e9...3.9e12
  /// GPUs that a link joins.
  static let peers: ClosedRange<UInt64> = 1...1024
  /// Share of a parent that a slice has.
  static let share = 0.01...1
  /// What SMs, clock and FLOPs per clock promise: a stated rate lies between these shares of it. Chips made for a market are
  /// slowed to a quarter, and some formats are an emulation; a thousandth is a slip of units.
  package static let shareOfDerivedRate = 0.01...1.05
}

extension JSONObject {
  /// A number inside its limits.
  package func number(_ key: String, in limits: ClosedRange<Double>, _ unit: String) throws(InputError) -> Double? {
    guard let number = try positiveNumber(key) else { return nil }
    guard limits.contains(number) else { throw wrong(key, .number(number), JSONObject.expected(limits, unit)) }
    return number
  }

  /// A whole number inside its limits.
  func integer(_ key: String, in limits: ClosedRange<UInt64>, _ unit: String) throws(InputError) -> UInt64? {
    guard let number = try positiveInteger(key) else { return nil }
    guard limits.contains(number) else {
      throw wrong(
        key, .integer(Int64(number)), JSONObject.expected(Double(limits.lowerBound)...Double(limits.upperBound), unit))
    }
    return number
  }

  private static func expected(_ limits: ClosedRange<Double>, _ unit: String) -> String {
    func short(_ number: Double) -> String { number < 1e4 && number >= 1 ? "\(Int(number))" : "\(number)" }
    return "\(short(limits.lowerBound)) to \(short(limits.upperBound)) \(unit)"
  }
}
