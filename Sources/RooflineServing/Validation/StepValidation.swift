import RooflineComparison
import RooflineCore

/// How well engines' files predict published steps, group by group.
package struct StepValidation: Sendable {
  /// Rows of one source, engine, GPU, model, metric and regime.
  package struct Group: Hashable, Sendable {
    package var source, engine, version: String
    /// The file that speaks for them; nil: kernels alone.
    package var engineFile: String?
    package var gpu, model: String
    package var metric: EngineMetric
    package var regime: StepMeasurement.Regime
  }

  /// All groups of an engine's file and a metric.
  package struct Total: Hashable, Sendable {
    package var engineFile: String?
    package var metric: EngineMetric
    package var regime: StepMeasurement.Regime
  }

  package struct Line<Key: Sendable>: Sendable {
    package var key: Key
    package var errors: ErrorStatistics
  }

  package let predictions: [StepPrediction]
  package let groups: [Line<Group>]
  package let totals: [Line<Total>]
  /// Rows that are not scored, by reason.
  package let unscored: [ObservationFile.Skipped]
  package let rows: Int

  /// - Parameter progress: is told now and then how many rows are predicted.
  package init(
    _ measurements: [StepMeasurement], _ predictor: StepPredictor, progress: ((_ done: UInt64) -> Void)? = nil
  ) {
    var predictions: [StepPrediction] = []
    var reasons: [String: Int] = [:]
    for (index, row) in measurements.enumerated() {
      if index.isMultiple(of: 16) { progress?(UInt64(index)) }
      do { predictions.append(try predictor.predict(row)) } catch { reasons[error.reason, default: 0] += 1 }
    }
    rows = measurements.count
    self.predictions = predictions
    unscored = reasons.sorted { $0.key < $1.key }.map { .init(reason: $0.key, n: $0.value) }
    groups = StepValidation.lines(predictions, by: Group.init).sorted {
      $0.key.sortKey.lexicographicallyPrecedes($1.key.sortKey)
    }
    totals = StepValidation.lines(predictions) { Total($0) }.sorted {
      $0.key.sortKey.lexicographicallyPrecedes($1.key.sortKey)
    }
  }

  private static func lines<Key: Hashable & Sendable>(
    _ predictions: [StepPrediction], by key: (StepPrediction) -> Key
  ) -> [Line<Key>] {
    Dictionary(grouping: predictions, by: key).compactMap { key, members in
      ErrorStatistics(predicted: members.map(\.predicted), measured: members.map(\.measurement.value))
        .map { Line(key: key, errors: $0) }
    }
  }
}

extension StepValidation.Group {
  init(_ prediction: StepPrediction) {
    let row = prediction.measurement
    self.init(
      source: row.publisher, engine: row.engine, version: row.version, engineFile: prediction.engine?.name,
      gpu: prediction.hardware.name, model: prediction.configuration.name, metric: row.metric,
      regime: row.conditions.regime)
  }

  /// Engines with a file first.
  fileprivate var sortKey: [String] {
    [engineFile == nil ? "1" : "0", source, engine, version, gpu, model, metric.rawValue, regime.word]
  }
}

extension StepValidation.Total {
  init(_ prediction: StepPrediction) {
    let row = prediction.measurement
    self.init(engineFile: prediction.engine?.name, metric: row.metric, regime: row.conditions.regime)
  }

  fileprivate var sortKey: [String] { [engineFile == nil ? "1" : "0", engineFile ?? "", metric.rawValue, regime.word] }
}
