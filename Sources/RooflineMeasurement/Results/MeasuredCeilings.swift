import RooflineCore

/// What a GPU achieves at best, measured.
package struct MeasuredCeilings: Hashable, Sendable {
  /// A device-to-device copy of each size: small ones stay in L2.
  package var copies: [Copy] = []
  /// Memory that fits in L2, read again and again.
  package var l2: Transfer?
  /// Large products on random data.
  package var products: [Product] = []
  /// Formats without a product here, and why.
  package var refusals: [DType: String] = [:]
  /// Formats whose product went wrong.
  package var failures: [DType: GPUFault] = [:]
  /// Exponentials, the special functions' rate.
  package var special: Work?
  /// An empty kernel, by how it is launched.
  package var floors: [Floor] = []

  package struct Copy: Hashable, Sendable {
    package var bytes: Int
    /// s.
    package var time: SampleStatistics
    /// Each byte is read and written, B/s.
    package var bandwidth: Double { 2 * Double(bytes) / time.median }

    package init(bytes: Int, time: SampleStatistics) {
      self.bytes = bytes
      self.time = time
    }
  }

  package struct Transfer: Hashable, Sendable {
    /// All passes together.
    package var bytes: Int
    /// s.
    package var time: SampleStatistics
    package var bandwidth: Double { Double(bytes) / time.median }

    package init(bytes: Int, time: SampleStatistics) {
      self.bytes = bytes
      self.time = time
    }
  }

  package struct Work: Hashable, Sendable {
    package var operations: Double
    /// s.
    package var time: SampleStatistics
    package var rate: Double { operations / time.median }

    package init(operations: Double, time: SampleStatistics) {
      self.operations = operations
      self.time = time
    }
  }

  /// A square product back to back, window after window: what power and heat leave of the rate.
  package struct Product: Hashable, Sendable {
    package var dtype: DType
    /// m = n = k.
    package var edge: Int
    /// The library that computed it.
    package var family: String
    package var windows: [Window]

    package struct Window: Hashable, Sendable {
      /// Since the first product, s.
      package var end: Double
      /// FLOP/s in this window.
      package var rate: Double

      package init(end: Double, rate: Double) {
        self.end = end
        self.rate = rate
      }
    }

    package init(dtype: DType, edge: Int, family: String, windows: [Window]) {
      self.dtype = dtype
      self.edge = edge
      self.family = family
      self.windows = windows
    }
  }

  package struct Floor: Hashable, Sendable {
    package var launch: String
    /// s.
    package var time: SampleStatistics

    package init(launch: String, time: SampleStatistics) {
      self.launch = launch
      self.time = time
    }
  }

  package init() {}
}
