import RooflineCore
import RooflineReport
import RooflineServing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension CalibrateCommand {
  /// What an engine adds to kernels, fitted to whole steps.
  static func steps(_ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page) throws -> Outcome {
    try arguments.refuseKernelOptions(description.options, keeping: [engine, output])
    let path = try arguments.required(output, "name the engine's file to write, e.g. --output my-vllm.json")
    let files = try arguments.stepFiles()
    let rows = files.flatMap(\.measurements)
    let catalog = surroundings.catalog()
    let base = try base(of: rows, named: arguments.value(of: engine), catalog, in: files)
    let calibrator = StepCalibrator(rows, base: base, catalog: catalog)
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    guard let outcome = calibrator.calibrate(name: name, path: path) else {
      throw InputError.notMeasurements(
        file: files.first?.path ?? "",
        problem:
          "\(calibrator.rows) of \(rows.count) rows are of \(base.engine) and can be predicted; \(StepCalibrator.fewestRows) are needed, and nothing was written"
      )
    }
    let target = try OutputFile(path, apartFrom: files.map(\.path) + [base.path], replacing: "an engine's file") {
      path in (try? catalog.engine(path)) != nil
    }
    let report = try page.render(
      StepCalibrationReport(outcome, base: base, skipped: calibrator.skipped, output: path).report)
    let document = EngineFileText(outcome.engine).render()
    // Nothing is written that could not be read.
    _ = try Engine.decode(JSONValue.parse(Data(document.utf8), file: path), name: name, file: path)
    try target.write(document)
    return Outcome(output: report)
  }

  /// The engine that is named; else the catalog's one of the rows' engine, that of their version first.
  private static func base(
    of rows: [StepMeasurement], named: String?, _ catalog: Catalog, in files: [StepFile]
  ) throws(InputError) -> Engine {
    if let named { return try catalog.engine(named) }
    let names = Set(rows.map { Spelling.normalized($0.engine) })
    guard let name = names.first, names.count == 1 else {
      throw .usage("the rows are of \(names.sorted().joined(separator: ", ")); say which engine to fit with --engine")
    }
    var found: [Engine] = []
    for file in catalog.engineNames {
      let engine = try catalog.engine(file)
      if Spelling.normalized(engine.engine) == name { found.append(engine) }
    }
    let versions = Set(rows.map(\.version))
    guard let engine = found.first(where: { !versions.isDisjoint(with: $0.versions) }) ?? found.last else {
      throw .usage(
        "no engine of the catalog is \(name); name one whose kernels and scheduler it has with --engine, e.g. --engine \(catalog.engineNames.first ?? "FILE")"
      )
    }
    return engine
  }
}
