import RooflineAnalysis
import RooflineCore
import RooflineServing
import RooflineTimeModels
import RooflineTraces

/// The pass that those of a trace are laid beside: its rows, and what each could take.
package struct TracePrediction: Sendable {
  /// Model, GPU, degrees, formats, rates and constants; of a mixed pass, its workload is that of the sequences.
  package let analysis: Analysis
  package let rows: [Row]
  /// What a reader of the numbers should know.
  package let notices: [Notice]
  /// `prefill`, `decode`, `mixed`.
  package let name: String
  /// What is computed, in words.
  let work: String

  /// A row of the model. In a mixed pass, what depends on the number of tokens alone runs once over all of them; attention has a part
  /// for each kind of pieces of prompts and one for the sequences, which one kernel does or several do.
  package struct Row: Sendable {
    package let label: String
    package let parts: [RowPrediction]

    package var first: RowPrediction { parts[0] }
  }

  /// A pass of one kind; nil of an analysis without one.
  package init?(_ analysis: Analysis) {
    guard let phase = analysis.phases.first else { return nil }
    self.analysis = analysis
    rows = phase.operators.map { Row(label: phase.label(of: $0), parts: [$0]) }
    notices = analysis.notices
    let step = phase.step
    name = step.name
    work =
      step.phase == .prefill
      ? "prefill of \(step.batch) × \(step.queryTokens) tokens"
      : "decode of \(step.batch) × 1 token, \(step.attendedKeys) keys attended"
  }

  /// Pieces of prompts and sequences in one pass.
  ///
  /// - Parameters:
  ///   - analysis: of a decode step of the sequences, for everything but the rows; nil of one without a pass.
  ///   - plain: the same without constants: what is to be said beside them.
  package init?(_ analysis: Analysis, plain: Analysis, _ pass: MixedPass) {
    guard let phase = analysis.phases.first else { return nil }
    self.analysis = analysis
    let rows = PassRows(analysis.configuration.model, analysis.workload).rows(of: pass).map { parts in
      parts.map { RowPrediction($0, of: analysis) }
    }
    self.rows = rows.compactMap { parts in parts.first.map { Row(label: phase.label(of: $0), parts: parts) } }
    let own = plain.notices.filter { notice in
      // Of the sequences' caches and tokens alone.
      switch notice {
      case .doesNotFit, .expertsTouched: false
      case _: true
      }
    }
    notices = own + (analysis.calibrated.map { Notice.calibration($0, rows.flatMap { $0 }) } ?? [])
    name = "mixed"
    let count = pass.chunks.reduce(0) { $0 + $1.prompts }
    let pieces = count > 0 ? ["\(pass.promptTokens) tokens of \(count) sequence\(count == 1 ? "" : "s")"] : []
    let steps = pass.sequences > 0 ? ["\(pass.sequences) × 1 token, \(pass.meanKeys) keys attended"] : []
    work = "mixed pass of \((pieces + steps).joined(separator: " and "))"
  }
}

extension TracePrediction.Row {
  package var name: OperatorName { first.name }
  package var scope: RowScope { first.scope }
  /// In a pass.
  package var occurrences: UInt64 { first.occurrences.value }

  /// The ideal time of a call, s: of one kernel that does all parts, which no kernels that share them beat.
  package func roof(_ analysis: Analysis) -> Double? { together(analysis)?.time?.value }

  package func bound(_ analysis: Analysis) -> Bound? {
    parts.count == 1 ? first.bound : together(analysis)?.knownBound
  }

  private func together(_ analysis: Analysis) -> OperatorPrediction? {
    OperatorPrediction.together(parts.map(\.prediction), analysis.rates, analysis.options)
  }

  /// What a call takes, its parts one after another, s; nil where one is unknown.
  package var seconds: Double? {
    var sum = 0.0
    for part in parts {
      guard let own = part.time else { return nil }
      sum += own.value
    }
    return sum
  }

  /// Between which times a share of measurements of such calls lies, s, if all parts err alike; nil where there is no telling.
  package func interval(by time: CalibratedTime) -> ClosedRange<Double>? {
    var (low, high) = (0.0, 0.0)
    for part in parts {
      guard let own = part.time?.value,
        let factors = TimedRow(part.row.kernel, by: time)?.interval(part.prediction, by: time)
      else { return nil }
      low += own * factors.lowerBound
      high += own * factors.upperBound
    }
    return low...high
  }

  /// The least that one of its parts stands on.
  package var basis: TimeBasis {
    let order: [TimeBasis] = [.uncalibrated, .clamped, .calibrated, .anchored, .ideal]
    return order.first { basis in parts.contains { $0.basis == basis } } ?? first.basis
  }
}
