import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// A note's table beside the engine's: every cell that differs, and why.
package struct ConventionComparison: Sendable {
  /// One way in which the note counts otherwise than Counting.md.
  package struct Reason: Hashable, Sendable {
    package let name: String
    /// One sentence.
    package let sentence: String
    /// Whether the note only leaves something out: what it counts there is right.
    package var isOmission = false
  }

  /// What a cell of the note is.
  package enum Verdict: String, Hashable, Sendable, CaseIterable {
    case right
    /// What it counts is right, and not all.
    case incomplete
    case wrong
  }

  /// A cell that does not differ, and in which something stands.
  package struct Agreement: Hashable, Sendable {
    package let phase: Phase
    /// As the note calls them.
    package let row, column: String
  }

  /// A cell that differs.
  package struct Difference: Sendable {
    package let phase: Phase
    /// As the note calls them.
    package let row, column: String
    package let note, exact: ConventionValue
    /// What explains it, in the order in which it applies; empty where nothing does.
    package let reasons: [Reason]
    /// Whether anything in it is wrong.
    package var verdict: Verdict { !reasons.isEmpty && reasons.allSatisfy(\.isOmission) ? .incomplete : .wrong }
    /// All sentences; "unexplained" where there are none.
    package var reason: String {
      reasons.isEmpty ? "unexplained" : reasons.map(\.sentence).joined(separator: " ")
    }
  }

  /// Whose table is compared with the engine's.
  package let convention: Convention
  package let analysis: Analysis
  package let differences: [Difference]
  /// The others that are not 0 in both.
  package let agreeing: [Agreement]
  /// How many cells the tables share.
  package let cellCount: Int
  /// FLOP/s and B/s that the note computes with; nil where it knows none.
  package let rates: (peak: Double, bandwidth: Double)?
  /// The engine's rows that the note does not have.
  package let onlyExact: [OperatorName]

  package var isExplained: Bool { differences.allSatisfy { !$0.reasons.isEmpty } }

  /// What explains the differences, once each, in the order of the first cell that it explains.
  package var reasons: [Reason] {
    var found: [Reason] = []
    for reason in differences.flatMap(\.reasons) where !found.contains(reason) { found.append(reason) }
    return found
  }

  /// - Parameter rows: the engine's rows that stand in the note, too.
  init(
    _ convention: Convention, _ analysis: Analysis, differences: [Difference], agreeing: [Agreement], cellCount: Int,
    rates: (peak: Double, bandwidth: Double)? = nil, rows: Set<OperatorName>
  ) {
    self.convention = convention
    self.analysis = analysis
    self.differences = differences
    self.agreeing = agreeing
    self.cellCount = cellCount
    self.rates = rates
    var others: [OperatorName] = []
    for row in analysis.phases.flatMap(\.operators) where !rows.contains(row.name) && !others.contains(row.name) {
      others.append(row.name)
    }
    onlyExact = others
  }

  /// A note beside the engine.
  ///
  /// - Parameter noteIntermediate: the intermediate size of note 000; nil: the model's.
  /// - Throws: `InputError`, as the analysis and the convention do.
  package init(
    _ convention: Convention, _ scenario: Scenario, phases: [Phase], generated: UInt64, noteIntermediate: UInt64? = nil
  ) throws(InputError) {
    self =
      convention == .llmCounts
      ? try ConventionComparison(
        llmCounts: scenario, phases: phases, generated: generated, noteIntermediate: noteIntermediate)
      : try ConventionComparison(notes003: scenario, phases: phases)
  }
}
