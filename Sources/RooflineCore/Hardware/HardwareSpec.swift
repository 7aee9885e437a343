/// What is known about a GPU: datasheet facts only. Every fact may be missing.
public struct HardwareSpec: Hashable, Sendable {
  /// Its name in the catalog: `h100-sxm`.
  public package(set) var name: String
  /// The file that its facts are from.
  public package(set) var path: String
  /// What its vendor calls it.
  public package(set) var product: String?
  /// The vendor's name of the generation; it stands for the compute capability of a GPU that has none.
  public package(set) var architecture: String?
  /// Which instructions and units it has; nil of a GPU that is not NVIDIA's.
  public package(set) var computeCapability: ComputeCapability?
  /// Units, clocks and rates; nil where the file has none of them.
  public package(set) var compute: Compute?
  /// DRAM and L2; nil where the file has none of them.
  public package(set) var memory: Memory?
  /// What joins it to others of its server; nil of a GPU without, and of a slice.
  public package(set) var link: Link?
  /// The whole GPU that this is a slice of.
  public package(set) var parent: String?
  /// Its file, whose facts are used, too.
  public package(set) var parentPath: String?

  /// A GPU of which nothing is known yet.
  package init(name: String, path: String) {
    self.name = name
    self.path = path
  }

  /// What computes, and how fast. Of an AMD GPU, compute units stand as SMs, and matrix cores as tensor cores.
  public struct Compute: Hashable, Sendable {
    /// SMs.
    public package(set) var streamingMultiprocessors: UInt64?
    /// The clock at which the tensor rates are quoted, Hz.
    public package(set) var tensorClock: Double?
    /// The highest clock, at which the vector rate is quoted, Hz.
    public package(set) var boostClock: Double?
    /// Dense FLOP/s by format.
    public package(set) var tensor: [DType: Double]
    /// fp32 FLOP/s of the CUDA cores.
    public package(set) var vector: Double?
    /// Where the facts are from: a document and its page, or a URL.
    public package(set) var source: String
  }

  /// The memory beside the chip, and the cache in front of it.
  public struct Memory: Hashable, Sendable {
    /// Bytes; a datasheet's GB are 10⁹ bytes.
    public package(set) var capacity: UInt64?
    /// B/s.
    public package(set) var bandwidth: Double?
    /// Bytes.
    public package(set) var l2: UInt64?
    /// Where the facts are from: a document and its page, or a URL.
    public package(set) var source: String
  }

  /// What joins GPUs of one server.
  public struct Link: Hashable, Sendable {
    /// What it is, e.g. `NVLink 4`.
    public package(set) var kind: String
    /// B/s, one direction.
    public package(set) var bandwidth: Double?
    /// How many GPUs it joins, where that is fewer than a server's (bridges).
    public package(set) var maximumPeers: UInt64?
    /// Where the facts are from: a document and its page, or a URL.
    public package(set) var source: String
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
