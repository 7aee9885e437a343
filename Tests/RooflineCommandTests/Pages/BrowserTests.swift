import Foundation
import RooflineCore
import RooflineReport
import TestSupport
import XCTest
import roofline

/// The page of `report` and the pictures of `plot` in a real browser, at the widths of a phone, a desk and a wall, by day and by night.
final class BrowserTests: CommandTestCase {
  private struct Found {
    let name: String
    let isDark: Bool
    let object: [String: Any]
    var faults: [String] { object["faults"] as? [String] ?? ["nothing was posted"] }
  }

  private static let run = "--model qwen3-30b-a3b --hardware h100-sxm --tp 4 --ep 4 --batch 16 --prompt 1000"
  private static let calibrated =
    "--model llama-3.1-8b --hardware a100-sxm4-80gb --batch 8 --prompt 512 --time calibrated"
  /// Requests over time.
  private static let load =
    "--model llama-3.1-8b --prompt 512 --generate 64 --max-num-seqs 64 --max-num-batched-tokens 2048"

  /// What the browser finds in pages, each at three widths.
  private func found(_ pages: [(name: String, text: String)], isDark: Bool) throws -> [Found] {
    let folder = try temporaryFolder()
    let root = URL(fileURLWithPath: "\(Fixtures.packageRoot)/Tests/Browser")
    let check = try String(contentsOf: root.appendingPathComponent("check.js"), encoding: .utf8)
    let entries = pages.map { page -> [String: Any] in
      let script = "<script>\(check)</script>"
      let text =
        page.text.hasPrefix("<svg")
        ? "<!doctype html><body>\(page.text)\(script)" : page.text.replacing("</body>", with: "\(script)</body>")
      return ["name": page.name, "widths": [360, 1200, 2000], "text": text]
    }
    let json = String(decoding: try JSONSerialization.data(withJSONObject: entries), as: UTF8.self)
    let frames = try String(contentsOf: root.appendingPathComponent("frames.html"), encoding: .utf8)
    let file = folder.appendingPathComponent("frames.html")
    try frames.replacing("PAGES", with: json.replacing("<", with: "\\u003c")).write(
      to: file, atomically: true, encoding: .utf8)
    let visit = try Browser.visit(file, isDark: isDark, folder: folder)
    XCTAssertEqual(visit.console, [])
    let start = try XCTUnwrap(visit.document.range(of: "<pre id=\"found\">")).upperBound
    let end = try XCTUnwrap(visit.document.range(of: "</pre>", range: start..<visit.document.endIndex)).lowerBound
    let posted = visit.document[start..<end].replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing(
      "&amp;", with: "&")
    let objects = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(String(posted).utf8)) as? [[String: Any]], "nothing was posted")
    XCTAssertEqual(objects.count, 3 * pages.count)
    return try objects.map {
      Found(
        name: try XCTUnwrap($0["name"] as? String), isDark: try XCTUnwrap($0["dark"] as? Bool), object: $0)
    }
  }

  func testPagesAndPicturesWorkAtEveryWidthByDayAndByNight() throws {
    _ = try Browser.path()
    let pictures = FigureKind.allCases.filter { $0 != .accuracy }.map { kind -> (name: String, text: String) in
      let options =
        switch kind {
        case .roofline, .layer, .memory, .latency, .accuracy: Self.run
        case .waterfall: Self.calibrated
        case .kernels: "--hardware h100-sxm --time calibrated"
        case .pareto: "--model llama-2-70b --hardware a100-sxm4-80gb,h100-sxm --tp 2..8 --batch 1..256x2 --prompt 512"
        }
      return (kind.rawValue, output("plot --kind \(kind.rawValue) \(options)"))
    }
    let loaded = (
      "latency of loads",
      output("plot --kind latency \(Self.load) --hardware a100-sxm4-80gb,h100-sxm --load closed --concurrency 1..64x4")
    )
    let pages = [
      ("experts", output("report \(Self.run)")), ("calibrated", output("report \(Self.calibrated)")),
      ("load", output("report \(Self.load) --hardware h100-sxm --load closed --concurrency 16")),
    ]
    let day = try found(pages + pictures + [loaded], isDark: false)
    for one in day + (try found([pages[1]] + pictures.prefix(2), isDark: true)) {
      XCTAssertEqual(one.faults, [], "\(one.name), \(one.isDark ? "dark" : "light")")
      XCTAssertGreaterThan(try XCTUnwrap(one.object["words"] as? Int), 10, one.name)
    }
    XCTAssertFalse(day.contains(where: \.isDark))
    let page = try XCTUnwrap(day.first { $0.name == "experts at 1200" }).object
    try assertNumbers(page, equal: try json("analyze \(Self.run)"))
    try assertDerivations(page)
  }

  /// Every number of the page's tables is that of `analyze --format json`, and its text is what `Numbers` makes of it.
  private func assertNumbers(_ page: [String: Any], equal document: [String: Any]) throws {
    let phases = try XCTUnwrap(document["phases"] as? [[String: Any]])
    let tables = try XCTUnwrap(page["tables"] as? [[String: Any]])
    var compared = 0
    for phase in phases {
      let table = try XCTUnwrap(tables.first { $0["title"] as? String == phase["phase"] as? String })
      let heads = try XCTUnwrap(table["heads"] as? [String])
      let rows = try XCTUnwrap(table["rows"] as? [[[String: String]]])
      let operators = try XCTUnwrap(phase["operators"] as? [[String: Any]])
      XCTAssertEqual(rows.count, operators.count)
      let whole = try number(phase, "model.timeSeconds")
      for (row, entry) in zip(rows, operators) {
        XCTAssertEqual(row[0]["text"], entry["name"] as? String)
        for (head, cell) in zip(heads, row) {
          guard let expected = try expected(head, entry, whole) else { continue }
          let value = try XCTUnwrap(Double(cell["value"] ?? ""), "\(head) of \(row[0])")
          XCTAssertEqual(value, expected.value, accuracy: abs(expected.value) * 1e-12, head)
          XCTAssertEqual(cell["text"], expected.text, "\(head) of \(row[0])")
          compared += 1
        }
      }
    }
    XCTAssertGreaterThan(compared, 400)
  }

  private func number(_ entry: [String: Any], _ path: String) throws -> Double? {
    var value: Any? = entry
    for key in path.split(separator: ".") { value = (value as? [String: Any])?[String(key)] }
    return (value as? NSNumber)?.doubleValue
  }

  /// nil of columns that hold words, and of numbers that do not exist.
  private func expected(_ head: String, _ entry: [String: Any], _ whole: Double?) throws -> (
    value: Double, text: String
  )? {
    func sum(_ prefix: String, _ names: [String]) throws -> (Double, String)? {
      let values = try names.compactMap { try number(entry, "\(prefix)\($0)") }
      return values.count == names.count ? (values.reduce(0, +), Numbers.scaled(values.reduce(0, +))) : nil
    }
    let bytes = ["loadWeight", "loadActivation", "storeActivation", "loadKVCache", "storeKVCache"]
    switch head {
    case "×": return try number(entry, "occurrences").map { ($0, "\(Int($0))") }
    case "FLOPs": return try sum("flops.", ["tensor", "vector", "special"])
    case "memory": return try sum("bytes.", bytes)
    case "intensity": return try number(entry, "arithmeticIntensity").map { ($0, Numbers.fixed($0, decimals: 2)) }
    case "attainable": return try sum("", ["attainableFLOPsPerSecond"])
    case "time": return try number(entry, "timeSeconds").map { ($0, Numbers.time(.init($0))) }
    case "share":
      guard let time = try number(entry, "timeSeconds"), let times = try number(entry, "occurrences"), let whole else {
        return nil
      }
      return (time * times / whole, Numbers.percent(time * times / whole))
    case "tensor", "vector", "special": return try sum("flops.", [head])
    case "load weight": return try sum("bytes.", [bytes[0]])
    case "load act": return try sum("bytes.", [bytes[1]])
    case "store act": return try sum("bytes.", [bytes[2]])
    case "load KV": return try sum("bytes.", [bytes[3]])
    case "store KV": return try sum("bytes.", [bytes[4]])
    case "wire": return try sum("", ["wireBytes"])
    default: return nil
    }
  }

  /// What a click shows is what `explain` prints.
  private func assertDerivations(_ page: [String: Any]) throws {
    let derivations = try XCTUnwrap(page["derivations"] as? [[String: String]])
    XCTAssertGreaterThan(derivations.count, 30)
    let explained = output("explain \(Self.run) --operator q_proj --columns all")
    let own = try XCTUnwrap(
      derivations.compactMap { $0["text"] }.first { $0.hasPrefix("prefill q_proj (gemm)") })
    XCTAssertTrue(explained.hasPrefix(own.trimmingCharacters(in: .newlines) + "\n"), own)
  }
}
