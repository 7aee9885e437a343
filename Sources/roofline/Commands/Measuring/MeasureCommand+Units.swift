import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import RooflineReport

extension MeasureCommand {
  /// Looks whether kernels compute what they must; nothing is timed, and no file is written.
  static func runUnits(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let timing: [any AnyOption] = [
      MeasurementOptions.modes, MeasurementOptions.output, MeasurementOptions.resume, MeasurementOptions.hardware,
      MeasurementOptions.timeout,
    ]
    if let option = timing.first(where: arguments.isGiven) {
      throw InputError.usage("--\(option.name) says nothing here: --suite units times nothing; leave it out")
    }
    let options = try arguments.planningOptions()
    let ordinal = try arguments.value(of: MeasurementOptions.device) ?? 0
    let (tasks, _) = try arguments.measurementTasks(surroundings.catalog())
    try arguments.requireUse(of: tasks)
    let page = try arguments.page(surroundings)
    Interruption.watch()
    defer { Interruption.ignore() }
    let session = try MeasurementSession(
      environment: surroundings.environment, ordinal: ordinal, seed: UInt64.random(in: 1...UInt64(UInt32.max)),
      isInterrupted: { Interruption.isRequested })
    let progress = MeasurementProgress(surroundings.progress)
    let run = session.check(tasks, options: options, willCheck: progress.begin)
    progress.end()
    let report = UnitsReport(
      run, device: session.properties, matrixFault: options.prefersOwnProducts ? nil : session.matrixFault)
    return Outcome(
      output: try page.render(report.report),
      errors: report.faults.map { "roofline: \($0.onOneLine)\n" }.joined(),
      exitCode: run.end == .interrupted ? 130 : report.faults.isEmpty ? 0 : 1)
  }
}
