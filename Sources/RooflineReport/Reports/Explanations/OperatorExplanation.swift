import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineTimeModels

/// Why a row's numbers are what they are: each formula in letters, with numbers, its result, and where it stands.
package struct OperatorExplanation: Encodable, Sendable {
  package let schemaVersion = 1
  package let name: String
  package let kind: String
  /// The note whose row it is; left out of a document where it is the engine's.
  package let convention: String?
  package let phase: String
  package let occurrences: UInt64
  package let letters: [LetterEntry]
  package let entries: [Entry]

  /// A letter of the formulas.
  package struct LetterEntry: Encodable, Hashable, Sendable {
    package let symbol: String
    package let value: String
    package let meaning: String
    /// Its own formula, and the same with numbers; empty for an input.
    package let definition: String
    package let substituted: String
  }

  /// One number.
  package struct Entry: Encodable, Hashable, Sendable {
    /// Its path in the JSON of `analyze`.
    package let quantity: String
    package let symbolic: String
    package let substituted: String
    /// Exact for counts, unrounded for times.
    package let value: String
    package let unit: String
    package let source: String

    func named(_ quantity: String) -> Entry {
      Entry(
        quantity: quantity, symbolic: symbolic, substituted: substituted, value: value, unit: unit, source: source)
    }
  }

  init(
    name: String, kind: String, phase: String, occurrences: UInt64 = 1, letters: [LetterEntry], entries: [Entry]
  ) {
    self.name = name
    self.kind = kind
    convention = nil
    self.phase = phase
    self.occurrences = occurrences
    self.letters = letters
    self.entries = entries
  }

  /// A row of a note.
  init(name: String, convention: Convention, phase: String, letters: [LetterEntry], entries: [Entry]) {
    self.name = name
    kind = "note"
    self.convention = convention.rawValue
    self.phase = phase
    occurrences = 1
    self.letters = letters
    self.entries = entries
  }

  /// Explains every row of a pass, in the order in which they stand in tables.
  static func rows(of phase: PhaseAnalysis, in analysis: Analysis) -> [OperatorExplanation] {
    let formulas: [NamedOperator<Symbol>] = phase.step.rows(of: analysis.configuration.model)
    return zip(formulas, phase.operators).map { OperatorExplanation($0, $1, in: phase, of: analysis) }
  }

  /// Explains the rows of a pass that have a name, one of each group of layers; none where the pass has no such row.
  package static func rows(
    _ name: OperatorName, in phase: PhaseAnalysis, of analysis: Analysis
  ) -> [OperatorExplanation] {
    let formulas: [NamedOperator<Symbol>] = phase.step.rows(of: analysis.configuration.model)
    return zip(formulas, phase.operators).filter { $0.0.name == name }.map { row, prediction in
      OperatorExplanation(row, prediction, in: phase, of: analysis)
    }
  }

  /// Explains the rows of a vision tower's pass that have a name.
  package static func rows(
    named name: String, of vision: VisionAnalysis, in analysis: Analysis
  ) -> [OperatorExplanation] {
    rows(of: vision, in: analysis).filter { $0.name == name }
  }

  /// Explains every row of a vision tower's pass.
  static func rows(of vision: VisionAnalysis, in analysis: Analysis) -> [OperatorExplanation] {
    zip(vision.formulas, vision.rows).map { row, prediction in
      let formulas = row.operator.accept(FormulaReader())
      let time = TimeExplanation(cost: prediction.cost, analysis: analysis, isCollective: false).entries
      return OperatorExplanation(
        name: row.name.rawValue, kind: prediction.kind.rawValue, phase: "vision",
        occurrences: prediction.occurrences.value,
        letters: formulas.letters, entries: formulas.entries + time)
    }
  }

  private init(
    _ row: NamedOperator<Symbol>, _ prediction: RowPrediction, in phase: PhaseAnalysis, of analysis: Analysis
  ) {
    name = phase.label(of: prediction)
    convention = nil
    self.phase = phase.step.name
    kind = prediction.kind.rawValue
    occurrences = prediction.occurrences.value
    let formulas = row.operator.accept(FormulaReader())
    letters = formulas.letters
    let ideal = TimeExplanation(
      cost: prediction.cost, analysis: analysis, isCollective: prediction.cost.wireSteps != 0
    ).entries
    guard let time = analysis.calibrated else {
      entries = formulas.entries + ideal
      return
    }
    entries =
      formulas.entries + ideal.map { $0.quantity == "timeSeconds" ? $0.named("idealTimeSeconds") : $0 }
      + CalibratedTimeExplanation(
        prediction: prediction.prediction, timed: TimedRow(prediction.row.kernel, by: time), time: time
      ).entries
  }
}

