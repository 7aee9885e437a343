import Foundation
import RooflineCore
import TestSupport
import XCTest

final class JSONReaderTests: XCTestCase {
  private func parse(_ text: String) throws -> JSONValue { try parse(Array(text.utf8)) }
  private func parse(_ bytes: [UInt8]) throws -> JSONValue { try JSONValue.parse(Data(bytes), file: "f.json") }

  private func problem(of bytes: [UInt8]) -> String? {
    do {
      _ = try parse(bytes)
      return nil
    } catch let InputError.notJSON(_, detail) {
      return detail
    } catch let InputError.wrongValue(_, key, found, _) {
      return "\(key) \(found)"
    } catch {
      return "\(error)"
    }
  }

  func testEveryKindOfValueIsRead() throws {
    let cases: [(String, JSONValue)] = [
      ("null", .null), ("true", .bool(true)), (" false ", .bool(false)), ("0", .integer(0)), ("-17", .integer(-17)),
      ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
      ("1.5", .number(1.5)), ("1e-9", .number(1e-9)), ("2.5E+3", .integer(2500)), ("4096.0", .integer(4096)),
      ("0.1", .number(0.1)), ("1e300", .number(1e300)),
      ("123456789012345678901234567890", .number(1.2345678901234568e29)),
      ("1e-400", .integer(0)), ("5e-324", .number(.leastNonzeroMagnitude)),
      ("\"a\\n\\u00e9\\ud83d\\ude00\\/\"", .string("a\né😀/")),
      ("[]", .array([])), ("[1, [2], {}]", .array([.integer(1), .array([.integer(2)]), .object([:])])),
      ("{\"a\": {\"b\": [true]}}", .object(["a": .object(["b": .array([.bool(true)])])])),
    ]
    for (text, value) in cases { XCTAssertEqual(try parse(text), value, text) }
  }

  func testWhatJSON5AddsIsRead() throws {
    let cases: [(String, JSONValue)] = [
      ("{a_1$: 1, 'b': 2, \"c\": 3,}", .object(["a_1$": .integer(1), "b": .integer(2), "c": .integer(3)])),
      ("// first\n[1, /* two */ 2,]", .array([.integer(1), .integer(2)])), ("+3", .integer(3)), (".5", .number(0.5)),
      ("-.5", .number(-0.5)), ("5.", .integer(5)), ("5.e1", .integer(50)), ("0x1F", .integer(31)),
      ("-0Xff", .integer(-255)),
      ("Infinity", .number(.infinity)), ("-Infinity", .number(-.infinity)), ("'it\\'s'", .string("it's")),
      ("\"a\\\nb\"", .string("ab")), ("\u{FEFF}1", .integer(1)), ("\u{A0}[\u{2028}1]", .array([.integer(1)])),
      ("{größe: 1}", .object(["größe": .integer(1)])),
    ]
    for (text, value) in cases { XCTAssertEqual(try parse(text), value, text) }
    guard case .number(let number) = try parse("NaN") else { return XCTFail("NaN") }
    XCTAssertTrue(number.isNaN)
  }

  /// Each of these either ended the process in an earlier reader, or was read as something that it is not.
  func testTextThatIsNoJSONIsRefusedWithItsPlace() {
    let cases: [(String, String)] = [
      ("{\"hidden_size\": 0x0x}", "line 1, column 20"), ("{\"a\":\n 0x1e-4}", "line 2, column 6"),
      ("99999999999999999999e+", "exponent"), ("{\"a\": 99999999999999999999e+}", "exponent"), ("[0x]", "hexadecimal"),
      ("0x10000000000000000", "too large"), ("1e400", "too large"), ("-1e999", "too large"), ("01", "starts with 0"),
      ("1.2.3", "goes on"), ("1abc", "goes on"), (".", "ends before"), ("-", "ends before"), ("+-1", "value"),
      ("tru", "value"),
      ("nulls", "value"), ("Infinit", "value"), ("[1 2]", "comma"), ("[1,,2]", "value"), ("{1: 2}", "key"),
      ("{,}", "key"),
      ("{\"a\" 1}", "`:`"), ("{\"a\": }", "value"), ("[1}", "comma"), ("[", "ends before"),
      ("{\"a\": [1, 2", "ends before"),
      ("\"abc", "ends before"), ("\"a\nb\"", "over the end of its line"), ("\"\\q\"", "escape"),
      ("\"\\u12\"", "hexadecimal"),
      ("\"\\ud800\"", "surrogate"), ("\"\\ud800\\u0041\"", "surrogate"), ("\"\\udc00\"", "surrogate"),
      ("1 2", "follows"),
      ("/* open", "ends before"), ("/ 1", "value"), ("é", "value"),
    ]
    for (text, part) in cases {
      let problem = problem(of: Array(text.utf8))
      XCTAssertTrue(problem?.contains(part) ?? false, "\(text): \(problem ?? "read")")
    }
  }

