import RooflineCore
import RooflineMeasurement

/// A time that a command of somebody else's told, in an observation file.
struct ExternalObservationEntry: Encodable {
  private let columns: [String: ObservationEntry.Value]
  private let details: Details

  struct Details: Encodable {
    let names: [String]
    let `operator`: String
    let formats: ObservationEntry.Formats
    let mode: String
    @Nullable var remark: String?
    let kernels: [Kernel]
    let statistics: Statistics
    let samplesUs: [Double]
    let counts: Counts
    let achieved: ObservationEntry.Achieved
    let run: Run

    enum CodingKeys: String, CodingKey {
      case names, `operator`, formats, mode, remark, kernels, statistics, counts, achieved, run
      case samplesUs = "samples_us"
    }
  }

  struct Kernel: Encodable {
    let name: String
  }

  struct Statistics: Encodable {
    let n: Int
    let minUs, lowerQuartileUs, medianUs, upperQuartileUs, maxUs: Double
    /// Interquartile range over median; null of a single time.
    @Nullable var noise: Double?

    enum CodingKeys: String, CodingKey {
      case n, noise
      case minUs = "min_us"
      case lowerQuartileUs = "lower_quartile_us"
      case medianUs = "median_us"
      case upperQuartileUs = "upper_quartile_us"
      case maxUs = "max_us"
    }
  }

  struct Counts: Encodable {
    let tensorFLOPs, vectorFLOPs, specialFLOPs, bytes: UInt64
    /// As far as the command tells them.
    @Nullable var copies: UInt64?
    @Nullable var footprintBytes: UInt64?
  }

  struct Run: Encodable {
    let started: String
  }

  init(_ measurement: ExternalMeasurement, source: String, hardware: HardwareSpec?, started: String) {
    let task = measurement.task
    let statistics = measurement.statistics
    var columns = ObservationEntry.shape(task, copies: measurement.copies)
    columns["family"] = .text(measurement.family)
    columns["source"] = .text(source)
    columns["timing"] = .text(measurement.procedure.rawValue)
    columns["time_us"] = .number(ObservationEntry.microseconds(statistics.median))
    if let floor = measurement.floor { columns["floor_us"] = .number(ObservationEntry.microseconds(floor)) }
    if let clock = measurement.clock { columns["sm_clock_mhz"] = .number(clock / 1e6) }
    self.columns = columns
    let cost = task.value.cost
    details = Details(
      names: task.names, operator: task.columns.description, formats: ObservationEntry.Formats(task.formats),
      mode: measurement.mode.rawValue, remark: measurement.remark, kernels: measurement.kernels.map(Kernel.init),
      statistics: Statistics(
        n: statistics.count, minUs: ObservationEntry.microseconds(statistics.minimum),
        lowerQuartileUs: ObservationEntry.microseconds(statistics.lowerQuartile),
        medianUs: ObservationEntry.microseconds(statistics.median),
        upperQuartileUs: ObservationEntry.microseconds(statistics.upperQuartile),
        maxUs: ObservationEntry.microseconds(statistics.maximum), noise: measurement.noise),
      samplesUs: measurement.samples.map(ObservationEntry.microseconds),
      counts: Counts(
        tensorFLOPs: cost.flops.tensor.value, vectorFLOPs: cost.flops.vector.value,
        specialFLOPs: cost.flops.special.value, bytes: cost.traffic.total.value, copies: measurement.copies,
        footprintBytes: measurement.footprint),
      achieved: ObservationEntry.Achieved(task, seconds: statistics.median, on: hardware), run: Run(started: started))
  }

  func encode(to encoder: any Encoder) throws {
    try columns.encode(to: encoder)
    try details.encode(to: encoder)
  }
}

extension ExternalMeasurement {
  /// Interquartile range over median; nil of a single time.
  var noise: Double? { samples.count > 1 ? statistics.noise : nil }
}
