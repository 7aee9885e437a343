import RooflineCore
import RooflineDeployment
import RooflineReport
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `sweep --stdin`: one JSON workload a line in, one JSON answer a line out, in order. An answer depends on its line and on the
/// arguments alone, so that any split of the lines gives the same answers.
struct SweepAnswers {
  private let arguments: ParsedArguments
  private let surroundings: Surroundings
  private let shard: SweepOptions.Shard?
  private let answerer: LineAnswerer

  init(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws(InputError) {
    let foreign: [any AnyOption] = [
      SweepOptions.condition, SweepOptions.pareto, SweepOptions.best, SweepOptions.by, SweepOptions.slo,
      SweepOptions.yes,
    ]
    for option in foreign where arguments.isGiven(option) {
      throw .usage("--stdin answers every line, and --\(option.name) is about a grid; leave one of them out")
    }
    try arguments.requireReadable()
    let format = try arguments.value(of: SweepOptions.format) ?? .jsonl
    guard format == .jsonl || format == .json else {
      throw .usage("--stdin answers in JSON, an object a line; leave out --format \(format.rawValue)")
    }
    self.arguments = arguments
    self.surroundings = surroundings
    shard = try arguments.value(of: SweepOptions.shard)
    answerer = LineAnswerer(arguments, SweepSource(surroundings.catalog()))
  }

  func run() -> Outcome {
    if surroundings.write != nil {
      RunningProgram.noteClosedPipes()
      Interruption.watch()
    }
    defer { if surroundings.write != nil { Interruption.ignore() } }
    var output = SweepOutput(surroundings)
    var lines = LineSplitter()
    let read = surroundings.read ?? { [] }
    var isWritten = true
    if let shard {
      guard let spool = LineSpool(read) else {
        return Outcome(
          errors: "roofline: --shard keeps standard input in a temporary file, which could not be written\n",
          exitCode: 1)
      }
      isWritten = spool.forEach(shard.range(of: spool.count)) { answer($0, &output) }
    } else {
      var isOver = false
      while isWritten, !isOver {
        let bytes = read()
        isOver = bytes.isEmpty
        isWritten = answer(isOver ? lines.rest() : lines.add(bytes), &output)
      }
    }
    guard isWritten else { return Outcome(errors: "roofline: the output could not be written in full\n", exitCode: 1) }
    if surroundings.write != nil, Interruption.isRequested {
      return Outcome(
        output: output.collected, errors: "roofline: interrupted; what is answered is whole\n", exitCode: 130)
    }
    return Outcome(output: output.collected)
  }

  /// Lines that came together are answered on all cores.
  private func answer(_ lines: [[UInt8]], _ output: inout SweepOutput) -> Bool {
    let piece = 64
    let answerer = answerer
    var isWritten = true
    _ = OrderedChunks.run(
      UInt64((lines.count + piece - 1) / piece), workers: SweepPages.workers,
      work: { number in
        var text = ""
        for line in lines[Int(number) * piece..<min(lines.count, (Int(number) + 1) * piece)] {
          answerer.append(line, to: &text)
        }
        return text
      },
      take: { text in
        // What was cut short is no answer.
        guard surroundings.write == nil || !Interruption.isRequested else { return false }
        isWritten = output.put(text)
        return isWritten
      })
    return isWritten
  }
}

/// Answers single lines.
private final class LineAnswerer: Sendable {
  private let arguments: ParsedArguments
  private let source: SweepSource
  private let lines = SweepLines(.json)
  /// Deployments that are ready, by everything that makes them one.
  private let cells = Mutex<[String: SweepCell]>([:])
  private let memos = Mutex<[KernelMemo]>([])
  /// What a line may say, by its name.
  private let options: [any AnyOption] = SweepOptions.axes.map(\.single) + SweepOptions.settings
  private static let largestLine = 1 << 20

  init(_ arguments: ParsedArguments, _ source: SweepSource) {
    self.arguments = arguments
    self.source = source
  }

  func append(_ line: [UInt8], to text: inout String) {
    var id = SweepColumn.Value.unknown
    var own = arguments
    do {
      own = try merged(line, &id)
      lines.append(try row(own), [("id", id)], to: &text)
    } catch {
      var known: [SweepColumn: SweepColumn.Value] = [.reason: .text(error.sentence.onOneLine)]
      for option in options {
        guard let column = SweepColumn(rawValue: option.name), let word = own.texts(of: option).last else { continue }
        known[column] = column.kind == .number ? SweepColumn.Value(number: word) : .text(word)
      }
      lines.append(known, [("id", id)], to: &text)
    }
  }

