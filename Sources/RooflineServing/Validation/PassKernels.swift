import RooflineCore

/// The kernels of one pass on one device, one after another.
package struct PassKernels: Hashable, Sendable {
  /// As calibrated, and as the datasheet's rates allow at best, s.
  package var seconds, idealSeconds: Double
  /// How many are started.
  package var count: UInt64

  package init(seconds: Double = 0, idealSeconds: Double = 0, count: UInt64 = 0) {
    self.seconds = seconds
    self.idealSeconds = idealSeconds
    self.count = count
  }
}
