import RooflineComparison
import RooflineCore
import RooflineReport
import RooflineServing
import RooflineTimeModels

enum ValidateCommand: Command {
  private static let time = Option<TimeOptions.Tier>.choice(
    "time", "TIER", "ideal, calibrated, or anchored: by the other rows, a row's own group left out (calibrated)")

  static let description = CommandDescription(
    name: "validate",
    summary: "How far predicted times of kernels, or of whole steps, lie from measured ones, group by group.",
    usage: "validate --observations FILE … [--calibration FILE | --prior NAME] [options] | --steps FILE … [options]",
    options: [
      ObservationOptions.observations, StepOptions.steps, StepOptions.given, WorkloadOptions.hardware,
      ObservationOptions.calibration,
      ObservationOptions.prior, time, ObservationOptions.residency, ObservationOptions.interval,
    ] + WorkloadOptions.output,
    positionals: 0...64,
    example: "roofline validate --observations gemm-h100_sxm.csv --hardware h100-sxm")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    if arguments.isGiven(StepOptions.steps) {
      return try steps(arguments, surroundings, page)
    }
    try arguments.refuseGivenWithoutSteps()
    let interval = try arguments.interval()
    let cache = try arguments.cacheState()
    let tier = try arguments.value(of: Self.time) ?? .calibrated
    guard !arguments.isGiven(ObservationOptions.calibration) || !arguments.isGiven(ObservationOptions.prior) else {
      throw InputError.usage("--calibration and --prior contradict each other; give one")
    }
    let files = try arguments.observations(and: arguments.positionals)
    let catalog = surroundings.catalog()
    let hardware = try arguments.hardware(of: files, catalog)
    let calibrations = try catalog.calibrations(
      for: hardware, file: arguments.value(of: ObservationOptions.calibration),
      prior: arguments.value(of: ObservationOptions.prior))
    let observations = files.flatMap(\.observations)
    let predictor = ObservationPredictor(
      calibrations, cache: cache,
      tier: tier == .ideal
        ? .ideal(RateOptions()) : tier == .anchored ? .anchored(Anchors(files, set: calibrations)) : .calibrated)
    let validation = Validation(
      observations, predictor: predictor,
      skipped: files.flatMap(\.skippedBesideKernels), interval: interval)
    let report = ValidationReport(
      validation, hardware: hardware, interval: interval, notes: files.flatMap(\.readingNotes))
    // An anchored tier's notes hold the files' warnings already.
    return Outcome(output: try page.render(report.report), errors: tier == .anchored ? "" : files.warningLines)
  }
}

extension ValidateCommand {
  /// Whole steps beside what engines' files say of them.
  private static func steps(_ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page) throws -> Outcome
  {
    try arguments.refuseKernelOptions(description.options)
    let files = try arguments.stepFiles()
    let predictor = StepPredictor(try StepResolver(surroundings.catalog()), isComparing: page.format == .csv)
    let measurements = files.flatMap(\.measurements)
    let validation = StepValidation(measurements, predictor) { done in
      surroundings.line?.update("rows", done: done, of: UInt64(measurements.count))
    }
    return Outcome(output: try page.render(StepValidationReport(validation, notes: files.flatMap(\.notes)).report))
  }
}

extension [ObservationFile] {
  /// For standard error.
  var warningLines: String { flatMap(\.warnings).map { "roofline: warning: \($0.onOneLine)\n" }.joined() }
}

extension ObservationFile {
  /// What a reader of the results should know of how the file was read.
  var readingNotes: [String] {
    (unknownColumns.isEmpty ? [] : ["\(path): ignored columns \(unknownColumns.joined(separator: ", "))"])
      + (reroutedLayers == 0
        ? []
        : [
          "\(path): layers of experts that are taken as their benchmark ran them, not as their columns say: \(reroutedLayers) (TimeModels, \"Experts\"; groups and kept_groups of 1 keep a row as it stands)"
        ])
  }
}
