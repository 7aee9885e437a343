/// What is known about a GPU: datasheet facts only. Every fact may be missing.
public struct HardwareSpec: Hashable, Sendable {
  public var name: String
  public var path: String
  public var product: String?
  public var computeCapability: ComputeCapability?
  public var compute: Compute?
  public var memory: Memory?
  public var link: Link?
  /// The whole GPU that this is a slice of.
  public var parent: String?
  /// Its file, whose facts are used, too.
  public var parentPath: String?

  /// A GPU of which nothing is known yet.
  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }

  /// What computes, and how fast.
  public struct Compute: Hashable, Sendable {
    public var streamingMultiprocessors: UInt64?
    /// The clock at which the tensor rates are quoted, Hz.
    public var tensorClock: Double?
    /// The highest clock, at which the vector rate is quoted, Hz.
    public var boostClock: Double?
    /// Dense FLOP/s by format.
    public var tensor: [DType: Double]
    /// fp32 FLOP/s of the CUDA cores.
    public var vector: Double?
    public var source: String
  }

  /// The memory beside the chip, and the cache in front of it.
  public struct Memory: Hashable, Sendable {
    /// Bytes; a datasheet's GB are 10⁹ bytes.
    public var capacity: UInt64?
    /// B/s.
    public var bandwidth: Double?
    /// Bytes.
    public var l2: UInt64?
    public var source: String
  }

  /// What joins GPUs of one server.
  public struct Link: Hashable, Sendable {
    public var kind: String
    /// B/s, one direction.
    public var bandwidth: Double?
    /// How many GPUs it joins, where that is fewer than a server's (bridges).
    public var maximumPeers: UInt64?
    public var source: String
  }

  /// Functions/s of the special function units, at the boost clock.
  public var specialRate: Double? {
    guard let generation, let sms = compute?.streamingMultiprocessors, let clock = compute?.boostClock else {
      return nil
    }
    return generation.specialFunctions * Double(sms) * clock
  }

  /// FLOPs per byte at which the tensor rate of a format meets the bandwidth.
  public func ridge(_ dtype: DType) -> ArithmeticIntensity? {
    let rate = dtype.runsOnTensorCores ? compute?.tensor[dtype] : compute?.vector
    guard let rate, let bandwidth = memory?.bandwidth else { return nil }
    return FLOPsPerSecond(rate) / BytesPerSecond(bandwidth)
  }
}
