import RooflineCore

/// What a GPU achieves at best, measured.
public struct MeasuredCeilings: Hashable, Sendable {
  /// A device-to-device copy of each size: small ones stay in L2.
  public var copies: [Copy] = []
  /// Memory that fits in L2, read again and again.
  public var l2: Transfer?
  /// Large products on random data.
  public var products: [Product] = []
  /// Formats without a product here, and why.
  public var refusals: [DType: String] = [:]
  /// Formats whose product went wrong.
  public var failures: [DType: GPUFault] = [:]
  /// Exponentials, the special functions' rate.
  public var special: Work?
  /// An empty kernel, by how it is launched.
  public var floors: [Floor] = []

  public struct Copy: Hashable, Sendable {
    public var bytes: Int
    /// s.
    public var time: SampleStatistics
    /// Each byte is read and written, B/s.
    public var bandwidth: Double { 2 * Double(bytes) / time.median }

    public init(bytes: Int, time: SampleStatistics) {
      self.bytes = bytes
      self.time = time
    }
  }

  public struct Transfer: Hashable, Sendable {
    /// All passes together.
    public var bytes: Int
    /// s.
    public var time: SampleStatistics
    public var bandwidth: Double { Double(bytes) / time.median }

    public init(bytes: Int, time: SampleStatistics) {
      self.bytes = bytes
      self.time = time
    }
  }

  public struct Work: Hashable, Sendable {
    public var operations: Double
    /// s.
    public var time: SampleStatistics
    public var rate: Double { operations / time.median }

    public init(operations: Double, time: SampleStatistics) {
      self.operations = operations
      self.time = time
    }
  }

  /// A square product back to back, window after window: what power and heat leave of the rate.
  public struct Product: Hashable, Sendable {
    public var dtype: DType
    /// m = n = k.
    public var edge: Int
    /// The library that computed it.
    public var family: String
    public var windows: [Window]

    public struct Window: Hashable, Sendable {
      /// Since the first product, s.
      public var end: Double
      /// FLOP/s in this window.
      public var rate: Double

      public init(end: Double, rate: Double) {
        self.end = end
        self.rate = rate
      }
    }

    public init(dtype: DType, edge: Int, family: String, windows: [Window]) {
      self.dtype = dtype
      self.edge = edge
      self.family = family
      self.windows = windows
    }
  }

  public struct Floor: Hashable, Sendable {
    public var launch: String
    /// s.
    public var time: SampleStatistics

    public init(launch: String, time: SampleStatistics) {
      self.launch = launch
      self.time = time
    }
  }

  public init() {}
}
