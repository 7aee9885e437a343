import RooflineCore
import RooflineReport
import RooflineTraces

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

  static let description = CommandDescription(
    name: "import",
    summary: "Traces of engines: which kernel is which operator, and what lies between its time and its roof.",
    usage: "import TRACE [TRACE] [--model NAME|PATH] [--hardware NAME|PATH] [options]",
    options: [WorkloadOptions.model, WorkloadOptions.hardware, by, names, gpu]
      + WorkloadOptions.workload + [WorkloadOptions.cachedPrefix, WorkloadOptions.phase] + WorkloadOptions.formats
      + TimeOptions.tiers + WorkloadOptions.output,
    positionals: 1...2,
    example: "roofline import trace.json.gz --model llama-3.1-8b --tp 2 --time calibrated",
    notes: [
      "Reads JSON of PyTorch's profiler (also .gz), SQLite exports and kernel CSV of Nsight Systems, CSV of Nsight Compute.",
      "GPU, tensor-parallel degree, batch and lengths are read where the trace has them; options win. Operators are fused.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    try arguments.requireReadable()
    try arguments.refuseReplicas("every replica runs the same operators")
    let catalog = surroundings.catalog()
    let table = try catalog.kernelNames(and: arguments.values(of: names))
    var findings: [TraceFindings] = []
    for path in arguments.positionals {
      findings.append(try TraceImport(arguments, catalog, table).findings(path))
    }
    let listsKernels = try arguments.value(of: by) == .kernel
    if findings.count == 2 {
      guard !listsKernels else { throw InputError.usage("--by kernel lists one trace's kernels; give one trace") }
      return Outcome(output: try page.render(TraceComparison(findings[0], findings[1]).report))
    }
    return Outcome(output: try page.render(TraceReport(findings[0], listsKernels: listsKernels).report))
  }
}
