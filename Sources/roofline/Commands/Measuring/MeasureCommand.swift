import CUDAMeasurement
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineMeasurement
import RooflineReport
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum MeasureCommand: Command {
  static let reportsProgress = true
  static let description = CommandDescription(
    name: "measure",
    summary: "Runs operators on the GPU of this machine, checks their results, and writes down their times.",
    usage:
      "measure --model NAME|PATH [options of analyze] | --kernel KIND column=value … | --kernels FILE | --suite NAME",
    options: MeasurementOptions.what + WorkloadOptions.workload + [WorkloadOptions.phase] + WorkloadOptions.formats
      + MeasurementOptions.how,
    positionals: 0...64,
    example: "roofline measure --model llama-2-70b --tp 8 --batch 16 --prompt 1024 --phase decode",
    notes: [
      "rotating: calls one after another in a CUDA graph, each on weights of its own, as layers have them.",
      "cold: single launches, each after a sweep of the L2 cache. hot: the same call again; a lower bound.",
      "sustained: as rotating, for two seconds at least, with power, clock and joules a call.",
      "layer: with --model, all kernels of a decoder layer as one CUDA graph, beside the sum of their predicted times.",
      "--external: the command gets a line of JSON a task, and answers one each with times of any libraries (Formats.md).",
      "Ctrl-C keeps what is done. Exit codes: 0, 1 where something failed, 130 after Ctrl-C.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let catalog = surroundings.catalog()
    if let command = try arguments.value(of: MeasurementOptions.external) {
      return try run(external: command, arguments, surroundings, catalog)
    }
    if try arguments.suite() == .units { return try runUnits(arguments, surroundings) }
    if arguments.isGiven(MeasurementOptions.timeout) { throw InputError.usage("--timeout needs --external") }
    let modes = try arguments.measurementModes()
    let options = try arguments.planningOptions()
    let ordinal = try arguments.value(of: MeasurementOptions.device) ?? 0
    let (tasks, notices) = try arguments.measurementTasks(catalog)
    try arguments.requireUse(of: tasks)
    let layers = modes.hasLayers ? try arguments.layerTasks(catalog) : []
    let suite = try arguments.suite()
    let page = try arguments.page(surroundings)
    let given = try arguments.value(of: MeasurementOptions.hardware).map { name throws(InputError) in
      try catalog.hardware(name)
    }
    let seed = UInt64.random(in: 1...UInt64(UInt32.max))
    Interruption.watch()
    defer { Interruption.ignore() }
    let session = try MeasurementSession(
      environment: surroundings.environment, ordinal: ordinal, seed: seed,
      isInterrupted: { Interruption.isRequested })
    let hardware = try hardware(given, session.properties, catalog)
    let now = Date().ISO8601Format()
    let settings = (
      gemm: session.hasMatrixLibrary && !options.prefersOwnProducts ? "cublaslt" : "own", pageSize: options.pageTokens
    )
    let output = try arguments.value(of: MeasurementOptions.output)
    guard output != nil || !session.properties.isStandIn else {
      throw InputError.usage(
        "GPU \(ordinal) is a stand-in, whose times are made up; name a file for them with --output")
    }
    let target = try ObservationTarget(
      output, isResumed: arguments.has(MeasurementOptions.resume), gpu: hardware?.name ?? session.properties.name,
      conditions: RunCondition.own(
        session.properties, session.software, gemm: settings.gemm, pageSize: settings.pageSize, tool: Tool.version),
      day: String(now.prefix(10)), root: catalog.root)
    let known = target.known
    var document = ObservationDocument(
      session.properties, session.software, state: session.state, hardware: hardware, tool: Tool.version, started: now,
      command: arguments.line, seed: seed,
      settings: .init(gemm: settings.gemm, pageSize: settings.pageSize), earlier: target.earlier,
      layers: target.layers, ceilings: target.ceilings)
    let progress = MeasurementProgress(surroundings.progress)
    var ceilings: MeasuredCeilings?
    if suite?.hasCeilings == true {
      guard let measured = try session.ceilings(options: options, willMeasure: progress.begin) else {
        progress.end()
        return Outcome(
          errors: "roofline: interrupted before the ceilings were known; nothing was written\n", exitCode: 130)
      }
      ceilings = measured
      document = document.adding(measured, of: session.properties)
      try target.write(document.render())
    }
    func save(_ run: MeasurementRun) throws -> ObservationDocument {
      let whole = document.adding(run, hardware: hardware)
      if !whole.isEmpty { try target.write(whole.render()) }
      return whole
    }
    var run = try session.run(
      tasks, modes: modes.kernels, options: options, hardware: hardware,
      isKnown: { known.contains(ObservationTarget.Key($0, $1, $2)) },
      willMeasure: progress.begin, didMeasure: { run in _ = try save(run) })
    let knownLayers = target.knownLayers
    try session.run(
      layers: layers, options: options, hardware: hardware,
      isKnown: { knownLayers.contains(ObservationTarget.LayerKey($0)) },
      willMeasure: { task, done, count in progress.begin("\(task.name) as one graph", done: done, of: count) },
      into: &run, didMeasure: { run in _ = try save(run) })
    progress.end()
    let final = try save(run)
    let report = MeasurementReport(
      run, device: session.properties, hardware: hardware, output: final.isEmpty ? nil : target.path,
      earlier: target.earlier.count,
      layers: modes.hasLayers ? try compared(final, layers, run, hardware, catalog) : nil, ceilings: ceilings,
      matrixFault: options.prefersOwnProducts ? nil : session.matrixFault, notices: notices)
    return Outcome(
      output: try page.render(report.report(final)),
      // Files for machines have no room for them.
      errors: (page.format == .csv || page.format == .json
        ? report.lines.map { "roofline: note: \($0.onOneLine)\n" } : []).joined()
        + report.faults.map { "roofline: \($0.onOneLine)\n" }.joined(),
      exitCode: run.end == .interrupted ? 130 : report.faults.isEmpty ? 0 : 1)
  }

  /// The layers that were asked for beside what predicts them, as `compare` reads them.
  private static func compared(
    _ document: ObservationDocument, _ tasks: [LayerTask], _ run: MeasurementRun, _ hardware: HardwareSpec?,
    _ catalog: Catalog
  ) throws -> MeasurementReport.Layers {
    let text = try document.render()
    let asked = Set(tasks.map { ObservationTarget.LayerKey($0) })
    let root = try JSONObject(JSONValue.parse(Data(text.utf8), file: "the observations"), file: "the observations")
    var layers: [MeasuredLayer] = []
    if case .array(let entries)? = root["layers"] {
      layers = zip(entries, try MeasuredLayer.all(in: root))
        .filter { ObservationTarget.LayerKey($0.0).map(asked.contains) == true }.map(\.1)
    }
    guard let hardware else { return .init(lines: layers.map { LayerComparison($0) }, notes: []) }
    var predictor = ObservationPredictor(try catalog.calibrations(for: hardware))
    let kernels = run.measurements.filter { $0.mode == .rotating }.map { measurement in
      Observation(
        measurement.task.value, dtype: measurement.task.formats.residual, family: KernelLibrary(measurement.family),
        source: "", seconds: measurement.time, line: 0)
    }
    let lines = layers.map { LayerComparison($0, &predictor, measured: kernels) }
    return .init(lines: lines, notes: predictor.notes)
  }

  /// The file whose roofs times are held against: the one named, else the one that fits.
  private static func hardware(
    _ given: HardwareSpec?, _ device: DeviceProperties, _ catalog: Catalog
  ) throws(InputError) -> HardwareSpec? {
    guard let given else {
      // A slice has not its GPU's roofs.
      guard let match = catalog.matches(device).first, match.differences.isEmpty else { return nil }
      return try catalog.hardware(match.name)
    }
    let differences = HardwareMatch.differences(device, given)
    guard device.isStandIn || differences.isEmpty else {
      let list = differences.map { "\($0.fact) \($0.file), the GPU has \($0.device)" }.joined(separator: "; ")
      throw .usage("--hardware \(given.name) is another GPU than \(device.name): \(list)")
    }
    return given
  }
}

/// A line on a terminal that says what runs, how many remain, and how long they will take.
final class MeasurementProgress {
  private let write: (@Sendable (String) -> Void)?
  private let began = ContinuousClock.now

  init(_ write: (@Sendable (String) -> Void)?) { self.write = write }

  func begin(_ task: MeasurementTask, done: Int, of count: Int) { begin("\(task.columns)", done: done, of: count) }

  func begin(_ what: String, done: Int, of count: Int) {
    guard let write else { return }
    var line = "[\(done + 1)/\(count)] \(what)"
    if done > 0 {
      let seconds = (ContinuousClock.now - began).components.seconds
      line += ", \(seconds * Int64(count - done) / Int64(done)) s left"
    }
    // Back to the beginning of the line, and nothing left of what stood there.
    write("\r\u{1B}[K\(line.prefix(100))")
  }

  func end() { write?("\r\u{1B}[K") }
}
