import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

extension Calibrator {
  /// Constants that miss by more say nothing that anybody could use.
  static let mostError = 0.5
  /// Below this share of the least possible time no measurement is a matter of clocks or of a datasheet's rounding.
  static let impossibleShare = 0.5

  /// Whether a kernel took less than half of what no kernel beats.
  func isImpossible(_ observation: Observation) -> Bool {
    guard let least = observation.value.leastSeconds(hardware) else { return false }
    return observation.seconds < Calibrator.impossibleShare * least
  }

  /// Mean |predicted/measured − 1| on rows that the constants were fitted to; infinite where there is no prediction.
  func mape(of constants: Calibration.Constants, on rows: [Observation]) -> Double {
    guard let model = constants.model(facts, generation: generation),
      let errors = ErrorStatistics(
        predicted: rows.map { model.seconds(of: $0) }, measured: rows.map(\.seconds))
    else { return .infinity }
    return errors.mape
  }

  /// The outcome without its entry where that would mislead: its error is beyond use, or nothing that a file may hold.
  func refusing(_ outcome: Outcome, error: Double, of what: String) -> Outcome {
    guard outcome.entry != nil else { return outcome }
    var outcome = outcome
    if !(error <= Calibrator.mostError) {
      let size = error.isFinite ? "\((error * 1000).rounded() / 10) %" : "beyond all numbers"
      outcome.remark =
        "\(what) is \(size), more than \(Int(Calibrator.mostError * 100)) %, and it is not written; is time_us in microseconds, and the GPU the right one?"
    } else if outcome.entry?.heldOut?.isPlausible == false {
      outcome.remark =
        "some rows are over a thousand times slower or faster than constants without them say, and it is not written"
    } else {
      return outcome
    }
    outcome.entry = nil
    outcome.atBound = []
    return outcome
  }
}
