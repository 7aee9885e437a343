import RooflineCore

extension PhaseAnalysis {
  /// A pass at calibrated times, and at its ideal ones where nobody has constants for a row, or none are given; a backward pass keeps
  /// its ideal times.
  package init(
    _ model: DecoderModel, _ step: DecoderStep, rates: DeviceRates, time: IdealTime, calibrated: CalibratedTime?
  ) {
    if let calibrated, step.trainingPass != .backward {
      self.init(model, step, rates: rates, time: time, timing: calibrated.timed)
    } else {
      self.init(model, step, rates: rates, time: time)
    }
  }

  /// The kernels behind the rows, row by row; nil where nobody has constants for one.
  package func timedRows(by time: CalibratedTime) -> [TimedRow?] {
    operators.map { TimedRow($0.row.kernel, by: time) }
  }

  /// The range of the pass's time if all rows err alike: the sum of the rows' ends; nil where the constants of a row are of another
  /// generation or head dim. Rows that keep their ideal time, keep it here, too.
  package func interval(by time: CalibratedTime) -> (low: Seconds, high: Seconds)? {
    var (low, high) = (0.0, 0.0)
    for (row, timed) in zip(operators, timedRows(by: time)) {
      guard let own = row.time, timed.map({ !$0.found.isOtherGeneration && $0.found.otherHeadDim == nil }) != false
      else {
        return nil
      }
      let factors = timed?.interval(row.prediction, by: time) ?? 1...1
      let times = Double(row.occurrences.value)
      low += own.value * factors.lowerBound * times
      high += own.value * factors.upperBound * times
    }
    return (Seconds(low), Seconds(high))
  }
}
