import RooflineComparison
import RooflineCore
import RooflineReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum CalibrateCommand: Command {
  static let description = CommandDescription(
    name: "calibrate",
    summary: "Fits the constants of the time models to measured kernels and writes a calibration file.",
    usage: "calibrate --observations FILE … --hardware NAME|PATH [--prior NAME [--fresh]] --output FILE",
    options: [
      ObservationOptions.observations, WorkloadOptions.hardware,
      Option("prior", "NAME", "the GPU to whose constants fits shrink (its own, or one of its generation)"),
      Option("fresh", nil, "begin at the prior without shrinking to it: for a GPU with many measurements"),
      Option("output", "FILE", "the calibration file to write", isOutput: true),
    ] + WorkloadOptions.output,
    positionals: 0...64,
    example: "roofline calibrate --observations gemm-h200.csv --hardware h200-sxm --prior h100-sxm --output h200.json")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let output = try arguments.required("output", "name the calibration file to write, e.g. --output h200-sxm.json")
    let files = try arguments.observations(and: arguments.positionals)
    let catalog = surroundings.catalog()
    let hardware = try arguments.hardware(of: files, catalog)
    let prior = try catalog.calibrations(for: hardware, prior: arguments.string("prior"))
    let calibrator = try Calibrator(
      hardware, prior: prior.layers.isEmpty ? nil : prior, shrinks: !arguments.has("fresh"))
    let outcomes = calibrator.groups(files.flatMap(\.observations)).map { calibrator.calibrate($0.key, $0.rows) }
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
      hardware: hardware.name, path: output, date: today, computeCapability: calibrator.generation.capability,
      entries: entries)
    // The report first: where it cannot be made, nothing is written.
    let report = try page.render(
      CalibrationReport(outcomes, hardware: hardware, output: output, skipped: files.flatMap(\.skipped)).report)
    let document = CalibrationDocument(calibration).render()
    // Nothing is written that could not be read.
    _ = try Calibration.decode(JSONValue.parse(Data(document.utf8), file: output), file: output)
    try target.write(document)
    return Outcome(output: report, errors: files.warningLines)
  }

  /// ISO 8601, in UTC.
  private static var today: String { String(Date().ISO8601Format().prefix(10)) }
}
