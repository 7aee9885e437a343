import RooflineCore
import RooflineMeasurement

/// A layer as one graph in an observation file.
struct LayerEntry: Encodable {
  let name: String
  /// How many layers of the model are like it.
  let layers: UInt64
  let rows: [Row]
  let leftOut: [LeftOut]
  let timeUs: Double
  let samplesUs: [Double]
  let statistics: ObservationEntry.Statistics
  let counts: Counts
  let check, recheck: ObservationEntry.Check
  @Nullable var before: DeviceStateDocument?
  @Nullable var during: LoadDocument?
  @Nullable var after: DeviceStateDocument?
  let run: ObservationEntry.Run

  enum CodingKeys: String, CodingKey {
    case name, layers, rows, leftOut, statistics, counts, check, recheck, before, during, after, run
    case timeUs = "time_us"
    case samplesUs = "samples_us"
  }

  /// A kernel, with the columns of an observation but its time.
  struct Row: Encodable {
    private let columns: [String: ObservationEntry.Value]
    private let details: Details

    private struct Details: Encodable {
      let name, `operator`: String
      let formats: ObservationEntry.Formats
      /// Of a grouped product; null of other operators.
      @Nullable var routing: ObservationEntry.Routing?
      let kernels: [ObservationEntry.Kernel]
    }

    init(_ row: LayerMeasurement.Row, copies: Int) {
      var columns = ObservationEntry.shape(row.task, copies: UInt64(copies))
      columns["family"] = .text(row.family)
      columns["timing"] = .text(TimingProcedure.graph.rawValue)
      self.columns = columns
      details = Details(
        name: row.name, operator: row.task.columns.description, formats: .init(row.task.formats),
        routing: row.rowsPerExpert.map(ObservationEntry.Routing.init),
        kernels: row.kernels.map(ObservationEntry.Kernel.init))
    }

    func encode(to encoder: any Encoder) throws {
      try columns.encode(to: encoder)
      try details.encode(to: encoder)
    }
  }

  struct LeftOut: Encodable {
    let name, `operator`, reason: String
  }

  /// Of one layer, what is left out not counted.
  struct Counts: Encodable {
    let tensorFLOPs, vectorFLOPs, specialFLOPs, bytes: UInt64
    /// Sets of weights and caches, and the bytes that a round over them touches.
    let copies, footprintBytes: Int
    /// Activations, keys and values that rows read, and how many of them a former row of the layer wrote.
    let operands, linkedOperands: Int

    init(_ measurement: LayerMeasurement) {
      let costs = measurement.rows.map(\.task.value.cost)
      func sum(_ value: (OperatorCost) -> Count) -> UInt64 { costs.reduce(0) { $0 &+ value($1).value } }
      tensorFLOPs = sum(\.flops.tensor)
      vectorFLOPs = sum(\.flops.vector)
      specialFLOPs = sum(\.flops.special)
      bytes = sum(\.traffic.total)
      copies = measurement.copies
      footprintBytes = measurement.footprint
      (operands, linkedOperands) = (measurement.linkable, measurement.linked)
    }
  }

  init(_ measurement: LayerMeasurement, run: ObservationEntry.Run) {
    name = measurement.task.name
    layers = measurement.task.layers
    rows = measurement.rows.map { Row($0, copies: measurement.copies) }
    leftOut = measurement.leftOut.map {
      LeftOut(name: $0.name, operator: $0.task.columns.description, reason: $0.reason)
    }
    timeUs = ObservationEntry.microseconds(measurement.time)
    samplesUs = measurement.samples.map(ObservationEntry.microseconds)
    statistics = ObservationEntry.Statistics(
      measurement.statistics, end: measurement.end, callsPerSample: measurement.layersPerSample,
      floor: measurement.floor, launchCost: measurement.launchCost, drift: measurement.drift)
    counts = Counts(measurement)
    check = .init(measurement.check)
    recheck = .init(measurement.recheck)
    _before = Nullable(wrappedValue: measurement.before.map(DeviceStateDocument.init))
    _during = Nullable(wrappedValue: measurement.during.map(LoadDocument.init))
    _after = Nullable(wrappedValue: measurement.after.map(DeviceStateDocument.init))
    self.run = run
  }
}
