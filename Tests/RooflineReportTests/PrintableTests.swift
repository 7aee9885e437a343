import RooflineCore
import RooflineReport
import XCTest

/// What came in from outside, in each format and in a sentence.
final class PrintableTests: XCTestCase {
  /// ESC, BEL, NUL, DEL, a C1 control, a line separator and a right-to-left override.
  private let controls = "\u{1B}\u{7}\0\u{7F}\u{9B}\u{2028}\u{202E}"

  private func table(_ cell: String) -> Table {
    Table(
      title: "t", columns: [.init("name", key: "name", isText: true), .init("n", key: "n")],
      rows: [.cells([.text(cell), .integer(7)])])
  }

  func testControlsBecomeQuestionMarksInEveryFormat() {
    let marks = "a???????b"
    let table = table("a\(controls)b")
    XCTAssertTrue(TextFormat(usesColor: true, isWide: false).render(table).contains(marks))
    XCTAssertTrue(MarkdownFormat().render(table).contains("| \(marks) | 7 |"))
    XCTAssertEqual(CSVFormat().render([table], key: "k"), "k,name,n\nt,\(marks),7\n")
    XCTAssertEqual("a\(controls)b\nc".printable, "\(marks)\nc")
    XCTAssertEqual("a\nb\tc".printableLine, "a?b?c")
  }

  func testLettersSignsAndAccentsStay() {
    let text = "é – … · µ × ─ ⌈N′⌉ 日本 e\u{301} 👩‍💻"
    XCTAssertEqual(text.printable, text)
    XCTAssertEqual(text.printableLine, text)
    XCTAssertEqual(text.printableJSON, text)
  }

  /// JSON escapes C0 itself; what it lets through is escaped, and reads as the same string.
  func testJSONKeepsTheStringBehindAnEscape() throws {
    let text = try JSONFormat().render(["a": "x\(controls)y"]).printableJSON
    for scalar in text.unicodeScalars { XCTAssertTrue(scalar == "\n" || (0x20..<0x7F).contains(scalar.value)) }
    XCTAssertTrue(text.contains("\\u007f\\u009b\\u2028\\u202e"), text)
  }

  func testColorsStayWhereTheyAreAFormatsOwn() {
    let colored = TextFormat(usesColor: true, isWide: false).render(table("x"))
    XCTAssertTrue(colored.contains("\u{1B}[1m"))
    XCTAssertEqual(colored.printableInColor, colored)
    XCTAssertEqual("\u{1B}[1mbold\u{1B}[0m \u{1B}[2J\u{9B}".printableInColor, "\u{1B}[1mbold\u{1B}[0m ?[2J?")
  }

  /// A comma, a quote or a pipe with a combining mark is another character, and separates all the same.
  func testSeparatorsWithCombiningMarksDoNotSplitCells() {
    XCTAssertEqual(
      CSVFormat().render([table("a,\u{301}b")], key: "k").unicodeScalars.map { $0 },
      "k,name,n\nt,\"a,\u{301}b\",7\n".unicodeScalars.map { $0 })
    XCTAssertEqual(
      CSVFormat().render([table("a\"\u{301}b")], key: "k").unicodeScalars.map { $0 },
      "k,name,n\nt,\"a\"\"\u{301}b\",7\n".unicodeScalars.map { $0 })
    XCTAssertEqual(CSVFormat().render([table("a\nb")], key: "k"), "k,name,n\nt,\"a\nb\",7\n")
    XCTAssertEqual(CSVFormat().render([table("a\r\nb")], key: "k"), "k,name,n\nt,\"a?\nb\",7\n")
    let markdown = MarkdownFormat().render(table("a|\u{301}b|c\\|d\ne"))
    XCTAssertTrue(
      Array(markdown.utf8).split(separator: 0x0A).contains(
        ArraySlice("| a\\|\u{301}b\\|c\\\\\\|d?e | 7 |".utf8)), markdown)
  }

  // MARK: sentences

  func testEightyScalarsOfWhatCameInAreQuoted() {
    XCTAssertEqual(String(repeating: "x", count: 80).quoted.count, 80)
    let long = "begin" + String(repeating: "x", count: 100_000) + "end"
    XCTAssertEqual(long.quoted.unicodeScalars.count, 80)
    XCTAssertTrue(long.quoted.hasPrefix("begin") && long.quoted.hasSuffix("end") && long.quoted.contains("…"))
    // One character, as Swift counts.
    let marks = "a" + String(repeating: "\u{301}", count: 100_000)
    XCTAssertEqual(marks.count, 1)
    XCTAssertEqual(marks.quoted.unicodeScalars.count, 80)
  }

