import RooflineCore

extension DeviceFacts {
  /// Share of accesses that L2 serves where a kernel finds `bytes` of it used before: all up to the resident share of the cache, none
  /// from twice as much on.
  func hit(_ bytes: Double, residentShare: Double) -> Double { min(1, max(0, 2 - bytes / (residentShare * l2))) }

  /// µs for bytes that come from DRAM and, a share `hit` of them, from L2; both rates are multiples of the DRAM's.
  func microseconds(_ bytes: Double, hit: Double, dram: Double, l2: Double) -> Double {
    bytes / bytesPerMicrosecond * ((1 - hit) / dram + hit / l2)
  }
}

/// Work of two units that go on at the same time, but not perfectly so.
enum PartialOverlap {
  /// (a^p + b^p)^(1/p): the larger of the two where p is large, their sum where it is 1.
  static func norm(_ a: Double, _ b: Double, _ power: Double) -> Double {
    let larger = max(a, b)
    guard larger > 0 else { return 0 }
    let ratio = min(a, b) / larger
    return larger * Mathematics.power(1 + Mathematics.power(ratio, power), 1 / power)
  }

  /// The same of the fifth power, which decode steps ask for often.
  static func fifth(_ a: Double, _ b: Double) -> Double {
    let larger = max(a, b)
    guard larger > 0 else { return 0 }
    let ratio = min(a, b) / larger
    let square = ratio * ratio
    return larger * Mathematics.power(1 + square * square * ratio, 0.2)
  }
}
