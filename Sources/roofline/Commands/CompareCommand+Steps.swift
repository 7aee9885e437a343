import RooflineCore
import RooflineReport
import RooflineServing

extension CompareCommand {
  /// Whole steps row by row: roof, kernels, prediction, measurement.
  ///
  /// - Parameter tolerance: a share; a row beyond it makes the exit code 2.
  static func steps(
    _ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page, tolerance: Double
  ) throws -> Outcome {
    let files = try arguments.stepFiles()
    let predictor = StepPredictor(try StepResolver(surroundings.catalog()))
    let measurements = files.flatMap(\.measurements)
    let validation = StepValidation(measurements, predictor) { done in
      surroundings.line?.update("rows", done: done, of: UInt64(measurements.count))
    }
    guard !validation.predictions.isEmpty else {
      throw InputError.notMeasurements(
        file: files.first?.path ?? "",
        problem: "none of its rows can be predicted (\(validation.unscored.first?.reason ?? "there is none"))")
    }
    let report = StepComparisonReport(validation, tolerance: tolerance, notes: files.flatMap(\.notes))
    return Outcome(output: try page.render(report.report), exitCode: report.worst > tolerance ? 2 : 0)
  }
}
