import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineReport
import RooflineTraces

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum ImportCommand: Command {
  /// What the table lists.
  enum Listing: String, CaseIterable {
    case `operator`, kernel
  }

  static let by = Option<Listing>.choice("by", "WHAT", "the model's operators, or kernels by name (operator)")
  static let names = Option.text(
    "names", "FILE", "what kernels are by their names, before Hardware/Kernels (may repeat)", mayRepeat: true)
  static let gpu = Option(
    "device", "N", "the GPU of the trace, by its number (the one with most kernel time)"
  ) { text throws(InputError) in
    guard let number = Int32(text), number >= 0 else {
      throw .usage("--device is \"\(text)\"; expected the number of a GPU of the trace, e.g. 0")
    }
    return number
  }

  static let output = Option.text(
    "output", "FILE", "writes the rows' times as observations, as `measure` does", isOutput: true)

  static let description = CommandDescription(
    name: "import",
    summary: "Traces of engines: which kernel is which operator, and what lies between its time and its roof.",
    usage: "import TRACE [TRACE] [--model NAME|PATH] [--hardware NAME|PATH] [options]",
    options: [WorkloadOptions.model, WorkloadOptions.hardware, by, names, gpu, output]
      + WorkloadOptions.workload + [WorkloadOptions.cachedPrefix, WorkloadOptions.phase] + WorkloadOptions.formats
      + TimeOptions.tiers + WorkloadOptions.output,
    positionals: 1...2,
    example: "roofline import trace.json.gz --model llama-3.1-8b --tp 2 --time calibrated",
    notes: [
      "Reads JSON of PyTorch's profiler (also .gz), SQLite exports and kernel CSV of Nsight Systems, CSV of Nsight Compute.",
      "--output FILE keeps what ran as kernels of their own, for compare, validate and calibrate.",
      "GPU, tensor-parallel degree, batch and lengths are read where the trace has them; options win. Operators are fused.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    try arguments.requireReadable()
    try arguments.refuseReplicas("every replica runs the same operators")
    let catalog = surroundings.catalog()
    let table = try catalog.kernelNames(and: arguments.values(of: names))
    let target = try observationTarget(arguments)
    var findings: [TraceFindings] = []
    for path in arguments.positionals {
      findings.append(try TraceImport(arguments, catalog, table).findings(path))
    }
    let listsKernels = try arguments.value(of: by) == .kernel
    if findings.count == 2 {
      guard !listsKernels else { throw InputError.usage("--by kernel lists one trace's kernels; give one trace") }
      return Outcome(output: try page.render(TraceComparison(findings[0], findings[1]).report))
    }
    guard let target else {
      return Outcome(output: try page.render(TraceReport(findings[0], listsKernels: listsKernels).report))
    }
    let written = try observations(findings[0], table, catalog, target, arguments.line)
    // The report first: where it cannot be made, nothing is written.
    let report = try page.render(
      TraceReport(findings[0], listsKernels: listsKernels, observations: written.observations, in: target.path).report)
    try target.write(written.document)
    return Outcome(output: report)
  }

  /// The file of `--output`, which is none of those that are read.
  private static func observationTarget(_ arguments: ParsedArguments) throws(InputError) -> OutputFile? {
    guard let path = try arguments.value(of: output) else { return nil }
    guard arguments.positionals.count == 1 else {
      throw .usage("--output writes one trace's observations; give one trace")
    }
    guard arguments.isGiven(WorkloadOptions.model) else {
      throw .usage("--output needs --model: without one, kernels have no shapes")
    }
    return try OutputFile(path, apartFrom: arguments.positionals, replacing: "observations of a trace") { path in
      guard let data = FileManager.default.contents(atPath: path), let root = try? JSONValue.parse(data, file: path),
        case .object(let members) = root
      else { return false }
      return members["trace"] != nil && members["observations"] != nil
    }
  }

  private static func observations(
    _ findings: TraceFindings, _ table: KernelNameTable, _ catalog: Catalog, _ target: OutputFile, _ line: String
  ) throws -> (observations: TraceObservations, document: String) {
    guard findings.match.trainingSeconds == 0 else {
      throw InputError.notMeasurements(
        file: findings.trace.file,
        problem:
          "it is of training, and products of a backward pass cannot be told from those of a forward one; leave --output out"
      )
    }
    let device = findings.facts.first { $0.name == TraceFindings.Fact.gpu }?.value
    let files = device.map(catalog.hardwareNames(driver:))
    let hardware = findings.prediction?.analysis.hardware.name ?? ""
    let observations = TraceObservations(
      findings, table, device: device, isOfHardware: files.map { $0.isEmpty ? false : $0.contains(hardware) })
    guard !observations.entries.isEmpty else {
      let reason = observations.leftOut.first.map { "\($0.name): \($0.reason)" } ?? "no row of the model was seen"
      throw InputError.notMeasurements(
        file: findings.trace.file, problem: "none of its rows is an observation (\(reason)); nothing was written")
    }
    let document = try TraceObservationDocument(
      observations, findings, tool: Tool.version, started: Date().ISO8601Format(), command: line
    ).render()
    // Nothing is written that could not be read.
    _ = try ObservationFile.read(text: document, path: target.path)
    return (observations, document)
  }
}
