import RooflineComparison
import RooflineCore

/// The fields of one line of published steps, read as what they must be.
struct StepRow {
  /// Columns, by the names of the first line.
  enum Column: String, CaseIterable {
    case id, source, engine
    case version = "engine_version"
    case gpu, gpus
    case tensorParallel = "tp"
    case pipelineParallel = "pp"
    case model
    case dtype
    case cacheDType = "kv_dtype"
    case batch, prompt
    case generated = "generate"
    case metric, value, notes

    /// Without them a row says nothing.
    static let needed: [Column] = [.engine, .gpu, .model, .dtype, .batch, .generated, .metric, .value, .notes]
  }

  let path: String
  /// `line 7`, and the row's own name where it has one.
  let place: String
  let field: (Column) -> String

  func complaint(_ problem: String) -> InputError { .notMeasurements(file: path, problem: "\(place): \(problem)") }

  func text(_ column: Column) throws(InputError) -> String {
    let text = field(column)
    guard !text.isEmpty else { throw complaint("\(column.rawValue) is missing") }
    return text
  }

  /// nil where the field is empty.
  func whole(_ column: Column, from least: UInt64 = 1) throws(InputError) -> UInt64? {
    let text = field(column)
    guard !text.isEmpty else { return nil }
    guard let number = UInt64(text) ?? Double(text).flatMap({ UInt64(exactly: $0) }), number >= least,
      number <= StepRow.most
    else {
      throw complaint(
        "\(column.rawValue) is \"\(ObservationFile.shortened(text))\"; expected a whole number from \(least) to \(StepRow.most)"
      )
    }
    return number
  }

  func needed(_ column: Column, from least: UInt64 = 1) throws(InputError) -> UInt64 {
    guard let number = try whole(column, from: least) else { throw complaint("\(column.rawValue) is missing") }
    return number
  }

  /// No batch, prompt or number of GPUs comes near.
  private static let most: UInt64 = 100_000_000

  func measurement() throws(InputError) -> StepMeasurement {
    let metricName = try text(.metric)
    guard let metric = EngineMetric(rawValue: metricName) else {
      let known = EngineMetric.allCases.map(\.rawValue).joined(separator: ", ")
      throw complaint("metric is \"\(ObservationFile.shortened(metricName))\"; expected one of \(known)")
    }
    let valueText = try text(.value)
    guard let value = Double(valueText), value > 0, value <= 1e12 else {
      throw complaint("value is \"\(ObservationFile.shortened(valueText))\"; expected a number above 0, up to 1e12")
    }
    let format = try text(.dtype)
    guard let formats = StepFormats(format, cache: field(.cacheDType)) else {
      throw complaint(
        "dtype and kv_dtype are \"\(ObservationFile.shortened(format))\" and \"\(ObservationFile.shortened(field(.cacheDType)))\"; expected formats, e.g. fp16, bf16, fp8, int4_wo"
      )
    }
    let (ranks, stages) = (try whole(.tensorParallel) ?? 1, try whole(.pipelineParallel) ?? 1)
    let gpus = try whole(.gpus) ?? ranks * stages
    guard gpus.isMultiple(of: ranks * stages) else {
      throw complaint("gpus is \(gpus), no multiple of tp × pp, \(ranks * stages)")
    }
    let conditions = try StepMeasurement.Conditions(notes: field(.notes), place: self)
    let (prompt, generated) = (try whole(.prompt, from: 0), try needed(.generated, from: 0))
    if prompt == nil, conditions.regime.needsPrompt { throw complaint("prompt is missing") }
    guard (prompt ?? 1) + generated > 0 else { throw complaint("prompt and generate are both 0") }
    return StepMeasurement(
      id: field(.id).isEmpty ? place : field(.id), source: field(.source), engine: try text(.engine),
      version: field(.version), gpu: try text(.gpu), model: try text(.model), gpus: gpus, tensorParallel: ranks,
      pipelineParallel: stages, formats: formats, batch: try needed(.batch), prompt: prompt, generated: generated,
      metric: metric, value: value, conditions: conditions)
  }
}

extension StepMeasurement.Regime {
  /// Whether nothing can be predicted without the prompt's length.
  fileprivate var needsPrompt: Bool {
    switch self {
    case .oneBatch, .closedLoop, .forward: true
    case .steady, .listed: false
    }
  }
}
