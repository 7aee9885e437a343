import RooflineCore

/// A way of counting. `exact` is the engine's; each of the others is one of the owner's notes, kept apart from the
/// engine.
package enum Convention: String, Hashable, Sendable, CaseIterable {
  case exact
  /// The table of note 000.
  case llmCounts = "llm-counts"
  /// The formulas of note 003.
  case notes003 = "notes-003"

  /// The phases in the order in which it has them: the notes begin with a decode step.
  package var phases: [Phase] { self == .exact ? [.prefill, .decode] : [.decode, .prefill] }

  /// - Throws: `InputError.unknownName` with the nearest names.
  package init(named name: String) throws(InputError) {
    let names = Convention.allCases.map(\.rawValue)
    guard let convention = Convention(rawValue: name) else {
      throw .unknownName(
        what: "convention", name: name, nearest: Spelling.nearest(to: name, among: names), available: names)
    }
    self = convention
  }
}
