import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineMeasurement
import RooflineTimeModels
import RooflineTraces

/// The observation file that `import --output` writes: what a trace says, and null for what it does not know.
package struct TraceObservationDocument: Encodable {
  let schemaVersion = 1
  let gpu: String
  let isFake = false
  let device: Device
  let trace: Origin
  let software: Software
  let started: String
  let command: String
  let observations: [TraceObservationEntry]
  let leftOut: [LeftOut]

  /// As the trace names it; what a profiler does not record is null.
  struct Device: Encodable {
    @Nullable var name: String?
    @Nullable var uuid: String?
    @Nullable var computeCapability: String?
    @Nullable var streamingMultiprocessors: UInt64?
    @Nullable var memoryBytes: UInt64?
    @Nullable var l2Bytes: UInt64?
  }

  struct Origin: Encodable {
    let file, format: String
    let model: String
    let phase: String
    let passes: Double
    let facts: [TraceDocument.FactEntry]
  }

  struct Software: Encodable {
    let roofline: String
    /// Nobody recorded which driver and libraries ran.
    @Nullable var cudaDriver: String?
  }

  struct LeftOut: Encodable {
    let name, reason: String
  }

  package init(
    _ observations: TraceObservations, _ findings: TraceFindings, tool: String, started: String, command: String
  ) {
    gpu = observations.gpu
    device = Device(name: observations.device)
    trace = Origin(
      file: findings.trace.file, format: findings.trace.format.rawValue,
      model: findings.prediction?.analysis.configuration.name ?? "", phase: findings.prediction?.name ?? "",
      passes: findings.passCount,
      facts: findings.facts.map { .init(name: $0.name, value: $0.value, source: $0.source) })
    software = Software(roofline: tool)
    self.started = started
    self.command = command
    self.observations = observations.entries
    leftOut = observations.leftOut.map { LeftOut(name: $0.name, reason: $0.reason) }
  }

  package func render() throws -> String { try JSONFormat().render(self) }
}

/// A row of a trace as a measurement.
package struct TraceObservationEntry: Encodable {
  private let columns: [String: ObservationEntry.Value]
  private let details: Details

  private struct Details: Encodable {
    let names: [String]
    let `operator`: String
    let formats: ObservationEntry.Formats
    /// In an engine's pass: weights and caches come from memory.
    let mode: String
    @Nullable var remark: String?
    let kernels: [Kernel]
    let counts: Counts
    let achieved: ObservationEntry.Achieved
  }

  private struct Kernel: Encodable {
    let name: String
  }

  private struct Counts: Encodable {
    let tensorFLOPs, vectorFLOPs, specialFLOPs, bytes: UInt64
    /// Of which the time is the mean.
    let calls: UInt64
  }

  init(
    _ task: MeasurementTask, family: String, source: String, seconds: Double, calls: UInt64, kernels: [String],
    remark: String?, hardware: HardwareSpec
  ) {
    var columns = ObservationEntry.shape(task, copies: nil)
    columns["family"] = .text(family)
    columns["source"] = .text(source)
    columns["timing"] = .text(TimingProcedure.kernel.rawValue)
    columns["time_us"] = .number(ObservationEntry.microseconds(seconds))
    self.columns = columns
    let cost = task.value.cost
    details = Details(
      names: task.names, operator: task.columns.description, formats: .init(task.formats),
      mode: CacheState.serving.rawValue, remark: remark, kernels: kernels.map(Kernel.init),
      counts: Counts(
        tensorFLOPs: cost.flops.tensor.value, vectorFLOPs: cost.flops.vector.value,
        specialFLOPs: cost.flops.special.value, bytes: cost.traffic.total.value, calls: calls),
      achieved: .init(task, seconds: seconds, on: hardware))
  }

  package func encode(to encoder: any Encoder) throws {
    try columns.encode(to: encoder)
    try details.encode(to: encoder)
  }
}

extension TraceObservationEntry {
  /// Whether a reader of observation files makes the same kernel of it.
  func isReadable(gpu: String, as value: Operator<Count>) -> Bool {
    struct File: Encodable {
      let schemaVersion = 1
      let gpu: String
      let observations: [TraceObservationEntry]
    }
    guard let text = try? JSONFormat().compact(File(gpu: gpu, observations: [self])),
      let file = try? ObservationFile.read(text: text, path: "observation")
    else { return false }
    return file.observations.first.map { Comparison.isSame($0.value, value) } ?? false
  }
}
