import RooflineConventions
import RooflineCore
import RooflineDeployment
import RooflineReport
import TestSupport
import XCTest
import roofline

/// A cell that no rule explains. No input gives one, so a note's table is doctored.
final class UnexplainedDifferenceTests: CommandTestCase {
  private func scenario() throws -> Scenario {
    Scenario(
      configuration: try Fixtures.catalog.model("llama-3.1-8b"), hardware: try Fixtures.catalog.hardware("h100-sxm"),
      workload: Workload(
        batch: 7, prompt: 100, context: 101, tensorParallel: 4, operatorSet: .separate, formats: NumberFormats(.bf16)),
      options: RateOptions(), tokens: 1)
  }

  private func assertUnexplained(
    _ comparison: ConventionComparison, _ place: [String], count: Int, line: UInt = #line
  ) throws {
    let unexplained = comparison.differences.filter(\.reasons.isEmpty)
    XCTAssertEqual(unexplained.count, count, line: line)
    XCTAssertTrue(
      unexplained.contains { [$0.phase.rawValue, $0.row, $0.column] == place }, "\(unexplained)", line: line)
    for format in OutputFormat.allCases {
      let outcome = try DiffCommand.outcome(
        comparison, [comparison.convention, .exact], Page(format, text: TextFormat(usesColor: false, isWide: false)))
      XCTAssertEqual(outcome.exitCode, 2, line: line)
      XCTAssertTrue(outcome.output.contains("unexplained"), format.rawValue, line: line)
    }
  }

  /// One FLOP too many in q_proj, before and after the division: the count, and what is derived from it.
  func testDoctoredCellOfNote000IsUnexplained() throws {
    let scenario = try scenario()
    let inputs = try ConventionInputs(scenario, generated: 33)
    let convention = LLMCountsConvention(inputs, phases: Phase.allCases)
    var (note, undivided) = (try convention.table(), try convention.undividedTable())
    let cell = ConventionCell(phase: .decode, row: .qProj, column: .flops)
    note[cell] = .count(note.count(.decode, .qProj, .flops) + 1)
    undivided[cell] = .count(undivided.count(.decode, .qProj, .flops) + 4)
    let comparison = try ConventionComparison(
      note: note, undivided: undivided, inputs: inputs, scenario, phases: Phase.allCases)
    XCTAssertFalse(comparison.isExplained)
    // FLOPs; intensity and performance follow from them by no rule that ends at the engine's.
    try assertUnexplained(comparison, ["decode", "q_proj", "flops"], count: 3)
  }

  /// One element too many in the down projection's weights.
  func testDoctoredCellOfNote003IsUnexplained() throws {
    let scenario = try scenario()
    let inputs = try Notes003Inputs(scenario)
    var note: [Notes003Cell: Quotient<Count>] = [:]
    for phase in Phase.allCases { note.merge(try Notes003Convention<Count>(inputs).values(phase)) { $1 } }
    let cell = Notes003Cell(.prefill, .down, .memory)
    note[cell] = try XCTUnwrap(note[cell]) + 1
    let comparison = try ConventionComparison(note: note, inputs: inputs, scenario, phases: Phase.allCases)
    try assertUnexplained(comparison, ["prefill", "down", "memory"], count: 1)
  }
}
