/// What kernels get of a generation's L2 cache: round values, set by hand and not fitted.
package struct L2Reach: Hashable, Sendable {
  /// B/s at which what several CTAs read again comes from L2.
  package let bytesPerSecond: Double
  /// Share of L2 in which what one kernel hands the next stays.
  package let residentShare: Double

  package init(bytesPerSecond: Double, residentShare: Double) {
    self.bytesPerSecond = bytesPerSecond
    self.residentShare = residentShare
  }

  package var bytesPerMicrosecond: Double { bytesPerSecond * 1e-6 }
}
