import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

/// One measurement in an observation file.
struct ObservationEntry: Encodable {
  private let columns: [String: Value]
  private let details: Details

  /// A column's value.
  enum Value: Encodable {
    case text(String)
    case count(UInt64)
    case number(Double)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .count(let count): try container.encode(count)
      case .number(let number): try container.encode(number)
      }
    }
  }

  struct Details: Encodable {
    /// The rows of the analysis that it stands for.
    let names: [String]
    /// As `roofline kernel` takes it.
    let `operator`: String
    let formats: Formats
    let mode: String
    /// What is different from the operator as it is counted.
    @Nullable var remark: String?
    /// Of a grouped product; null of other operators.
    @Nullable var routing: Routing?
    let kernels: [Kernel]
    let statistics: Statistics
    let samplesUs: [Double]
    let counts: Counts
    let achieved: Achieved
    let check: Check
    /// After the last sample, of what the timed calls left.
    let recheck: Check
    /// Power and clocks of seconds of calls; null in other modes.
    @Nullable var sustained: Sustained?
    /// The GPU at rest right before and after; `during`: while the calls of a middle sample ran.
    @Nullable var before: DeviceStateDocument?
    @Nullable var during: LoadDocument?
    @Nullable var after: DeviceStateDocument?
    let elapsed: Elapsed
    let run: Run

    enum CodingKeys: String, CodingKey {
      case names, `operator`, formats, mode, remark, routing, kernels, statistics, counts, achieved, check, recheck,
        sustained,
        before, during, after, elapsed, run
      case samplesUs = "samples_us"
    }
  }

  /// How the rows of a grouped product were spread over experts.
  struct Routing: Encodable {
    let distinctExperts: Int
    /// Token–expert pairs of each of them.
    let rowsPerExpert: [Int]

    init(_ rows: [Int]) { (distinctExperts, rowsPerExpert) = (rows.count, rows) }
  }

  /// The run that it is of.
  struct Run: Encodable {
    let started: String
    /// Of its random data.
    let seed: UInt64
  }

  struct Formats: Encodable {
    let weight, activation, keyValueCache, residual: String

    init(_ formats: NumberFormats) {
      weight = formats.weight.rawValue
      activation = formats.activation.rawValue
      keyValueCache = formats.keyValueCache.rawValue
      residual = formats.residual.rawValue
    }
  }

  struct Kernel: Encodable {
    let name: String
    /// What cuBLASLt says of the algorithm that it chose.
    @Nullable var configuration: String?
    @Nullable var grid: [UInt32]?
    @Nullable var block: [UInt32]?
    @Nullable var sharedBytes: UInt32?
    @Nullable var registers: Int?
    @Nullable var localBytes: Int?
    @Nullable var codeHash: String?
    /// What NVRTC compiled for; `compute_…`: PTX, which the driver compiled. null for a library's kernels.
    @Nullable var architecture: String?

    init(_ kernel: KernelMeasurement.LaunchedKernel) {
      name = kernel.name
      _configuration = Nullable(wrappedValue: kernel.configuration)
      _grid = Nullable(wrappedValue: kernel.grid)
      _block = Nullable(wrappedValue: kernel.block)
      _sharedBytes = Nullable(wrappedValue: kernel.sharedBytes)
      _registers = Nullable(wrappedValue: kernel.registers)
      _localBytes = Nullable(wrappedValue: kernel.localBytes)
      _codeHash = Nullable(wrappedValue: kernel.codeHash)
      _architecture = Nullable(wrappedValue: kernel.architecture)
    }
  }

  /// Of one call.
  struct Counts: Encodable {
    let tensorFLOPs, vectorFLOPs, specialFLOPs: UInt64
    let bytes: UInt64
    let workspaceBytes: Int
    /// Sets of weights and keys, and the bytes that a round over them touches.
    let copies, footprintBytes: Int
  }

  struct Achieved: Encodable {
    let flopsPerSecond, bytesPerSecond: Double
    /// The GPU file's time at the roof that binds, and what of it was reached; null without such a file.
    @Nullable var roof: String?
    @Nullable var roofUs: Double?
    @Nullable var shareOfRoof: Double?

    enum CodingKeys: String, CodingKey {
      case flopsPerSecond, bytesPerSecond, roof, shareOfRoof
      case roofUs = "roof_us"
    }

    init(_ task: MeasurementTask, seconds: Double, on hardware: HardwareSpec?) {
      let cost = task.value.cost
      let highest = hardware.flatMap { MeasuredRoof(task, on: $0) }
      flopsPerSecond = Double(cost.flops.total.value) / seconds
      bytesPerSecond = Double(cost.traffic.total.value) / seconds
      _roof = Nullable(wrappedValue: highest?.name)
      _roofUs = Nullable(wrappedValue: highest.map { ObservationEntry.microseconds($0.seconds) })
      _shareOfRoof = Nullable(wrappedValue: highest.map { $0.seconds / seconds })
    }
  }

  /// What happened between `before` and `after`; null where NVML does not count it.
  struct Elapsed: Encodable {
    /// null but in the sustained mode: what takes less than two seconds no counter of energy tells from what lies around it.
    @Nullable var energyJoules: Double?
    @Nullable var powerCappedSeconds: Double?
    @Nullable var softwareThermalSeconds: Double?
    @Nullable var hardwareThermalSeconds: Double?
    @Nullable var powerBrakeSeconds: Double?

    init(_ measurement: KernelMeasurement) {
      let (before, after) = (measurement.before?.counters, measurement.after?.counters)
      func difference(_ counter: (DeviceState.Counters) -> Double?) -> Nullable<Double> {
        guard let first = before.flatMap(counter), let last = after.flatMap(counter) else {
          return Nullable(wrappedValue: nil)
        }
        return Nullable(wrappedValue: last - first)
      }
      _energyJoules = Nullable(wrappedValue: measurement.energy)
      _powerCappedSeconds = difference(\.powerCapped)
      _softwareThermalSeconds = difference(\.softwareThermal)
      _hardwareThermalSeconds = difference(\.hardwareThermal)
      _powerBrakeSeconds = difference(\.powerBrake)
    }
  }

  init(_ measurement: KernelMeasurement, source: String, hardware: HardwareSpec?, run: Run) {
    let task = measurement.task
    var columns = ObservationEntry.shape(task, copies: UInt64(measurement.copies))
    columns["family"] = .text(measurement.family)
    columns["source"] = .text(source)
    columns["timing"] = .text(measurement.procedure.rawValue)
    if measurement.mode.procedure == .event {
      columns["floor_us"] = .number(ObservationEntry.microseconds(measurement.floor))
    }
    if let gap = measurement.gap { columns["gap_us"] = .number(ObservationEntry.microseconds(gap)) }
    columns["time_us"] = .number(ObservationEntry.microseconds(measurement.time))
    // The clock at rest is another one.
    if let clock = measurement.load?.clock ?? measurement.during?.smClock {
      columns["sm_clock_mhz"] = .number(clock / 1e6)
    }
    self.columns = columns
    let cost = task.value.cost
    details = Details(
      names: task.names, operator: task.columns.description,
      formats: Formats(task.formats),
      mode: measurement.mode.rawValue, remark: measurement.remark,
      routing: measurement.rowsPerExpert.map(Routing.init),
      kernels: measurement.kernels.map(Kernel.init),
      statistics: Statistics(
        measurement.statistics, end: measurement.end, callsPerSample: measurement.callsPerSample,
        floor: measurement.floor, launchCost: measurement.launchCost, drift: measurement.drift),
      samplesUs: measurement.samples.map(ObservationEntry.microseconds),
      counts: Counts(
        tensorFLOPs: cost.flops.tensor.value, vectorFLOPs: cost.flops.vector.value,
        specialFLOPs: cost.flops.special.value, bytes: cost.traffic.total.value,
        workspaceBytes: measurement.workspaceBytes, copies: measurement.copies,
        footprintBytes: measurement.footprint),
      achieved: Achieved(task, seconds: measurement.time, on: hardware),
      check: Check(measurement.check), recheck: Check(measurement.recheck), sustained: Sustained(measurement),
      before: measurement.before.map(DeviceStateDocument.init),
      during: measurement.during.map(LoadDocument.init),
      after: measurement.after.map(DeviceStateDocument.init),
      elapsed: Elapsed(measurement), run: run)
  }

  func encode(to encoder: any Encoder) throws {
    try columns.encode(to: encoder)
    try details.encode(to: encoder)
  }

  /// To a tenth of a nanosecond, far below an event's resolution.
  static func microseconds(_ seconds: Double) -> Double { (seconds * 1e10).rounded() / 1e4 }

  /// The columns by which published measurements name a kernel.
  ///
  /// - Parameter copies: nil where nobody knows them.
  static func shape(_ task: MeasurementTask, copies: UInt64?) -> [String: Value] {
    let kind = task.columns.kind
    var columns: [String: Value] = [:]
    for column in task.columns.columns where known.contains(column.name) { columns[column.name] = .count(column.value) }
    columns["dtype"] = .text(task.formats.residual.rawValue)
    switch task.value.timeModel?.kind {
    case .gemm, .vectorProduct:
      columns["kind"] = .text("gemm")
      columns["dtype"] = .text(task.formats.activation.rawValue)
      columns["copies"] = copies.map(Value.count)
    case .lowPrecisionGEMM:
      columns["kind"] = .text("gemm")
      columns["dtype"] = .text(ProductFormat(task.formats)?.rawValue ?? task.formats.activation.rawValue)
      columns["copies"] = copies.map(Value.count)
    case .experts: columns["kind"] = .text("moe")
    case .attention:
      let isDecode = columns["query"].map { if case .count(1) = $0 { true } else { false } } ?? false
      columns["kind"] = .text("attention")
      columns["phase"] = .text(isDecode ? Phase.decode.rawValue : Phase.prefill.rawValue)
      columns["kv_dtype"] = .text(task.formats.keyValueCache.rawValue)
    case .row:
      columns["kind"] = .text("row")
      columns["op"] = .text(kind.rawValue)
    case .collective:
      columns["kind"] = .text("collective")
      columns["op"] = .text(kind.rawValue)
    case .allToAll, .mla, .mlaProduct, .linearAttention, .convolution, .indexer, .topK, .sparseAttention,
      nil:
      columns["kind"] = .text(kind.rawValue)
    }
    if case .rotary(let rotary) = task.value {
      let shape = rotary.shape
      columns["width"] = .count(((shape.heads + shape.keyValueHeads) * shape.headDim).value)
    }
    return columns
  }

  private static let known: Set<String> = [
    "m", "n", "k", "batch", "query", "context", "heads", "kv_heads", "head_dim", "window", "causal", "rows", "width",
    "ranks",
    "bytes", "experts", "top_k", "touched", "busiest", "pairs",
  ]
}

/// The time at the highest of a GPU's roofs, from its file alone.
struct MeasuredRoof {
  let name: String
  let seconds: Double

  /// nil where the file lacks a rate that the operator needs.
  init?(_ task: MeasurementTask, on hardware: HardwareSpec) {
    let roofs = OperatorPrediction.roofTimes(
      of: task.value.cost, rates: DeviceRates(hardware, RateOptions(), ranks: 1))
    let times = [
      ("tensor", roofs.tensor), ("vector", roofs.vector), ("special", roofs.special), ("memory", roofs.memory),
    ]
    guard times.allSatisfy({ $0.1.isFinite }), let highest = times.max(by: { $0.1 < $1.1 }) else { return nil }
    name = highest.0
    seconds = highest.1
  }
}
