import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineDeployment
import RooflineReport
import RooflineTimeModels

enum CompareCommand: Command {
  /// A share, not a percentage.
  private static let tolerance = Option(
    "tolerance", "SHARE", "an error beyond it makes the exit code 2 (0.15)"
  ) { text throws(InputError) in
    guard let share = Double(text), share > 0, share <= 1 else {
      throw .usage("--tolerance is \"\(text)\"; expected a share above 0 and up to 1, e.g. 0.15 for 15 %")
    }
    return share
  }

  static let description = CommandDescription(
    name: "compare",
    summary: "Predicted beside measured times: of a model's kernels, of every measured one, or of whole steps.",
    usage:
      "compare --observations FILE … [--model NAME|PATH and the options of analyze] [--tolerance SHARE] | --steps FILE …",
    options: [
      ObservationOptions.observations, StepOptions.steps, StepOptions.given, WorkloadOptions.hardware,
      WorkloadOptions.model, tolerance,
      ObservationOptions.calibration, ObservationOptions.prior,
    ] + WorkloadOptions.workload + [WorkloadOptions.phase] + WorkloadOptions.formats + WorkloadOptions.output,
    positionals: 0...64,
    example:
      "roofline compare --observations gemm-a100_sxm.csv --model llama-2-70b --tp 8 --batch 16 --prompt 1024 --phase decode",
    notes: [
      "Verdicts: ok within 15 %; slower and faster, with suspects; faster than its roof beyond 5 %.",
      "Predictions are made under the conditions of the measurement: copies as given, attention warm.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    try arguments.refuseReplicas("every replica runs the same operators")
    let tolerance = try arguments.value(of: Self.tolerance) ?? 0.15
    if arguments.isGiven(StepOptions.steps) {
      try arguments.refuseKernelOptions(description.options, keeping: [Self.tolerance])
      return try steps(arguments, surroundings, page, tolerance: tolerance)
    }
    try arguments.refuseGivenWithoutSteps()
    let (comparison, files, hardware, notices) = try comparison(arguments, surroundings.catalog())
    let report = ObservationComparisonReport(
      comparison, hardware: hardware, tolerance: tolerance,
      notes: files.flatMap(\.readingNotes) + notices.map(\.sentence))
    return Outcome(
      output: try page.render(report.report), errors: files.warningLines,
      exitCode: comparison.worst > tolerance ? 2 : 0)
  }

  /// Measurements beside their predictions: those of a model's rows, or all.
  static func comparison(
    _ arguments: ParsedArguments, _ catalog: Catalog
  ) throws(InputError) -> (
    comparison: Comparison, files: [ObservationFile], hardware: HardwareSpec, notices: [Notice]
  ) {
    guard !arguments.isGiven(ObservationOptions.calibration) || !arguments.isGiven(ObservationOptions.prior) else {
      throw .usage("--calibration and --prior contradict each other; give one")
    }
    let files = try arguments.observations(and: arguments.positionals, takesLayers: true)
    let hardware = try arguments.hardware(of: files, catalog)
    let set = try catalog.calibrations(
      for: hardware, file: arguments.value(of: ObservationOptions.calibration),
      prior: arguments.value(of: ObservationOptions.prior))
    let observations = files.flatMap(\.observations)
    let skipped = files.flatMap(\.skipped)
    let (layers, unmodelled) = (files.flatMap(\.layers), files.flatMap(\.unmodelled))
    if arguments.isGiven(WorkloadOptions.model) {
      let (analysis, rows) = try arguments.measurableRows(catalog, hardware)
      let comparison = Comparison(rows, observations, set: set, skipped: skipped)
        .adding(layers, set: set, measured: observations + unmodelled)
      return (comparison, files, hardware, analysis.configuration.notices)
    }
    for option in WorkloadOptions.workload + [WorkloadOptions.phase] + WorkloadOptions.formats
    where arguments.isGiven(option) {
      throw .usage("--\(option.name) needs --model; without one, every measurement is compared on its own")
    }
    let comparison = Comparison(observations, set: set, skipped: skipped)
      .adding(layers, set: set, measured: observations + unmodelled)
    return (comparison, files, hardware, [])
  }
}

extension ParsedArguments {
  /// The kernels of a model's rows, each name once a phase.
  fileprivate func measurableRows(
    _ catalog: Catalog, _ hardware: HardwareSpec
  ) throws(InputError) -> (analysis: Analysis, rows: [Comparison.Row]) {
    let phases = try phases()
    let scenario = try scenario(catalog, phases: phases, hardware: hardware)
    let analysis = try Analysis(
      configuration: scenario.configuration, hardware: hardware, workload: scenario.workload, phases: phases,
      options: scenario.options)
    let rows = analysis.phases.flatMap { phase in
      phase.operators.map { row in
        Comparison.Row(
          pass: phases.count > 1 ? phase.step.name : "", name: row.name.rawValue, value: row.row.kernel,
          occurrences: row.occurrences)
      }
    }
    return (analysis, rows)
  }
}
