/// The rates a prediction divides by: efficiency is already in them. NaN where the fact is missing.
public struct DeviceRates: Sendable {
  /// FLOP/s of the matrix units, by format; fp32 has none.
  private var tensor = DTypeTable(repeating: Double.nan)
  /// FLOP/s of the CUDA cores in fp32.
  public var vector: Double = .nan
  /// Functions/s of the special function units.
  public var special: Double = .nan
  /// DRAM, B/s.
  public var bandwidth: Double = .nan
  /// Link, one direction, B/s.
  public var link: Double = .nan
  /// Time a message takes on the link beside its bytes, s.
  public var linkLatency: Double = 0

  package init() {}

  /// FLOP/s of the matrix units in a format; NaN where the GPU has none, or nobody has stated its rate. fp32 has none.
  public subscript(tensor dtype: DType) -> Double {
    get { tensor[dtype] }
    set { tensor[dtype] = newValue }
  }
}
