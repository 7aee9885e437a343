/// What a run changes about a GPU's rates.
public struct RateOptions: Hashable, Sendable {
  /// Share of the tensor, vector and special rates that is reached, in (0, 1].
  public var computeEfficiency = 1.0
  /// Share of the bandwidth that is reached, in (0, 1].
  public var memoryEfficiency = 1.0
  /// FLOP/s of every matrix unit, instead of the file's.
  public var tensorPeak: Double?
  /// FLOP/s of the CUDA cores, instead of the file's.
  public var vectorPeak: Double?
  /// Functions/s of the special function units, instead of the derived rate.
  public var specialPeak: Double?
  /// DRAM B/s, instead of the file's.
  public var bandwidth: Double?
  /// Link B/s in one direction, instead of the file's.
  public var link: Double?
  /// How many GPUs the link joins, instead of what the file says; more of them have no rate.
  public var board: UInt64?
  /// What every step of a collective, and every transfer, takes beside its bytes, s.
  public var linkLatency = 0.0
  /// How compute and memory times of one operator combine.
  public var overlap = Overlap.max
  /// What a serving engine adds to the kernels of every pass; nil: kernels only.
  package var engine: PassOverhead?

  /// What a run may suppose of a GPU: some way beyond what chips do, and short of a slip of units. Links reach down to a network's.
  package static let plausibleCompute = 1e10...1e19
  package static let plausibleBandwidth = 1e10...1e14
  package static let plausibleLink = 1e7...1e13

  /// The hardware file's rates as they are, and the slowest roof.
  public init() {}
}
