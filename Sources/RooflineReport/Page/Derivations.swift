import RooflineAnalysis
import RooflineServing

/// The text of `explain` for every number of a page. Rows say much alike: each line, paragraph and term of long sums is kept once.
struct Derivations: Encodable {
  private var lines: [Line] = []
  /// Numbers of their lines.
  private var paragraphs: [[Int]] = []
  /// Numbers of the paragraphs, by the key of a row, a sum, or a part of the deployment.
  private var texts: [String: [Int]] = [:]
  private var linePlaces: [String: Int] = [:]
  private var paragraphPlaces: [[Int]: Int] = [:]
  /// What long sums are of.
  private var terms: [String] = []
  private var termPlaces: [String: Int] = [:]

  private enum CodingKeys: String, CodingKey { case lines, paragraphs, texts, terms }

  /// A line as it is, or the numbers of the terms that stand in it with ` + ` between them.
  private enum Line: Encodable {
    case text(String)
    case sum([Int])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .sum(let terms): try container.encode(terms)
      }
    }
  }

  /// A shorter line is no longer than the numbers of its terms.
  private static let longSum = 400

  init() {}

  mutating func add(_ explanation: OperatorExplanation, for key: String) {
    let page = TextFormat(usesColor: false, isWide: true)
    let text = page.render(ExplanationReport([explanation], notices: []).report)
    // Lines end in bytes; characters would be composed first.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    let all = lines.map { number(of: String(Substring($0))) }
    let blank = number(of: "")
    texts[key] = all.split(separator: blank, omittingEmptySubsequences: false).map { number(of: Array($0)) }
  }

  private mutating func number(of line: String) -> Int {
    if let known = linePlaces[line] { return known }
    linePlaces[line] = lines.count
    lines.append(
      line.utf8.count < Self.longSum
        ? .text(line)
        : .sum(line.split(separator: " + ", omittingEmptySubsequences: false).map { number(ofTerm: String($0)) }))
    return lines.count - 1
  }

  private mutating func number(ofTerm term: String) -> Int {
    if let known = termPlaces[term] { return known }
    termPlaces[term] = terms.count
    terms.append(term)
    return terms.count - 1
  }

  private mutating func number(of paragraph: [Int]) -> Int {
    if let known = paragraphPlaces[paragraph] { return known }
    paragraphPlaces[paragraph] = paragraphs.count
    paragraphs.append(paragraph)
    return paragraphs.count - 1
  }

  /// Those of a run's rows and sums.
  mutating func add(_ analysis: Analysis) {
    for (index, phase) in analysis.phases.enumerated() {
      for (row, explanation) in OperatorExplanation.rows(of: phase, in: analysis).enumerated() {
        add(explanation, for: RowReference(phase: index, row: row).key)
      }
      add(OperatorExplanation(sumOver: .model, in: phase), for: Self.key(.model, index))
      // Where layers differ, tables have each group's.
      guard !phase.groups.isEmpty else {
        add(OperatorExplanation(sumOver: .layer, in: phase), for: Self.key(.layer, index))
        continue
      }
      for group in phase.groups.indices {
        add(OperatorExplanation(sumOverLayerOf: group, in: phase), for: "\(index)/group/\(group)")
      }
    }
  }

  /// Those of what an engine adds to each pass.
  mutating func add(_ engine: Engine, to analysis: Analysis) {
    for (index, phase) in analysis.phases.enumerated() {
      guard let explanation = OperatorExplanation(engine, phase, of: analysis) else { continue }
      add(explanation, for: Self.engineKey(index))
    }
  }

  static func engineKey(_ phase: Int) -> String { "\(phase)/engine" }

  static func key(_ scope: OperatorExplanation.SumScope, _ phase: Int) -> String { "\(phase)/\(scope.rawValue)" }
}
