import RooflineCore
import RooflineMeasurement

extension ObservationEntry {
  /// Of the samples.
  struct Statistics: Encodable {
    let n: Int
    let minUs, lowerQuartileUs, medianUs, upperQuartileUs, maxUs: Double
    /// Interquartile range over median.
    let noise: Double
    let end: String
    let callsPerSample: Int
    /// An empty kernel under the same procedure; not subtracted.
    let floorUs: Double
    /// What a replay of calls takes beside them, which the samples are without; null for single launches, where it is in.
    @Nullable var launchUs: Double?
    /// The median of the last third of samples, and how far it is from the first third's: last/first − 1.
    @Nullable var lastThirdMedianUs: Double?
    @Nullable var drift: Double?

    enum CodingKeys: String, CodingKey {
      case n, noise, end, callsPerSample, drift
      case lastThirdMedianUs = "last_third_median_us"
      case minUs = "min_us"
      case lowerQuartileUs = "lower_quartile_us"
      case medianUs = "median_us"
      case upperQuartileUs = "upper_quartile_us"
      case maxUs = "max_us"
      case floorUs = "floor_us"
      case launchUs = "launch_us"
    }

    init(
      _ statistics: SampleStatistics, end: StoppingRule.Reason, callsPerSample: Int, floor: Double,
      launchCost: Double?, drift: SampleDrift?
    ) {
      n = statistics.count
      minUs = ObservationEntry.microseconds(statistics.minimum)
      lowerQuartileUs = ObservationEntry.microseconds(statistics.lowerQuartile)
      medianUs = ObservationEntry.microseconds(statistics.median)
      upperQuartileUs = ObservationEntry.microseconds(statistics.upperQuartile)
      maxUs = ObservationEntry.microseconds(statistics.maximum)
      noise = statistics.noise
      self.end = end.rawValue
      self.callsPerSample = callsPerSample
      floorUs = ObservationEntry.microseconds(floor)
      _launchUs = Nullable(wrappedValue: launchCost.map(ObservationEntry.microseconds))
      _lastThirdMedianUs = Nullable(wrappedValue: (drift?.lastMedian).map(ObservationEntry.microseconds))
      _drift = Nullable(wrappedValue: drift?.share)
    }
  }
}