  func testBytesThatAreNoTextAreRefused() {
    let cases: [([UInt8], String)] = [
      (Array("{".utf8) + [0xFF] + Array("aaaaaaaaaaaa".utf8), "line 1, column 2"),
      (Array("{\"name\":1,".utf8) + [0xF8] + Array("aaaa".utf8), "column 11"),
      (Array("[1,\n".utf8) + [0xC0, 0x80], "line 2"),
      ([0xFF, 0xFE, 0x7B, 0x00], "UTF-16"), ([0xFE, 0xFF, 0x00, 0x7B], "UTF-16"), (Array("\"a\0b\"".utf8), "column 3"),
      ([0x22, 0xED, 0xA0, 0x80, 0x22], "not text"), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], "not text"),
      ([0x22, 0xE2, 0x82], "not text"), ([0xC3], "not text"), ([], "empty"), (Array(" \n\t".utf8), "empty"),
    ]
    for (bytes, part) in cases {
      let problem = problem(of: bytes)
      XCTAssertTrue(problem?.contains(part) ?? false, "\(bytes): \(problem ?? "read")")
    }
  }

  func testAKeyThatStandsTwiceIsNamedByItsPath() {
    let cases: [(String, String)] = [
      ("{\"a\": 1, 'a': 2}", "a there more than once"), ("{\"a\": {\"a\": 1, \"a\": 2}}", "a.a there more than once"),
      ("{\"x\": [0, {\"y\": [[{\"z\": 1, \"\\u007a\": 1}]]}]}", "x[1].y[0][0].z there more than once"),
    ]
    for (text, problem) in cases { XCTAssertEqual(self.problem(of: Array(text.utf8)), problem) }
    XCTAssertNoThrow(try parse("[{\"a\": 1}, {\"a\": 1}]"))
  }

  func testBracketsMayBeDeepButNotWithoutEnd() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    XCTAssertNoThrow(try parse(nested(512)))
    XCTAssertEqual(problem(of: Array(nested(513).utf8)), "line 1, column 514: more than 512 brackets are open")
    XCTAssertNotNil(problem(of: Array(String(repeating: "[", count: 1_000_000).utf8)))
    XCTAssertNotNil(problem(of: Array(String(repeating: "{\"a\":", count: 1_000_000).utf8)))
  }

  /// Foundation's strict reader is the second opinion on strict JSON.
  func testRandomDocumentsReadAsFoundationReadsThem() throws {
    var random = SeededGenerator(seed: 12)
    for _ in 0..<400 {
      let text = document(depth: 4, &random)
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
      let value = try parse(text)
      XCTAssertTrue(isEqual(value, object), text)
    }
  }

  /// Mutated bytes give a value or a sentence, and never anything else.
  func testMutatedBytesAreReadOrRefused() throws {
    var random = SeededGenerator(seed: 99)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = Array(document(depth: 3, &random).utf8)
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let tokens: [[UInt8]] = [
          [UInt8.random(in: 0...255, using: &random)], [UInt8.random(in: 0xF8...0xFF, using: &random)],
          Array("0x".utf8),
          Array("e+".utf8), Array("99999999999999999999".utf8), Array("\\u".utf8), Array("//".utf8), Array("/*".utf8),
          [0xFE, 0xFF],
        ]
        let token = tokens.randomElement(using: &random) ?? []
        if place < bytes.count, Bool.random(using: &random) {
          bytes.replaceSubrange(place...place, with: token)
        } else {
          bytes.insert(contentsOf: token, at: place)
        }
        if Int.random(in: 0..<8, using: &random) == 0 { bytes.removeLast(min(bytes.count, 3)) }
      }
      if problem(of: bytes) != nil { refused += 1 }
    }
    XCTAssertGreaterThan(refused, 10_000)
  }

  func testADeferredListIsReadElementByElement() throws {
    let text = "{\"v\": 1, \"list\": [10, {\"a\": 2}, [3],], \"w\": {\"list\": []}}"
    let (root, list) = try JSONText(Data(text.utf8), file: "f.json").object(deferring: "list")
    XCTAssertEqual(root.members, ["v": .integer(1), "w": .object(["list": .array([])])])
    let found = try XCTUnwrap(list)
    XCTAssertEqual(found.count, 3)
    var elements: [JSONValue] = []
    var places: [JSONList.Place] = []
    try found.readElements { element throws(InputError) in
      XCTAssertEqual(element.index, elements.count)
      elements.append(element.value)
      places.append(found.place(of: element))
    }
    XCTAssertEqual(try places.map { place throws in try found.value(at: place) }, elements)
    XCTAssertEqual(elements, [.integer(10), .object(["a": .integer(2)]), .array([.integer(3)])])
    XCTAssertThrowsError(
      try found.readElements { _ throws(InputError) in throw .overflow(what: "an element") }
    ) { XCTAssertEqual($0 as? InputError, .overflow(what: "an element")) }
  }

  func testADeferredListIsCheckedLikeTheRest() {
    func failure(_ text: String) -> InputError? {
      do {
        _ = try JSONText(Data(text.utf8), file: "f.json").object(deferring: "list")
        return nil
      } catch { return error }
    }
    for text in [
      "{\"list\": [1", "{\"list\": [1], \"list\": [2]}", "{\"list\": [{\"a\": 1, \"a\": 2}]}", "[1]", "{} 1", "3",
    ] {
      XCTAssertNotNil(failure(text), text)
    }
    XCTAssertEqual(
      failure("{\"list\": [{\"a\": 1, \"a\": 2}]}"),
      .wrongValue(file: "f.json", key: "list[0].a", found: "there more than once", expected: "each key once"))
    XCTAssertNil(failure("{\"list\": 3}"))
  }

  // MARK: random documents

  private func document(depth: Int, _ random: inout SeededGenerator) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: return "null"
    case 1: return Bool.random(using: &random) ? "true" : "false"
    case 2: return String(Int64.random(in: .min...(.max), using: &random) >> Int.random(in: 0..<63, using: &random))
    case 3: return "\(Double.random(in: -1...1, using: &random) * 1e9)"
    case 4, 5: return string(&random)
    case 6:
      let elements = (0..<Int.random(in: 0..<5, using: &random)).map { _ in document(depth: depth - 1, &random) }
      return "[\(elements.joined(separator: " ,\n"))]"
    default:
      let members = (0..<Int.random(in: 0..<5, using: &random)).map {
        "\"k\($0)\" : \(document(depth: depth - 1, &random))"
      }
      return "{\(members.joined(separator: ", "))}"
    }
  }

  private func string(_ random: inout SeededGenerator) -> String {
    let pieces = ["a", "é", "漢", "😀", "\\\"", "\\\\", "\\n", "\\u0041", "\\ud83d\\ude00", " ", "/", "//", "{", "]"]
    return "\""
      + (0..<Int.random(in: 0..<6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      + "\""
  }

  private func isEqual(_ value: JSONValue, _ object: Any) -> Bool {
    switch value {
    case .null: object is NSNull
    case .bool(let bool): (object as? NSNumber)?.boolValue == bool
    case .integer(let integer): (object as? NSNumber)?.int64Value == integer
    // Foundation's own reading is off by units in the last place at times.
    case .number(let number): (object as? NSNumber).map { abs($0.doubleValue - number) <= 4 * number.ulp } ?? false
    case .string(let string): object as? String == string
    case .array(let values):
      (object as? [Any]).map { $0.count == values.count && zip(values, $0).allSatisfy(isEqual) } ?? false
    case .object(let members):
      (object as? [String: Any]).map { object in
        object.count == members.count
          && members.allSatisfy { key, value in object[key].map { isEqual(value, $0) } ?? false }
      } ?? false
    }
  }
}