  func testAPathKeepsTheWholeNameOfItsFile() {
    let name = "a-model-of-some-maker-with-a-long-name.hf_quant_config.json"
    for folder in ["/models", String(repeating: "/a-folder", count: 3), String(repeating: "/a-folder", count: 300)] {
      let path = "\(folder)/\(name)"
      XCTAssertTrue(path.quoted.hasSuffix("/\(name)"), path.quoted)
      XCTAssertLessThanOrEqual(path.quoted.unicodeScalars.count, 80)
      XCTAssertTrue("\(path): broken".onOneLine.contains("/\(name): broken"), "\(path): broken".onOneLine)
    }
    let long = "/models/" + String(repeating: "x", count: 1000) + ".json"
    XCTAssertEqual(long.quoted.unicodeScalars.count, 80)
    XCTAssertTrue(long.quoted.hasSuffix(".json"))
  }

  func testEveryKindOfErrorIsShortWhateverCameIn() {
    let x = String(repeating: "x", count: 100_000)
    let spaced = String(repeating: "x y ", count: 25_000)
    let names = (0..<10_000).map { "name\($0)" }
    for long in [x, spaced, "a\"`\(spaced)"] {
      let errors: [InputError] = [
        .unreadable(file: long, reason: "r"), .notJSON(file: long, detail: "d"),
        .missingKey(file: long, key: long, expected: "e"),
        .wrongValue(file: long, key: long, found: long, expected: "e"),
        .unknownKey(file: long, key: long, nearest: [long]),
        .unsupportedArchitecture(file: long, found: long, supported: ["a"]),
        .unsupportedKey(file: long, key: long, value: long, reason: "r"),
        .unknownName(what: "model", name: long, nearest: [], available: names),
        .ambiguousAlias(alias: long, files: [long, long]), .noCatalog(folder: "f", searched: [long]),
        .illegalTensorParallel(degree: 3, legal: Array(1...10_000), model: long),
        .illegalPipeline(stages: 3, layers: 7, model: long),
        .implausibleRate(file: long, key: "k", rate: 2, ceiling: 1, derivation: "d"),
        .missingFacts(
          hardware: long, path: long, facts: [MissingFact(name: "n", key: "k", option: "--o")]),
        .notMeasurements(file: long, problem: "p \(long)"), .overflow(what: long), .notFinite(what: long, value: .nan),
        .usage("--x is \"\(long)\"; expected y"), .usage("unknown option \(long) for `z`"),
      ]
      for error in errors {
        let sentence = error.sentence.onOneLine
        XCTAssertLessThanOrEqual(sentence.unicodeScalars.count, 1500, "\(error)".prefix(60).description)
        XCTAssertFalse(sentence.isEmpty)
      }
    }
  }

  func testAnOrdinarySentenceStaysAsItIs() {
    let sentence =
      "Hardware/h100-sxm.json: `compute.tensorFLOPsPerSecond.fp16` is 2; expected a number; did you mean \"x\" or `y`?"
    XCTAssertEqual(sentence.onOneLine, sentence)
  }

  // MARK: numbers that are none

  func testNumbersThatAreNoneAreDashesAndEmptyCells() {
    for number in [Double.nan, -.nan, .infinity, -.infinity] {
      XCTAssertEqual(Numbers.time(Seconds(number)), "–")
      XCTAssertEqual(Numbers.scaled(number), "–")
      XCTAssertEqual(Numbers.percent(number), "–")
      XCTAssertEqual(Numbers.fixed(number, decimals: 2), "–")
      let cells: [Table.Cell] = [.ratio(number), .rate(number), .time(Seconds(number)), .share(number)]
      let table = Table(
        title: "t", columns: ["a", "b", "c", "d"].map { .init($0, key: $0) }, rows: [.cells(cells)])
      XCTAssertEqual(CSVFormat().render([table], key: "k"), "k,a,b,c,d\nt,,,,\n")
      XCTAssertTrue(MarkdownFormat().render(table).contains("| – | – | – | – |"))
    }
  }

  func testJSONNamesTheNumberThatIsNone() {
    struct Inner: Encodable { let timeSeconds: Double }
    struct Outer: Encodable { let rows: [Inner] }
    XCTAssertThrowsError(
      try JSONFormat().render(Outer(rows: [Inner(timeSeconds: 1), Inner(timeSeconds: .infinity)]))
    ) { error in
      XCTAssertEqual(error as? InputError, .notFinite(what: "rows[1].timeSeconds", value: .infinity))
      XCTAssertTrue((error as? InputError)?.sentence.contains("`rows[1].timeSeconds` would be inf") ?? false)
    }
  }
}