/// Reads all count formulas off a definition.
private struct FormulaReader: OperatorVisitor {
  typealias Scalar = Symbol

  struct Formulas {
    var letters: [OperatorExplanation.LetterEntry] = []
    var entries: [OperatorExplanation.Entry] = []
  }

  func visit<D: OperatorDefinition>(_ definition: D) -> Formulas where D.Scalar == Symbol {
    var formulas = Formulas()
    var symbols: [Symbol] = []
    func add(_ quantity: String, _ symbol: Symbol, _ unit: String, _ source: String) {
      symbols.append(symbol)
      formulas.entries.append(
        .init(
          quantity: quantity, symbolic: symbol.expression.symbolic, substituted: symbol.expression.substituted,
          value: String(symbol.value.value), unit: unit, source: source))
    }
    let flops = definition.flops
    add("flops.tensor", flops.tensor, "FLOP", definition.source)
    add("flops.vector", flops.vector, "FLOP", definition.source)
    add("flops.special", flops.special, "FLOP", definition.source)
    var operands: [Operand<Symbol>] = []
    definition.forEachOperand { operands.append($0) }
    for traffic in TrafficClass.allCases {
      let names = operands.filter { $0.traffic == traffic }.map { "\($0.name.rawValue) (\($0.format.description))" }
      let source =
        names.isEmpty ? "no operand of this class" : "each distinct element once: \(names.joined(separator: ", "))"
      add("bytes.\(traffic)", definition.traffic[traffic], "B", source)
    }
    add("wireBytes", definition.wireBytes, "B", definition.wireBytes.value == 0 ? "nothing is sent" : definition.source)
    formulas.letters = OperatorExplanation.LetterEntry.list(of: symbols)
    return formulas
  }

}

extension OperatorExplanation.LetterEntry {
  /// The letters of formulas, definitions first, and the widths they multiply by.
  static func list(of symbols: [Symbol]) -> [Self] {
    var found: [Expression] = []
    var formats: [ElementFormat] = []
    for symbol in symbols {
      for format in symbol.expression.formats where !formats.contains(format) { formats.append(format) }
    }
    for symbol in symbols {
      for letter in symbol.expression.letters where !found.contains(letter) { found.append(letter) }
    }
    let letters: [Self] = found.compactMap { expression in
      switch expression {
      case .input(let letter, let value):
        .init(symbol: letter.symbol, value: String(value), meaning: letter.meaning, definition: "", substituted: "")
      case .named(let letter, let definition, let value):
        .init(
          symbol: letter.symbol, value: String(value.value), meaning: letter.meaning, definition: definition.symbolic,
          substituted: definition.substituted)
      case .mean(let letter, let number):
        .init(
          symbol: letter.symbol, value: Expression.decimal(number), meaning: letter.meaning, definition: "",
          substituted: "")
      default: nil
      }
    }
    return letters + list(of: formats)
  }

  /// The widths of formats.
  private static func list(of formats: [ElementFormat]) -> [Self] {
    formats.map { format in
      let bits = format.storage.bits
      return .init(
        symbol: format.letter.symbol, value: format.storage.isWholeBytes ? String(bits / 8) : "\(bits) / 8",
        meaning: "\(format.letter.meaning) (\(format.description))", definition: "", substituted: "")
    }
  }
}

extension ElementFormat {
  fileprivate var description: String {
    dtype?.rawValue ?? (letter == .tokenIDBytes ? "int32" : "\(storage.bits) bits")
  }
}
