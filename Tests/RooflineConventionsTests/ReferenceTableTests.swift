import RooflineAnalysis
import RooflineConventions
import RooflineCore
import TestSupport
import XCTest

/// The owner's table of Llama-2-70B on an A100 under TP 8 against the engine: every cell is equal or explained by a rule.
final class ReferenceTableTests: XCTestCase {
  private func reference() throws -> ReferenceTable {
    try ReferenceTable(text: String(contentsOfFile: ReferenceTable.file, encoding: .utf8))
  }

  /// The engine's value for every cell.
  private func exact() throws -> [ConventionCell: ConventionValue] {
    let model = try Fixtures.catalog.model(
      "llama-2-70b",
      overrides: [ConfigurationOverride(key: "intermediate_size", value: .integer(ReferenceWorkload.intermediate))])
    var options = RateOptions()
    options.computeEfficiency = ReferenceWorkload.efficiency
    options.memoryEfficiency = ReferenceWorkload.efficiency
    let workload = Workload(
      batch: ReferenceWorkload.batch, prompt: ReferenceWorkload.prompt, context: 2048,
      tensorParallel: ReferenceWorkload.tensorParallel, operatorSet: .separate, formats: NumberFormats(.fp16))
    let analysis = try Analysis(
      configuration: model, hardware: Fixtures.catalog.hardware(ReferenceWorkload.hardware), workload: workload,
      phases: Phase.allCases, options: options)
    return ConventionComparison.exactValues(analysis)
  }

  /// What the contract says the table was made from.
  private func inputs() throws -> ConventionInputs {
    let model = DecoderModel(
      hiddenSize: ReferenceWorkload.hidden, intermediateSize: UInt64(ReferenceWorkload.intermediate),
      numHiddenLayers: 80, numAttentionHeads: ReferenceWorkload.heads,
      numKeyValueHeads: ReferenceWorkload.keyValueHeads, headDim: ReferenceWorkload.headDim, vocabSize: 32000)
    return ConventionInputs(
      model: try model.dense, batch: ReferenceWorkload.batch, prompt: ReferenceWorkload.prompt,
      generated: ReferenceWorkload.generated, tensorParallel: ReferenceWorkload.tensorParallel,
      peak: ReferenceWorkload.peak, bandwidth: ReferenceWorkload.bandwidth)
  }

  /// The owner's cells, not the convention's, as the rules correct them.
  private func correct(
    _ table: ConventionTable, by rules: [ConventionRule]
  ) throws -> (table: ConventionTable, changed: [String: [ConventionCell]]) {
    let inputs = try self.inputs()
    let (scaled, changed) = ConventionRule.correct(
      table.scaled(by: inputs.tensorParallel), of: inputs, by: rules)
    return (scaled.unscaled(by: inputs.tensorParallel), changed)
  }

  // MARK: the table is read rightly

  func testTableIsTwoPhasesOfFifteenOperatorsInTenColumns() throws {
    let cells = try reference().cells
    XCTAssertEqual(cells.count, 300)
    XCTAssertEqual(Set(cells).count, 300)
    for phase in Phase.allCases { XCTAssertEqual(cells.filter { $0.phase == phase }.count, 150, phase.rawValue) }
    for row in ReferenceTable.rows.values { XCTAssertEqual(cells.filter { $0.row == row }.count, 20, row.rawValue) }
  }

  func testEveryPrintedTextFollowsFromTheValueBehindIt() throws {
    let table = try reference()
    for cell in table.cells {
      let value = try XCTUnwrap(table.table[cell], "\(cell)")
      XCTAssertEqual(ReferenceTable.text(value, in: cell.column), table.printed[cell], "\(cell)")
    }
  }

  func testEveryDerivedValueOfTheReferenceFollowsFromItsOwnRow() throws {
    let table = try reference()
    for cell in table.cells { XCTAssertEqual(table.table[cell], table.table.derived(cell), "\(cell)") }
  }

