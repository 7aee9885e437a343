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
}
