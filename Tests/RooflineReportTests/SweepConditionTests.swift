import RooflineCore
import RooflineDeployment
import RooflineReport
import XCTest

/// `--where`: every text is a condition or a sentence.
final class SweepConditionTests: XCTestCase {
  /// A promise names a time as its column is named.
  func testEveryTimeOfAPromiseIsAColumn() {
    for time in SweepTime.allCases { XCTAssertEqual(SweepColumn(rawValue: time.rawValue)?.isBetterSmall, true) }
  }

  private func row(ttft: Double? = 0.25, batch: UInt64 = 8, needs: UInt64 = 5, isPossible: Bool = true) -> SweepRow {
    var figures = SweepFigures()
    figures.timeToFirstToken = ttft.map { Seconds($0) }
    figures.decodeBound = .memory
    figures.footprint = Count(needs)
    figures.capacity = 9
    return SweepRow(
      SweepDeployment(
        model: "m", hardware: "h100-sxm", dtype: .fp8, time: "ideal", tensorParallel: 4, pipeline: 1, data: 1,
        expert: 1),
      SweepPoint(batch: batch, prompt: 100, generate: 2), isPossible ? figures : nil, nil)
  }

  func testConditionsMeanWhatTheyDoInC() throws {
    let cases: [(String, Bool)] = [
      ("fits", true), ("!fits", false), ("fits && ttft < 0.5", true), ("fits&&ttft<.25", false), ("ttft<=2.5e-1", true),
      ("ttft >= 0.25", true), ("ttft != 0.25", false), ("batch == 8 || nonsense_is_not_here", false),
      ("batch > 8 || tp == 4 && prompt == 99", false), ("(batch > 8 || tp == 4) && prompt == 100", true),
      ("!(batch > 8) && !!fits", true), ("0.5 > ttft", true), ("batch > tp", true), ("batch > -1", true),
      ("decode_bound == \"memory\"", true), ("decode_bound != 'memory'", false), ("hardware == 'h100-sxm'", true),
      ("dtype == \"fp8\" && (((tp == 4)))", true), ("footprint < capacity", true),
    ]
    for (text, expected) in cases where !text.contains("nonsense") {
      XCTAssertEqual(try SweepCondition(text).holds(row()), expected, text)
    }
  }

  /// A number that nobody knows is neither below nor above anything, and no row is kept for it.
  func testWhatIsUnknownKeepsNoRow() throws {
    let unknown = row(ttft: nil)
    for text in ["ttft < 1", "ttft >= 1", "!(ttft < 1)", "ttft != 1", "tpot < 1", "fits && ttft < 1"] {
      XCTAssertFalse(try SweepCondition(text).holds(unknown), text)
    }
    // Where the rest decides, it does.
    XCTAssertTrue(try SweepCondition("fits || ttft < 1").holds(unknown))
    XCTAssertTrue(try SweepCondition("ttft < 1 || fits").holds(unknown))
    XCTAssertTrue(try SweepCondition("!(ttft < 1 && batch > 100)").holds(unknown))
    XCTAssertFalse(try SweepCondition("!fits").holds(row(isPossible: false)))
    XCTAssertTrue(try SweepCondition("tp == 4").holds(row(isPossible: false)))
    XCTAssertFalse(try SweepCondition("fits").holds(row(needs: 10)))
  }

  func testWhatIsNoConditionIsASentence() {
    let cases: [(String, String)] = [
      ("tftt < 1", "did you mean"), ("ttft <", "ends where"), ("", "ends where"), ("   ", "ends where"),
      ("fits &&", "ends where"), ("(fits", "ends where a closing parenthesis"), ("fits)", "\")\""),
      ("ttft", "compare it"), ("fits < 1", "cannot compare"), ("1 < ttft < 2", "chain"), ("fits & fits", "\"&\""),
      ("decode_bound < 'memory'", "only"), ("decode_bound == memory", "unknown column"),
      ("ttft == 'x'", "cannot compare"),
      ("ttft < 'x", "no partner"), ("ttft < 1.2.3", "is no number"), ("ttft < 1e999", "is no number"),
      ("ttft = 1", "\"=\""),
      ("fits fits", "stands where"), ("ttft < 0.5 batch", "stands where"), ("5", "comparison"), ("é < 1", "\"é\""),
      (String(repeating: "(", count: 5000), "more than 64"),
      (String(repeating: "!", count: 5000) + "fits", "more than 64"),
    ]
    for (text, expected) in cases {
      XCTAssertThrowsError(try SweepCondition(text), text) { error in
        let sentence = (error as? InputError)?.sentence ?? ""
        XCTAssertTrue(sentence.contains(expected), "\(text.prefix(40)): \(sentence)")
        XCTAssertTrue(sentence.hasPrefix("--where"), sentence)
      }
    }
  }

  func testEveryColumnStandsInEveryLine() throws {
    for (form, separator) in [(SweepLines.Form.csv, ","), (.json, ",\"")] {
      let lines = SweepLines(form)
      for row in [row(), row(ttft: nil), row(isPossible: false)] {
        var text = ""
        lines.append(row, [("id", .text("a\"b\u{1B}\\\n"))], to: &text)
        XCTAssertEqual(text.filter { $0 == "\n" }.count, form == .csv ? 2 : 1)
        XCTAssertFalse(text.contains("\u{1B}"))
        if form == .json {
          let object = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
          XCTAssertEqual(Set(object.keys), Set(SweepColumn.allCases.map(\.rawValue) + ["id"]))
          XCTAssertEqual(object["id"] as? String, "a\"b\u{1B}\\\n")
        }
        XCTAssertGreaterThan(text.components(separatedBy: separator).count, SweepColumn.allCases.count)
      }
    }
  }
}
