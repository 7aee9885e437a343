import RooflineCore
import RooflineDeployment
import RooflineReport

enum SweepCommand: Command {
  static let reportsProgress = true
  static let printsLines = true
  static let description = CommandDescription(
    name: "sweep",
    summary:
      "A row for each of many configurations: what users wait for, what a GPU yields, what fits; the best of them.",
    usage: "sweep --model NAME,… --hardware NAME,… --prompt N,…|A..B [options] | sweep --stdin [options]",
    options: SweepOptions.axes.map(\.list)
      + [
        SweepOptions.condition, SweepOptions.pareto, SweepOptions.best, SweepOptions.by, SweepOptions.slo,
        SweepOptions.stdin, SweepOptions.shard, SweepOptions.yes,
      ] + SweepOptions.settings + [SweepOptions.format, WorkloadOptions.help],
    positionals: 0...0,
    example:
      "roofline sweep --model llama-2-70b --hardware a100-sxm4-40gb --tp 4,8 --batch 1..256x2 --prompt 1024 --best",
    notes: [
      "Columns: \(columns.prefix(16).joined(separator: " "))",
      "  \(columns.dropFirst(16).prefix(7).joined(separator: " "))",
      "  \(columns.dropFirst(23).prefix(6).joined(separator: " "))",
      "  \(columns.dropFirst(29).joined(separator: " ")).",
      "Times are in seconds, memory in bytes. TTFT is the prefill of a whole batch, TPOT the mean decode step; with --load",
      "or --arrival they are means over requests, and p50 and p99 are of those requests, too.",
      "Exit codes: 0, 1 where nothing fits or keeps what is asked, 130 after Ctrl-C, which leaves whole lines.",
    ])

  private static var columns: [String] { SweepColumn.allCases.map(\.rawValue) }

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    // What is wrong anywhere is said before anything is computed.
    if try arguments.has(SweepOptions.stdin) { return try SweepAnswers(arguments, surroundings).run() }
    try arguments.requireReadable()
    let selections = [SweepOptions.pareto.name, SweepOptions.best.name, SweepOptions.slo.name]
    let given = command(arguments, selections)
    guard given.count < 2 else {
      throw InputError.usage("--\(given[0]) and --\(given[1]) select rows in two ways; give one")
    }
    guard !arguments.isGiven(SweepOptions.by) || arguments.isGiven(SweepOptions.best) else {
      throw InputError.usage("--by says what --best asks for; give --best, too")
    }
    guard given.isEmpty || !arguments.isGiven(SweepOptions.shard) else {
      throw InputError.usage("--\(given[0]) needs all rows and --shard takes a part of them; leave one out")
    }
    let source = SweepSource(surroundings.catalog())
    let grid = try arguments.sweepGrid(source)
    let isConfirmed = try arguments.has(SweepOptions.yes)
    _ = try grid.requireCount(at: isConfirmed ? nil : largest, consent: SweepOptions.yes)
    let pages = SweepPages(
      grid: grid, source: source, format: try arguments.value(of: SweepOptions.format) ?? .text,
      condition: try arguments.value(of: SweepOptions.condition), surroundings: surroundings)
    if surroundings.write != nil {
      RunningProgram.noteClosedPipes()
      Interruption.watch()
    }
    defer { if surroundings.write != nil { Interruption.ignore() } }
    if try arguments.has(SweepOptions.pareto) { return pages.pareto() }
    if try arguments.has(SweepOptions.best) {
      let column = try arguments.value(of: SweepOptions.by) ?? .deviceRate
      if let absence = column.absence(of: grid.load) {
        throw InputError.usage("--by: no row has \(column.rawValue): \(absence)")
      }
      return pages.best(column)
    }
    if let level = try arguments.value(of: SweepOptions.slo) { return try pages.serviceLevel(level) }
    return pages.rows(try arguments.value(of: SweepOptions.shard))
  }

  private static func command(_ arguments: ParsedArguments, _ names: [String]) -> [String] {
    description.options.filter { names.contains($0.name) && arguments.isGiven($0) }.map(\.name)
  }

  /// More than anybody waits for without knowing it.
  static let largest: UInt64 = 100_000_000
}

extension SweepGrid {
  /// How many configurations there are.
  ///
  /// - Parameters:
  ///   - most: above which it is refused; nil: never.
  ///   - consent: what a user may give to go through all of them.
  func requireCount(at most: UInt64?, consent: Option<Bool>? = nil) throws(InputError) -> UInt64 {
    guard let count else { throw .usage("the grid has more than 2^63 − 1 configurations; ask for fewer") }
    guard let most, count > most else { return count }
    throw .usage(
      "the grid has \(Numbers.grouped(count)) configurations; ask for fewer\(consent.map { ", or give --\($0.name) to go through all of them" } ?? "")"
    )
  }
}