  /// The arguments with what the line says in place of theirs.
  private func merged(_ line: [UInt8], _ id: inout SweepColumn.Value) throws(InputError) -> ParsedArguments {
    guard line.count <= Self.largestLine else { throw .usage("the line is longer than 1 MiB") }
    let place = "the line"
    let object = try JSONObject(JSONText(Data(line), file: place).value(), file: place)
    if let value = object["id"] { id = try Self.identity(value) }
    try object.requireOnly(options.map(\.name) + ["id"])
    var changes: [(option: any AnyOption, texts: [String]?)] = []
    for option in options {
      guard let value = object[option.name] else { continue }
      changes.append((option, try Self.texts(value, option)))
    }
    return arguments.replacing(changes)
  }

  private static func identity(_ value: JSONValue) throws(InputError) -> SweepColumn.Value {
    switch value {
    case .null: return .unknown
    case .bool(let truth): return .truth(truth)
    case .integer(let integer): return integer >= 0 ? .integer(UInt64(integer)) : .number(Double(integer))
    case .number(let number) where number.isFinite: return .number(number)
    case .string(let text): return .text(text)
    case .number, .array, .object: throw .usage("the line: `id` is \(value.summary); expected a word or a number")
    }
  }

  /// As they would stand on the command line; nil where that would leave the option out.
  private static func texts(_ value: JSONValue, _ option: any AnyOption) throws(InputError) -> [String]? {
    let declaration = option.declaration
    switch value {
    case .bool(let truth) where declaration.value == nil: return truth ? ["true"] : nil
    case .string(let text) where declaration.value != nil && !text.isEmpty: return [text]
    case .integer(let integer) where declaration.value != nil: return ["\(integer)"]
    case .number(let number) where declaration.value != nil: return ["\(number)"]
    case .array(let values) where declaration.mayRepeat:
      var texts: [String] = []
      for case .string(let text) in values { texts.append(text) }
      guard texts.count == values.count else { break }
      return texts
    default: break
    }
    throw .usage(
      "the line: `\(option.name)` is \(value.summary); expected \(declaration.value == nil ? "true or false" : "what --\(option.name) takes, one value")"
    )
  }

  private func row(_ own: ParsedArguments) throws(InputError) -> SweepRow {
    let point = SweepPoint(
      batch: try own.value(of: WorkloadOptions.batch) ?? 1,
      prompt: try own.required(WorkloadOptions.prompt, "give the prompt's length in tokens"),
      generate: try own.value(of: WorkloadOptions.generate) ?? 2, load: try own.rowLoad())
    let cell = try cell(own)
    let memo = memos.withLock { $0.popLast() } ?? KernelMemo()
    defer { memos.withLock { $0.append(memo) } }
    return cell.rows([point], memo)[0]
  }

  private func cell(_ own: ParsedArguments) throws(InputError) -> SweepCell {
    let lengths = [
      WorkloadOptions.batch.name, LoadOptions.concurrency.name, LoadOptions.arrival.name, WorkloadOptions.prompt.name,
      WorkloadOptions.generate.name,
    ]
    let kind = own.isLoad ? "requests over time" : "batches"
    let key =
      options.filter { !lengths.contains($0.name) }.map { own.texts(of: $0).joined(separator: "\u{1}") }
      .joined(separator: "\u{2}") + kind
    if let known = cells.withLock({ $0[key] }) { return known }
    let deployment = SweepDeployment(
      model: try own.required(WorkloadOptions.model, "name one"),
      hardware: try own.required(WorkloadOptions.hardware, "name one"),
      dtype: try own.value(of: WorkloadOptions.dtype),
      time: (try own.value(of: TimeOptions.time) ?? own.usualTier).rawValue,
      engine: try own.value(of: TimeOptions.engine),
      tensorParallel: try own.value(of: WorkloadOptions.tensorParallel) ?? 1,
      pipeline: try own.value(of: WorkloadOptions.pipeline) ?? 1, data: try own.value(of: WorkloadOptions.data) ?? 1,
      expert: try own.value(of: WorkloadOptions.expertParallel) ?? 1)
    // A batch that every number of micro-batches can cut; each line's own is looked at by itself.
    let pieces = try own.value(of: WorkloadOptions.microBatches) ?? 1
    let cell = SweepCell(deployment) { () throws(InputError) in
      try source.setting(own.single(deployment, pieces, 1))
    }
    cells.withLock { cells in
      if cells.count >= 64 { cells = [:] }
      cells[key] = cell
    }
    return cell
  }
}