  func testCommittedTableIsTheOwners() throws {
    guard let shared = Fixtures.shared else {
      if Fixtures.isCI { XCTFail("../shared is missing") }
      throw XCTSkip("../shared is missing")
    }
    XCTAssertEqual(
      try String(contentsOfFile: "\(shared)/reference/llama2_70b_a100_tp8.tsv", encoding: .utf8),
      try String(contentsOfFile: ReferenceTable.file, encoding: .utf8))
  }

  // MARK: the rules explain it

  func testAtMostTwelveRulesExplainEveryCell() throws {
    let (reference, exact) = (try reference().table, try exact())
    let (corrected, changed) = try correct(reference, by: ConventionRule.ofTheTable)
    let explained = Set(changed.values.joined())
    XCTAssertLessThanOrEqual(ConventionRule.ofTheTable.count, 12)
    XCTAssertEqual(Set(ConventionRule.ofTheTable.map(\.name)).count, ConventionRule.ofTheTable.count)
    for cell in reference.cells {
      let (raw, value) = (try XCTUnwrap(reference[cell]), try XCTUnwrap(corrected[cell]))
      let truth = try XCTUnwrap(exact[cell], "the engine has no \(cell)")
      XCTAssertTrue(value.agrees(with: truth), "\(cell): reference \(raw), by the rules \(value), engine \(truth)")
      if explained.contains(cell) {
        XCTAssertFalse(raw.agrees(with: truth), "\(cell): a rule touches a cell that was right")
      }
    }
    XCTAssertEqual(explained.count, 142, "cells that differ")
    XCTAssertEqual(reference.cells.count - explained.count, 158, "cells that are equal")
  }

  /// How often each slip occurs, counted on the table by hand (rows × columns × phases).
  func testEveryRuleFiresAsOftenAsItsSlipOccurs() throws {
    let occurrences = [
      "replicated input": 10,  // five GEMMs
      "full-width output": 4,  // two GEMMs
      "norms and adds replicated": 28,  // two norms in four columns, two adds in three
      "norm per row": 4,
      "add reads two": 4,
      "silu stores once": 2,
      "softmax of scores": 2,
      "qk head_dim": 2,
      "prefill KV read": 2,  // K and V, in prefill only
      "decode context": 7,  // two each of qk and sv, three of softmax, in decode only
      // 29 sums (prefill softmax moves the right bytes), 30 intensities, 25 performances (five prefill GEMMs stay at the
      // peak) and the bounds of k_proj and v_proj in prefill.
      "derived columns follow": 86,
    ]
    let changed = try correct(try reference().table, by: ConventionRule.ofTheTable).changed
    XCTAssertEqual(changed.mapValues(\.count), occurrences)
    XCTAssertEqual(Set(ConventionRule.ofTheTable.map(\.name)), Set(changed.keys), "a rule never fires")
  }

  func testRulesOfOtherInputsLeaveTheOwnersTableAlone() throws {
    let reference = try reference().table
    let (corrected, changed) = try correct(reference, by: ConventionRule.ofOtherInputs)
    XCTAssertEqual(changed, [:])
    XCTAssertEqual(corrected.values, reference.values)
  }

  /// The convention gives the owner's value of every cell.
  func testConventionIsTheOwnersTable() throws {
    let (reference, table) = (try reference().table, try LLMCountsConvention(inputs(), phases: Phase.allCases).table())
    XCTAssertEqual(table.cells.count, 300)
    for cell in reference.cells {
      let (value, owners) = (try XCTUnwrap(table[cell]), try XCTUnwrap(reference[cell]))
      XCTAssertTrue(value.agrees(with: owners), "\(cell): \(value), the owner's \(owners)")
    }
  }

  func testNoRuleCanBeLeftOut() throws {
    let (reference, exact) = (try reference().table, try exact())
    for rule in ConventionRule.ofTheTable {
      let others = ConventionRule.ofTheTable.filter { $0.name != rule.name }
      let corrected = try correct(reference, by: others).table
      XCTAssertTrue(
        try reference.cells.contains { cell in
          !(try XCTUnwrap(corrected[cell])).agrees(with: try XCTUnwrap(exact[cell]))
        }, "\(rule.name) explains nothing")
    }
  }
}
