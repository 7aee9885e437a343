import RooflineCore
import RooflineReport
import XCTest

final class TableTests: XCTestCase {
  private let table = Table(
    title: "a, b",
    columns: [
      .init("name", key: "name", isText: true), .init("time", key: "time_seconds"),
      .init("bytes", unit: "B", key: "bytes", place: .below(title: "bytes")),
    ],
    rows: [
      .cells([.text("say \"x\""), .time(Seconds(1.25e-6)), .count(2048)]), .rule,
      .cells([.text("unknown"), .time(nil), .count(7)]),
    ])

  func testTextAlignsAndKeepsOneTableWhereItFits() {
    XCTAssertEqual(
      TextFormat(usesColor: false, isWide: false).render(table),
      """
      a, b
      name       time  bytes
                           B
      say "x" 1.25 µs 2.05 K
      ──────────────────────
      unknown       –      7

      """)
  }

  func testMarkdown() {
    XCTAssertEqual(
      MarkdownFormat().render(table),
      """
      ### a, b

      | name | time | bytes, B |
      | :-- | --: | --: |
      | say "x" | 1.25 µs | 2.05 K |
      | unknown | – | 7 |

      """)
  }

  func testCSVIsRawAndEscaped() {
    XCTAssertEqual(
      CSVFormat().render([table], key: "table"),
      """
      table,name,time_seconds,bytes
      "a, b","say ""x""\",1.25e-06,2048
      "a, b",unknown,,7

      """)
  }

  func testWhereAPageHasNoRoomLabelsStandAboveAndOtherColumnsBelow() {
    let label = String(repeating: "x", count: 118)
    let table = Table(
      title: "t",
      columns: [
        .init("name", key: "name", isText: true, place: .above), .init("bytes", key: "bytes"),
        .init("part", key: "part", place: .below(title: "parts")),
      ], rows: [.cells([.text(label), .count(2048), .count(7)]), .rule, .cells([.text("y"), .count(1), .count(8)])])
    let text = TextFormat(usesColor: false, isWide: false).render(table)
    XCTAssertTrue(text.hasPrefix("t\n bytes\n\(label)\n2.05 K\n──────\ny\n     1\n\nparts\n"), text)
    XCTAssertTrue(text.contains(" part\n") && text.hasSuffix("   8\n"), text)
    let wide = TextFormat(usesColor: false, isWide: true).render(table)
    XCTAssertTrue(wide.contains("\(label) 2.05 K    7\n"), wide)
  }

  func testFactsAreATableInADocument() {
    let facts = Facts(title: "g", indent: 2, width: 8, [.init("memory", "8 B", key: "memory_bytes", .integer(8))])
    let report = Report(
      title: ["a"], sections: [.facts(facts), .notes(Notes([])), .notes(Notes(["note     b"]))],
      records: .init(key: "of", [facts.records(title: "g")]), document: ["schemaVersion": 1])
    func page(_ format: OutputFormat) throws -> String {
      try Page(format, text: TextFormat(usesColor: false, isWide: false)).render(report)
    }
    XCTAssertEqual(try page(.text), "a\n\ng\n  memory  8 B\n\nnote     b\n")
    XCTAssertEqual(
      try page(.markdown), "## a\n\n### g\n\n| fact | value |\n| :-- | :-- |\n| memory | 8 B |\n\n- note b\n")
    XCTAssertEqual(try page(.csv), "of,fact,value\ng,memory_bytes,8\n")
    XCTAssertEqual(try page(.json), "{\n  \"schemaVersion\" : 1\n}\n")
  }
}
