import RooflineAnalysis
import RooflineCore
import RooflineReport

enum KernelCommand: Command {
  static let description = CommandDescription(
    name: "kernel",
    summary: "The roofline of one operator of any kind.",
    usage: "kernel KIND column=value … --dtype DTYPE --hardware NAME|PATH",
    options: [WorkloadOptions.hardware] + WorkloadOptions.formats + WorkloadOptions.rates + TimeOptions.all
      + WorkloadOptions.output,
    positionals: 1...64,
    example: "roofline kernel gemm m=16 n=8192 k=1024 --dtype fp16 --hardware a100-sxm4-80gb",
    notes: ["KINDS and their columns:"]
      + OperatorKind.allCases.map { kind in
        "  \(kind.rawValue): \(KernelArguments.columns(of: kind).joined(separator: " "))"
      } + ["  row op=KIND and collective op=KIND are other ways to write the kinds of those files"])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let given = try DTypeOptions(arguments)
    let request = try KernelRequest(
      arguments.positionals[0], KernelRequest.columns(arguments.positionals.dropFirst()), given)
    try request.requireCounted(given)
    let (kernel, formats) = (request.kernel, request.formats)
    let options = try arguments.rateOptions()
    let hardware = try hardware(arguments, options, surroundings)
    let analysis = try KernelAnalysis(
      kernel, formats: formats, hardware: hardware, options: options,
      time: try arguments.timeRequest(hardware, options, surroundings.catalog()))
    return Outcome(output: try page.render(KernelReport(analysis).report))
  }

  /// Without a GPU, the rates on the command line are all that is known.
  private static func hardware(
    _ arguments: ParsedArguments, _ options: RateOptions, _ surroundings: Surroundings
  ) throws -> HardwareSpec {
    if let name = try arguments.value(of: WorkloadOptions.hardware) { return try surroundings.catalog().hardware(name) }
    guard options.bandwidth != nil || options.link != nil else {
      throw InputError.usage("--hardware is missing; name a GPU, or give its rates with --peak and --bandwidth")
    }
    return HardwareSpec(name: "command line", path: "the command line")
  }
}
