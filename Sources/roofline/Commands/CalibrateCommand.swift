import RooflineComparison
import RooflineCore
import RooflineReport
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum CalibrateCommand: Command {
  private static let prior = Option.text(
    "prior", "NAME", "the GPU to whose constants fits shrink (its own, or one of its generation)")
  private static let fresh = Option.flag(
    "fresh", "begin at the prior without shrinking to it: for a GPU with many measurements")
  static let engine = Option.text(
    "engine", "NAME|PATH", "with --steps: the engine to begin with, whose kernels and scheduler the fitted one has",
    suggestions: .engines)
  static let output = Option.text("output", "FILE", "the calibration file to write", isOutput: true)

  static let description = CommandDescription(
    name: "calibrate",
    summary:
      "Fits the constants of time models to measured kernels, or of an engine to whole steps, and writes their file.",
    usage:
      "calibrate (--observations FILE … --hardware NAME|PATH | --steps FILE …) --output FILE [options]",
    options: [
      ObservationOptions.observations, WorkloadOptions.hardware, prior, fresh, output, StepOptions.steps,
      StepOptions.given, engine,
    ] + WorkloadOptions.output,
    positionals: 0...64,
    example: "roofline calibrate --observations gemm-h200.csv --hardware h200-sxm --prior h100-sxm --output h200.json")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    if arguments.isGiven(StepOptions.steps) { return try steps(arguments, surroundings, page) }
    try arguments.refuseGivenWithoutSteps()
    guard !arguments.isGiven(engine) else { throw InputError.usage("--engine needs --steps") }
    let output = try arguments.required(Self.output, "name the calibration file to write, e.g. --output h200-sxm.json")
    let files = try arguments.observations(and: arguments.positionals)
    let catalog = surroundings.catalog()
    let hardware = try arguments.hardware(of: files, catalog)
    let prior = try catalog.calibrations(for: hardware, prior: arguments.value(of: Self.prior))
    let calibrator = try Calibrator(
      hardware, prior: prior.layers.isEmpty ? nil : prior, shrinks: !arguments.has(fresh),
      relatives: try catalog.calibrations(for: hardware).layers)
    let outcomes = calibrator.calibrate(files.flatMap(\.observations))
    let entries = outcomes.compactMap(\.entry)
    guard !entries.isEmpty else {
      let reason = outcomes.compactMap(\.remark).first ?? "no rows that a model describes"
      throw InputError.notMeasurements(
        file: files.first?.path ?? "", problem: "nothing could be calibrated (\(reason)); nothing was written")
    }
    let target = try OutputFile(
      output, apartFrom: [hardware.path] + prior.layers.map(\.path), replacing: "a calibration"
    ) { path in (try? catalog.calibration(file: path)) != nil }
    let calibration = Calibration(
      hardware: hardware.name, path: output, date: today, computeCapability: calibrator.capability,
      entries: entries)
    // The report first: where it cannot be made, nothing is written.
    let report = try page.render(
      CalibrationReport(outcomes, hardware: hardware, output: output, skipped: files.flatMap(\.skippedBesideKernels))
        .report)
    let document = CalibrationDocument(calibration).render()
    // Nothing is written that could not be read.
    _ = try Calibration.decode(JSONValue.parse(Data(document.utf8), file: output), file: output)
    try target.write(document)
    return Outcome(output: report, errors: files.warningLines)
  }

  /// ISO 8601, in UTC.
  private static var today: String { String(Date().ISO8601Format().prefix(10)) }
}
