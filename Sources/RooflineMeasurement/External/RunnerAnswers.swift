import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads what a command answers, line by line, and holds what came of it.
///
/// A line that belongs to no task ends it all: whoever wrote it does not keep to the protocol. What is wrong with one task's
/// answer is that task's failure.
package struct RunnerAnswers: Sendable {
  package private(set) var run: ExternalRun
  /// What the first line says, if it is of that kind.
  package private(set) var device: RunnerDevice?
  /// Versions of the command's software, by name.
  package private(set) var software: [String: String] = [:]
  private let tasks: [ExternalTask]
  /// Each task as it was asked, one line of JSON.
  private let questions: [String]
  private var isAnswered: [Bool]
  private var lines = 0
  private var hasBegun = false

  private enum Key: String, CaseIterable {
    case id, results, device, software
  }

  /// Of a library's result.
  private enum Part: String, CaseIterable {
    case family, timing, copies, kernels, remark, skipped, error
    case time = "time_us"
    case samples = "samples_us"
    case floor = "floor_us"
    case footprint = "footprint_bytes"
    case clock = "sm_clock_mhz"
  }

  /// - Parameter questions: the tasks as the command gets them, in the same order; numbers count from 1.
  package init(_ tasks: [ExternalTask], questions: [String]) {
    self.tasks = tasks
    self.questions = questions
    isAnswered = tasks.map { _ in false }
    run = ExternalRun(tasks: tasks.count)
  }

  /// The first task without an answer, in the order in which they were asked.
  package var next: (index: Int, task: ExternalTask)? {
    isAnswered.firstIndex(of: false).map { ($0, tasks[$0]) }
  }

  package mutating func end(_ end: ExternalRun.End) { run.end = end }

  /// - Returns: whether the line said anything; false for an empty one.
  package mutating func take(_ line: [UInt8]) throws(RunnerFault) -> Bool {
    lines += 1
    guard line.contains(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else { return false }
    let place = "line \(lines) of the command's output"
    guard let value = try? JSONValue.parse(Data(line), file: place), case .object(let members) = value else {
      throw .noAnswer(line: lines, text: String(String(decoding: line, as: UTF8.self).prefix(80)))
    }
    defer { hasBegun = true }
    if members[Key.id.rawValue] == nil,
      members.keys.contains(where: { [Key.device.rawValue, Key.software.rawValue].contains($0) })
    {
      guard !hasBegun else { throw .lateHeader(line: lines) }
      do throws(InputError) {
        try readHeader(JSONObject(value, file: place))
      } catch {
        throw .wrongHeader(error)
      }
      return true
    }
    let id = members[Key.id.rawValue] ?? .null
    guard case .integer(let number) = id, let index = Int(exactly: number - 1), tasks.indices.contains(index) else {
      throw .unknownTask(line: lines, found: id.summary, tasks: tasks.count)
    }
    guard !isAnswered[index] else { throw .answeredTwice(line: lines, id: index + 1) }
    isAnswered[index] = true
    run.left -= 1
    do throws(InputError) {
      try readAnswer(JSONObject(value, file: place), index)
    } catch {
      run.failed.append(.init(task: tasks[index].task, family: nil, fault: .answer(error)))
    }
    return true
  }

  // MARK: the first line

  private mutating func readHeader(_ line: JSONObject) throws(InputError) {
    try line.requireOnly([Key.device, .software].map(\.rawValue))
    if let versions = try line.object(Key.software.rawValue) {
      for name in versions.members.keys.sorted() {
        software[name] = try versions.require(try versions.string(name), name, "a version, as a string")
      }
    }
    guard let facts = try line.object(Key.device.rawValue) else { return }
    try facts.requireOnly([
      "name", "uuid", "computeCapability", "streamingMultiprocessors", "memoryBytes", "l2Bytes",
    ])
    let name = try facts.require(try facts.string("name"), "name", "the GPU's name")
    guard !name.isEmpty else { throw facts.wrong("name", .string(name), "the GPU's name") }
    var device = RunnerDevice(name: name)
    device.uuid = try facts.string("uuid")
    if let text = try facts.string("computeCapability") {
      guard let capability = ComputeCapability(text) else {
        throw facts.wrong("computeCapability", .string(text), "two numbers like \"9.0\"")
      }
      device.computeCapability = capability
    }
    device.streamingMultiprocessors = try facts.positiveInteger("streamingMultiprocessors")
    device.memory = try facts.positiveInteger("memoryBytes")
    device.l2 = try facts.positiveInteger("l2Bytes")
    self.device = device
  }

  // MARK: answers

  private mutating func readAnswer(_ line: JSONObject, _ index: Int) throws(InputError) {
    // It may say the task again: then it must be that task.
    let asked = (try? JSONValue.parse(Data(questions[index].utf8), file: line.file)).flatMap { question in
      if case .object(let members) = question { members } else { nil }
    }
    let question = asked ?? [:]
    for (key, value) in question.sorted(by: { $0.key < $1.key }) {
      if let again = line.members[key], again != value {
        throw line.wrong(key, again, "\(value.summary), as task \(index + 1) was asked")
      }
    }
    let isList = line.members[Key.results.rawValue] != nil
    let own = isList ? [Key.id, .results].map(\.rawValue) : [Key.id.rawValue] + Part.allCases.map(\.rawValue)
    try line.requireOnly(own + question.keys.sorted())
    guard isList else {
      take(line, index)
      return
    }
    guard case .array(let results)? = line[Key.results.rawValue], !results.isEmpty else {
      throw line.wrong(
        Key.results.rawValue, line[Key.results.rawValue] ?? .null, "a list of results, one a library")
    }
    for (place, result) in results.enumerated() {
      do throws(InputError) {
        let result = try JSONObject(result, file: line.file, path: line.keyPath("results[\(place)]"))
        try result.requireOnly(Part.allCases.map(\.rawValue))
        take(result, index)
      } catch {
        run.failed.append(.init(task: tasks[index].task, family: nil, fault: .answer(error)))
      }
    }
  }

  /// One library's result.
  private mutating func take(_ result: JSONObject, _ index: Int) {
    let task = tasks[index].task
    var family: String?
    do throws(InputError) {
      family = try result.string(Part.family.rawValue)
      let outcomes: [Part] = [.time, .samples, .skipped, .error].filter { result[$0.rawValue] != nil }
      guard outcomes.count == 1 else {
        let keys = [Part.time, .samples, .skipped, .error].map(\.rawValue).joined(separator: ", ")
        throw outcomes.isEmpty
          ? .missingKey(file: result.file, key: result.keyPath(Part.time.rawValue), expected: "one of \(keys)")
          : result.wrong(
            outcomes[1].rawValue, result.members[outcomes[1].rawValue] ?? .null,
            "nothing beside \(outcomes[0].rawValue)")
      }
      if outcomes[0] == .skipped || outcomes[0] == .error {
        let reason = try result.require(
          try result.string(outcomes[0].rawValue), outcomes[0].rawValue, "a reason, as a string")
        if outcomes[0] == .skipped {
          run.skipped.append(.init(task: task, family: family, reason: reason))
        } else {
          run.failed.append(.init(task: task, family: family, fault: .told(reason)))
        }
        return
      }
      run.measurements.append(try measurement(result, tasks[index], family))
    } catch {
      run.failed.append(.init(task: task, family: family, fault: .answer(error)))
    }
  }

  private func measurement(
    _ result: JSONObject, _ asked: ExternalTask, _ family: String?
  ) throws(InputError) -> ExternalMeasurement {
    guard let family, !family.isEmpty, !family.contains(where: \.isWhitespace), family.count <= 64 else {
      throw result.wrong(
        Part.family.rawValue, result.members[Part.family.rawValue] ?? .null, "a library's name, e.g. vllm-fa3")
    }
    let procedures = TimingProcedure.allCases.map(\.rawValue).joined(separator: ", ")
    guard let procedure = TimingProcedure(rawValue: try result.string(Part.timing.rawValue) ?? "") else {
      throw result.wrong(
        Part.timing.rawValue, result.members[Part.timing.rawValue] ?? .null, "one of \(procedures)")
    }
    let isThere = run.measurements.reversed().prefix { $0.task.key == asked.task.key && $0.mode == asked.mode }
      .contains { $0.family == family && $0.procedure == procedure }
    guard !isThere else {
      throw result.wrong(Part.family.rawValue, .string(family), "each library and timing once a task")
    }
    var samples: [Double] = []
    if let time = result.members[Part.time.rawValue] {
      samples = [try seconds(time, Part.time.rawValue, result)]
    } else {
      guard case .array(let list)? = result[Part.samples.rawValue], !list.isEmpty else {
        throw result.wrong(
          Part.samples.rawValue, result.members[Part.samples.rawValue] ?? .null, "a list of microseconds")
      }
      for (place, sample) in list.enumerated() {
        samples.append(try seconds(sample, "\(Part.samples.rawValue)[\(place)]", result))
      }
    }
    guard let statistics = SampleStatistics(samples) else {
      throw result.wrong(Part.samples.rawValue, .null, "a list of microseconds")
    }
    var floor: Double?
    if let value = result[Part.floor.rawValue] { floor = try seconds(value, Part.floor.rawValue, result) }
    var clock: Double?
    if let megahertz = try result.positiveNumber(Part.clock.rawValue) {
      guard megahertz < 1e5 else {
        throw result.wrong(Part.clock.rawValue, .number(megahertz), "MHz above 0, below 100,000")
      }
      clock = megahertz * 1e6
    }
    return ExternalMeasurement(
      task: asked.task, mode: asked.mode, family: family, procedure: procedure, samples: samples,
      statistics: statistics, floor: floor, copies: try result.positiveInteger(Part.copies.rawValue),
      footprint: try result.positiveInteger(Part.footprint.rawValue), clock: clock,
      kernels: try result.strings(Part.kernels.rawValue) ?? [], remark: try result.string(Part.remark.rawValue))
  }

  /// A time that a kernel can take.
  private func seconds(_ value: JSONValue, _ key: String, _ result: JSONObject) throws(InputError) -> Double {
    let microseconds: Double
    switch value {
    case .integer(let integer): microseconds = Double(integer)
    case .number(let number): microseconds = number
    case .null, .bool, .string, .array, .object:
      throw result.wrong(key, value, "microseconds above 0, from 0.001 to 1e12")
    }
    guard SampleStatistics.plausible.contains(microseconds * 1e-6) else {
      throw result.wrong(key, value, "microseconds above 0, from 0.001 to 1e12")
    }
    return microseconds * 1e-6
  }
}
