import RooflineCore

/// A note's table beside the engine's: every cell that differs, and why.
public struct ConventionComparison: Sendable {
  /// One way in which the note counts otherwise than Counting.md.
  public struct Reason: Hashable, Sendable {
    public let name: String
    /// One sentence.
    public let sentence: String
  }

  /// A cell that differs.
  public struct Difference: Sendable {
    public let phase: Phase
    /// As the note calls them.
    public let row, column: String
    public let note, exact: ConventionValue
    /// What explains it, in the order in which it applies; empty where nothing does.
    public let reasons: [Reason]
    /// All sentences; "unexplained" where there are none.
    public var reason: String {
      reasons.isEmpty ? "unexplained" : reasons.map(\.sentence).joined(separator: " ")
    }
  }

  /// Whose table is compared with the engine's.
  public let convention: Convention
  public let analysis: Analysis
  public let differences: [Difference]
  /// How many cells the tables share.
  public let cellCount: Int
  /// The engine's rows that the note does not have.
  public let onlyExact: [OperatorName]

  public var isExplained: Bool { differences.allSatisfy { !$0.reasons.isEmpty } }

  /// What explains the differences, once each, in the order of the first cell that it explains.
  public var reasons: [Reason] {
    var found: [Reason] = []
    for reason in differences.flatMap(\.reasons) where !found.contains(reason) { found.append(reason) }
    return found
  }

  /// - Parameter rows: the engine's rows that stand in the note, too.
  init(
    _ convention: Convention, _ analysis: Analysis, differences: [Difference], cellCount: Int, rows: Set<OperatorName>
  ) {
    self.convention = convention
    self.analysis = analysis
    self.differences = differences
    self.cellCount = cellCount
    var others: [OperatorName] = []
    for row in analysis.phases.flatMap(\.operators) where !rows.contains(row.name) && !others.contains(row.name) {
      others.append(row.name)
    }
    onlyExact = others
  }

  /// A note beside the engine.
  ///
  /// - Throws: `InputError`, as the analysis and the convention do.
  public init(
    _ convention: Convention, _ scenario: Scenario, phases: [Phase], generated: UInt64
  ) throws(InputError) {
    self =
      convention == .llmCounts
      ? try ConventionComparison(llmCounts: scenario, phases: phases, generated: generated)
      : try ConventionComparison(notes003: scenario, phases: phases)
  }
}
