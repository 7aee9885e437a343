import RooflineCore
import RooflineTimeModels

extension RowPrediction {
  /// A row as an analysis predicts those of its passes: by its rates, and its constants where it has any.
  package init(_ row: NamedOperator<Count>, of analysis: Analysis) {
    let time = IdealTime(overlap: analysis.options.overlap)
    if let calibrated = analysis.calibrated {
      self.init(row, rates: analysis.rates, time: time, timing: calibrated.timed)
    } else {
      self.init(row, rates: analysis.rates, time: time)
    }
  }
}
