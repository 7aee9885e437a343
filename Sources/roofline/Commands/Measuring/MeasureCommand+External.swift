import RooflineAnalysis
import RooflineCore
import RooflineMeasurement
import RooflineReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension MeasureCommand {
  /// Lets a command of the user's measure, and writes down what it tells.
  static func run(
    external command: String, _ arguments: ParsedArguments, _ surroundings: Surroundings, _ catalog: Catalog
  ) throws -> Outcome {
    let modes = try arguments.measurementModes()
    guard !modes.hasLayers else {
      throw InputError.usage(
        "--modes layer says nothing here: the command of --external measures kernels; leave it out")
    }
    let timeout = try arguments.value(of: MeasurementOptions.timeout) ?? ExternalSession.timeout
    let (tasks, notices) = try arguments.measurementTasks(catalog)
    try arguments.requireUse(of: tasks)
    try arguments.requireExternalUse()
    let page = try arguments.page(surroundings)
    let given = try arguments.value(of: MeasurementOptions.hardware).map { name throws(InputError) in
      try catalog.hardware(name)
    }
    let session = ExternalSession(
      command: command, timeout: timeout, arguments: arguments, catalog: catalog, given: given,
      progress: surroundings.progress)
    return try session.run(tasks, modes: modes.kernels, notices: notices, page: page)
  }
}

extension ParsedArguments {
  /// Refuses options that say how this program measures, where it does not.
  func requireExternalUse() throws(InputError) {
    let own: [any AnyOption] = [MeasurementOptions.gemm, MeasurementOptions.pageSize, MeasurementOptions.device]
    if let option = own.first(where: isGiven) {
      throw .usage("--\(option.name) says nothing here: the command of --external measures; leave it out")
    }
    switch try suite() {
    case .ceilings:
      throw .usage("--suite ceilings has no tasks for --external, only ways of its own; leave one of them out")
    case .units: throw .usage("--suite units looks at results, and --external tells times; leave one of them out")
    case .kernels, .calibration, nil: break
    }
    if try has(MeasurementOptions.resume), !isGiven(MeasurementOptions.output) {
      throw .usage("--resume with --external needs the file's name; give --output")
    }
  }
}

/// A measurement by somebody else's command, from its first task to the file.
final class ExternalSession {
  /// How long it may take to an answer, s: libraries are loaded and kernels compiled in that time.
  static let timeout = 300.0
  /// How often the file is written at most, s: nothing else is lost where this program is killed.
  private static let pause = 1.0

  private let command: String
  private let timeout: Double
  private let arguments: ParsedArguments
  private let catalog: Catalog
  private let given: HardwareSpec?
  private let progress: (@Sendable (String) -> Void)?
  private let started = Date().ISO8601Format()
  /// Known once the command has said which GPU it measures on, at the latest.
  private var target: ObservationTarget?
  private var hardware: HardwareSpec?
  private var document: ExternalObservationDocument?

  init(
    command: String, timeout: Double, arguments: ParsedArguments, catalog: Catalog, given: HardwareSpec?,
    progress: (@Sendable (String) -> Void)?
  ) {
    self.command = command
    self.timeout = timeout
    self.arguments = arguments
    self.catalog = catalog
    self.given = given
    self.progress = progress
    hardware = given
  }

  func run(
    _ tasks: [MeasurementTask], modes: [TimingMode], notices: [Notice], page: Page
  ) throws -> Outcome {
    if arguments.isGiven(MeasurementOptions.output) || given != nil { target = try target(gpu: given?.name ?? "") }
    let known = target?.known ?? []
    let asked = tasks.flatMap { task in
      modes.filter { !known.contains(ObservationTarget.Key(task, $0, .own)) }.map { ExternalTask(task, $0) }
    }
    let questions = try asked.enumerated().map { try RunnerTaskDocument($1, id: $0 + 1).line() }
    var answers = RunnerAnswers(asked, questions: questions)
    if !asked.isEmpty {
      RunningProgram.noteClosedPipes()
      Interruption.watch()
      defer { Interruption.ignore() }
      try ask(&answers, questions)
    }
    progress?("\r\u{1B}[K")
    let run = answers.run
    if document == nil, let target, !target.earlier.isEmpty {
      begin(target, gpu: target.gpu ?? hardware?.name ?? "", answers)
    }
    let whole = document?.adding(run, hardware: hardware)
    if let whole, let target, !run.measurements.isEmpty { try target.write(whole.render()) }
    let report = ExternalReport(
      run, gpu: whole?.gpu, hardware: hardware, output: whole?.isEmpty == false ? target?.path : nil,
      earlier: target?.earlier.count ?? 0, notices: notices)
    let isForMachines = page.format == .csv || page.format == .json
    let isInterrupted = if case .interrupted = run.end { true } else { false }
    return Outcome(
      output: try whole.map { try page.render(report.report($0)) } ?? "",
      errors: (isForMachines ? report.lines.map { "roofline: note: \($0.onOneLine)\n" } : []).joined()
        + report.faults.map { "roofline: \($0.onOneLine)\n" }.joined(),
      exitCode: isInterrupted ? 130 : report.faults.isEmpty ? 0 : 1)
  }

