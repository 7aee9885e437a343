import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineReport

package enum DiffCommand: Command {
  /// A note and the engine: every rule leads from a note to the exact value.
  private static let conventions = Option(
    "conventions", "A,B", "a note and exact, in either order: llm-counts,exact or notes-003,exact (llm-counts,exact)"
  ) { list throws(InputError) in
    var conventions: [Convention] = []
    for name in list.split(separator: ",", omittingEmptySubsequences: false) {
      conventions.append(try Convention(named: String(name)))
    }
    guard conventions.count == 2, Set(conventions).count == 2, conventions.contains(.exact) else {
      let notes = Convention.allCases.filter { $0 != .exact }.map { "\($0.rawValue),exact" }
      throw .usage("--conventions is \"\(list)\"; expected \(notes.joined(separator: " or ")), in either order")
    }
    return conventions
  }

  private static let noteIntermediate = Option.count(
    "note-intermediate", "N", "intermediate size that note 000 has, where it is not the model's")

  package static let description = CommandDescription(
    name: "diff",
    summary: "Where an owner's note counts otherwise than this program: each cell, both values, the reason.",
    usage: "diff --conventions NOTE,exact --model NAME|PATH --hardware NAME|PATH --prompt N [--generate N] [options]",
    options: [conventions, noteIntermediate] + ConventionOptions.known,
    positionals: 0...0,
    example:
      "roofline diff --conventions llm-counts,exact --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --prompt 1024 --generate 1024",
    notes: [
      "llm-counts (note 000) reads prompt + generated keys in decode and needs --generate; notes-003 has the prompt alone.",
      "Exit code 2 where a cell differs and no rule says why.",
    ])

  package static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let conventions = try arguments.value(of: Self.conventions) ?? [.llmCounts, .exact]
    let note = conventions.first { $0 != .exact } ?? .llmCounts
    let (scenario, phases, generated) = try arguments.conventionScenario(
      note, surroundings.catalog(), and: [Self.conventions] + (note == .llmCounts ? [noteIntermediate] : []))
    let noteIntermediate = try arguments.value(of: Self.noteIntermediate)
    let comparison = try ConventionComparison(
      note, scenario, phases: phases, generated: generated, noteIntermediate: noteIntermediate)
    let readings =
      note == .llmCounts
      ? try phases.first.map { phase throws(InputError) in
        LLMCountsReading.all(try ConventionInputs(scenario, generated: generated), phase)
      } ?? [] : []
    var outcome = try outcome(comparison, conventions, page, readings: readings)
    outcome.errors += arguments.idleWarnings(note)
    return outcome
  }

  /// 2 where a difference has no reason.
  package static func outcome(
    _ comparison: ConventionComparison, _ conventions: [Convention], _ page: Page, readings: [LLMCountsReading] = []
  ) throws -> Outcome {
    Outcome(
      output: try page.render(
        ComparisonReport(
          comparison, conventions: conventions, readings: readings,
          listsDerived: page.text.isWide || page.format != .text
        ).report),
      errors: comparison.analysis.notices.warnings, exitCode: comparison.isExplained ? 0 : 2)
  }
}
