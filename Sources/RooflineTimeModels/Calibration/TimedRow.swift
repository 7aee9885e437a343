import RooflineCore

/// A row's operator and the calibration entry that times its kernel: what reports and comparisons ask about a time.
package struct TimedRow: Sendable {
  package let value: Operator<Count>
  package let conditions: KernelConditions
  package let found: CalibrationSet.Found

  /// nil for an operator that no time model describes, or that nobody has constants for.
  package init?(_ value: Operator<Count>, by time: CalibratedTime) {
    guard let found = time.found(value) else { return nil }
    self.value = value
    conditions = time.options.conditions
    self.found = found
  }

  /// The parts of the kernel's own time.
  package var parts: [TimePart] { found.model.parts(of: value, conditions) }

  /// What was chosen on the way to it.
  package var choices: [(name: String, value: String)] { found.model.choices(of: value, conditions) }

  /// Factors on the row's time between which a share of measurements of such kernels lies; nil where there is no telling.
  package func interval(_ prediction: OperatorPrediction, by time: CalibratedTime) -> ClosedRange<Double>? {
    // What is no finite range is none.
    guard let factors = factors(prediction, by: time), (prediction.seconds * factors.upperBound).isFinite else {
      return nil
    }
    return factors
  }

  private func factors(_ prediction: OperatorPrediction, by time: CalibratedTime) -> ClosedRange<Double>? {
    switch prediction.basis {
    case .anchored:
      time.correction?.interval(value, family: found.entry.key.family, share: time.options.interval)
    case .calibrated:
      found.heldOut?.factors(at: prediction.seconds, share: time.options.interval)
    case .ideal, .clamped, .uncalibrated: nil
    }
  }
}