  /// Hands over the tasks, and takes what comes back until it ends, one way or another.
  private func ask(_ answers: inout RunnerAnswers, _ questions: [String]) throws {
    do {
      let process = try RunnerProcess(command, input: questions.map { "\($0)\n" }.joined())
      defer { process.end() }
      answers.end(try listen(to: process, &answers))
    } catch let fault as RunnerFault {
      answers.end(.fault(fault))
    }
  }

  private func listen(to process: RunnerProcess, _ answers: inout RunnerAnswers) throws -> ExternalRun.End {
    let clock = ContinuousClock()
    var (lastAnswer, lastSave, lines) = (clock.now, clock.now, 0)
    while true {
      show(answers)
      switch process.next(until: lastAnswer + .seconds(timeout), isInterrupted: { Interruption.isRequested }) {
      case .line(let line):
        lines += 1
        guard try answers.take(line) else {
          if clock.now >= lastAnswer + .seconds(timeout) { return .fault(silence(process)) }
          continue
        }
        lastAnswer = clock.now
        if document == nil { try begin(answers) }
        if clock.now - lastSave > .seconds(ExternalSession.pause), let document, let target {
          if !answers.run.measurements.isEmpty {
            try target.write(document.adding(answers.run, hardware: hardware).render())
          }
          lastSave = clock.now
        }
      case .tooLong: return .fault(.tooLong(line: lines + 1, limit: RunnerProcess.lineLimit))
      case .interrupted: return .interrupted
      case .silent: return .fault(silence(process))
      case .ended(let exit):
        guard exit == .code(0), answers.run.left == 0 else {
          return .fault(
            .ended(
              exit, unanswered: answers.run.left, hasClosedInput: process.hasClosedInput,
              lastWords: process.lastWords))
        }
        return .finished
      }
    }
  }

  private func silence(_ process: RunnerProcess) -> RunnerFault {
    .silent(seconds: timeout, lastWords: process.lastWords)
  }

  private func show(_ answers: RunnerAnswers) {
    guard let progress, let (index, asked) = answers.next else { return }
    let count = index + answers.run.left
    progress("\r\u{1B}[K\("[\(count - answers.run.left + 1)/\(count)] \(asked.task.columns)".prefix(100))")
  }

  // MARK: the file

  /// Which GPU it is, and where its times go: known with the first line.
  private func begin(_ answers: RunnerAnswers) throws {
    if let device = answers.device {
      if let given {
        let differences = device.differences(from: given)
        guard differences.isEmpty else {
          let list = differences.map { "\($0.fact) \($0.file), the GPU has \($0.device)" }.joined(separator: "; ")
          throw InputError.usage("--hardware \(given.name) is another GPU than \(device.name): \(list)")
        }
      } else {
        hardware = catalog.hardware(of: device)
      }
    }
    guard let gpu = hardware?.name ?? answers.device?.name else { throw RunnerFault.noDevice }
    let target = try self.target ?? target(gpu: gpu)
    self.target = target
    if let before = target.gpu, before != gpu {
      throw RunnerFault.otherDevice(file: target.path, before: before, now: gpu)
    }
    begin(target, gpu: gpu, answers)
  }

  private func begin(_ target: ObservationTarget, gpu: String, _ answers: RunnerAnswers) {
    document = ExternalObservationDocument(
      gpu: gpu, answers.device, hardware: hardware, runner: answers.software, tool: Tool.version, started: started,
      command: arguments.line, external: command, earlier: (target.earlier, target.device))
  }

  private func target(gpu: String) throws(InputError) -> ObservationTarget {
    try ObservationTarget(
      arguments.value(of: MeasurementOptions.output), isResumed: arguments.has(MeasurementOptions.resume), gpu: gpu,
      conditions: [
        RunCondition("roofline", "software", "roofline", Tool.version),
        RunCondition("--external", "settings", "external", command, absent: "none"),
      ], day: String(started.prefix(10)), root: catalog.root)
  }
}
