import RooflineCore
import XCTest

final class SpellingTests: XCTestCase {
  func testNearestFirstAndOnlyNear() {
    let names = ["llama-2-7b", "llama-2-70b", "qwen2-7b", "mistral-7b"]
    XCTAssertEqual(Spelling.nearest(to: "llama2-70b", among: names).first, "llama-2-70b")
    XCTAssertEqual(Spelling.nearest(to: "LLAMA_2_7B", among: names).first, "llama-2-7b")
    XCTAssertEqual(Spelling.nearest(to: "something-else-altogether", among: names), [])
    XCTAssertEqual(Spelling.nearest(to: "", among: names), [])
  }

  func testACandidateIsNamedOnce() {
    XCTAssertEqual(Spelling.nearest(to: "hiden", among: ["hidden", "hidden"]), ["hidden"])
  }
}
