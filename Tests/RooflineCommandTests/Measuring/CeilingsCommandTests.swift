import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// Achieved ceilings: measured on the stand-in, and beside the datasheet's wherever a file is given.
final class CeilingsCommandTests: CommandTestCase {
  /// Half of an H100's bandwidth and fp16 rate, and an eighth of its special functions.
  private func file(gpu: String = "h100-sxm") throws -> String {
    let path = try temporaryFolder().appendingPathComponent("ceilings.json").path
    try """
    {"schemaVersion": 1, "gpu": "\(gpu)", "isFake": false, "observations": [], "ceilings": {
      "copies": [
        {"bytes": 1048576, "isBeyondL2": false, "time_us": 0.3, "bytesPerSecond": 7e12},
        {"bytes": 1073741824, "isBeyondL2": true, "time_us": 1282, "bytesPerSecond": 1.675e12},
        {"bytes": 536870912, "isBeyondL2": true, "time_us": 700, "bytesPerSecond": 1.5e12}],
      "l2": {"bytes": 12582912, "time_us": 2.3, "bytesPerSecond": 5.5e12},
      "products": [{"dtype": "fp16", "edge": 8192, "windows": [
        {"endSeconds": 0.01, "flopsPerSecond": 700e12}, {"endSeconds": 3, "flopsPerSecond": 494.5e12}]}],
      "special": {"operations": 1e9, "time_us": 100, "operationsPerSecond": 0.5e12},
      "floors": [{"launch": "graph", "time_us": 1.25}]}}
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  func testDevicesShowsDatasheetAndAchieved() throws {
    let path = try file()
    let text = output("devices --ceilings \(path)")
    XCTAssertTrue(text.hasPrefix("ceilings of h100-sxm: datasheet and achieved\n"), text)
    for line in [
      #"memory \(copy, read and written\) +B/s +3\.35 T +1\.68 T +50\.0"#, #"L2 cache \(read\) +B/s +– +5\.50 T +–"#,
      #"fp16 products, burst +FLOP/s +989\.\d+ T +700\.00 T"#,
      #"fp16 products, sustained +FLOP/s +989\.\d+ T +494\.50 T +50\.0"#,
      #"exponentials +1/s +4\.\d+ T +500\.00 G"#, #"empty kernel, graph +s +– +1\.25 µs"#,
    ] {
      XCTAssertNotNil(text.range(of: line, options: .regularExpression), "\(line) is not in\n\(text)")
    }
    let document = try json("devices --ceilings \(path)")
    let entries = try XCTUnwrap(document["ceilings"] as? [[String: Any]])
    XCTAssertEqual(entries.first?["achieved"] as? Double, 1.675e12)
    XCTAssertEqual(entries.first?["datasheet"] as? Double, 3.35e12)
  }

  /// The achieved times are those of an analysis at these rates, which anybody can repeat with options.
  func testAnalyzeShowsBothTimes() throws {
    let path = try file()
    let command = "analyze --model llama-2-70b --hardware h100-sxm --tp 8 --batch 16 --prompt 1024"
    let both = try json("\(command) --ceilings \(path)")
    let datasheet = try json(command)
    let repeated = try json("\(command) --bandwidth 1.675e12 --peak 494.5e12 --special-peak 0.5e12")
    func times(_ document: [String: Any]?) throws -> [[Double?]] {
      try XCTUnwrap(document?["phases"] as? [[String: Any]]).map { phase in
        try XCTUnwrap(phase["operators"] as? [[String: Any]]).map { $0["timeSeconds"] as? Double }
      }
    }
    XCTAssertEqual(try times(both), try times(datasheet))
    XCTAssertEqual(try times(both["achieved"] as? [String: Any]), try times(repeated))
    XCTAssertNotEqual(try times(repeated), try times(datasheet))
    XCTAssertNil(datasheet["achieved"])
    let text = output("\(command) --ceilings \(path)")
    XCTAssertTrue(
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
        "ideal time of one device, at the datasheet's and at achieved rates"), text)
    XCTAssertEqual(text.components(separatedBy: "datasheet, µs achieved, µs").count, 3, text)
    XCTAssertTrue(text.contains("ceilings of h100-sxm: datasheet and achieved"))
    XCTAssertTrue(text.contains("achieved \(path)"))
    for line in text.split(separator: "\n") where !line.contains(path) {
      XCTAssertLessThanOrEqual(line.count, 120, String(line))
    }
    let csv = output("\(command) --ceilings \(path) --format csv")
    XCTAssertTrue(csv.contains(",time_seconds,achieved_time_seconds,"), csv)
  }

  func testWhatCannotBe() throws {
    let path = try file()
    let other = try file(gpu: "a100-sxm4-80gb")
    let base = "analyze --model llama-2-70b --hardware h100-sxm --prompt 8"
    let cases: [(String, Int32, String)] = [
      (
        "\(base) --ceilings \(path) --efficiency 0.9", 64,
        "--efficiency and --ceilings contradict each other; ceilings are what the GPU achieves"
      ),
      ("\(base) --ceilings \(path) --generate 4", 64, "--generate and --ceilings contradict each other; give one"),
      (
        "\(base) --ceilings \(path) --time calibrated", 64,
        "--ceilings changes ideal times; calibrated ones have their own shares of the datasheet's rates"
      ),
      ("\(base) --ceilings \(other)", 1, "\(other): its ceilings are of a100-sxm4-80gb, not of h100-sxm"),
      ("\(base) --ceilings /nowhere.json", 1, "/nowhere.json: there is no such file"),
      ("devices --ceilings \(path) --self-test", 64, "--self-test and --ceilings contradict each other; give one"),
      (
        "compare --observations \(path)", 1,
        "\(path): it holds ceilings and no observations; `devices --ceilings` shows them"
      ),
    ]
    let suite = roofline("measure --suite ceilings --dtype fp8")
    XCTAssertEqual(
      suite.errors,
      "roofline: --dtype says nothing to --suite ceilings, which measures every format; leave it out\n")
    for (line, exitCode, sentence) in cases {
      let outcome = roofline(line)
      XCTAssertEqual(outcome.exitCode, exitCode, line)
      XCTAssertEqual(outcome.output, "", line)
      XCTAssertTrue(outcome.errors.hasSuffix("\(sentence)\n"), "\(line): \(outcome.errors)")
    }
  }

  /// Observations of a whole suite may stand beside the ceilings.
  func testCeilingsInALargeFile() throws {
    let path = try file()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let many = String(repeating: " ", count: 5 << 20)
    try text.replacingOccurrences(of: "\"observations\": []", with: "\"observations\": [\(many)]")
      .write(toFile: path, atomically: true, encoding: .utf8)
    XCTAssertTrue(output("devices --ceilings \(path)").hasPrefix("ceilings of h100-sxm"))
  }

  func testBrokenFiles() throws {
    let path = try file()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let cases = [
      ("\"isFake\": false", "\"isFake\": true", "a fake device's file; its times are made up"),
      ("\"schemaVersion\": 1", "\"schemaVersion\": 2", "schemaVersion"),
      ("\"ceilings\": {", "\"roofs\": {", "ceilings"), ("1.675e12", "-1", "copies[1].bytesPerSecond"),
      ("\"fp16\"", "\"fp17\"", "products[0].dtype"), ("{\"launch\": \"graph\", ", "{", "floors[0].launch"),
    ]
    for (before, after, part) in cases {
      try text.replacingOccurrences(of: before, with: after).write(toFile: path, atomically: true, encoding: .utf8)
      let outcome = roofline("devices --ceilings \(path)")
      XCTAssertEqual(outcome.exitCode, 1, after)
      XCTAssertTrue(outcome.errors.contains(part), "\(part) is not in \(outcome.errors)")
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1)
    }
  }

  /// One product that goes wrong leaves the other ceilings known.
  func testAWrongProductLeavesTheOthers() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:65536 memory=67108864 corrupt=gemm_bf16_128x128")
    let environment = fake.environment.merging(["ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
    let path = try temporaryFolder().appendingPathComponent("ceilings.json").path
    let outcome = roofline("measure --suite ceilings --output \(path)", Surroundings(environment: environment))
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
    XCTAssertTrue(
      outcome.errors.hasPrefix("roofline: bf16 products: gemm_bf16_128x128 computes wrong results"), outcome.errors)
    for text in ["fp16 products, sustained", "not measured fp8 products", "written      ceilings and 0 observations"] {
      XCTAssertTrue(outcome.output.contains(text), "\(text) is not in\n\(outcome.output)")
    }
    try fake.assertNothingIsLeft()
  }

  /// Whose products are asked for, theirs are the rates.
  func testCeilingsOfOwnProducts() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:65536 memory=67108864")
    let environment = fake.environment
      .merging(["ROOFLINE_CUBLASLT": fake.path, "ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
    let path = try temporaryFolder().appendingPathComponent("ceilings.json").path
    let outcome = roofline(
      "measure --suite ceilings --gemm own --output \(path)", Surroundings(environment: environment))
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let products = (document["ceilings"] as? [String: Any])?["products"] as? [[String: Any]]
    XCTAssertEqual(products?.map { $0["family"] as? String }, ["roofline", "roofline"])
  }

  /// The stand-in's own rates: 200 bytes and 1000 FLOPs a nanosecond behind 2 µs a launch.
  func testCeilingsAreMeasured() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:65536 memory=67108864")
    var environment = fake.environment
    environment["ROOFLINE_CUBLASLT"] = fake.path
    environment["ROOFLINE_HOME"] = Fixtures.packageRoot
    let path = try temporaryFolder().appendingPathComponent("ceilings.json").path
    let outcome = roofline(
      "measure --suite ceilings --output \(path) --format csv", Surroundings(environment: environment))
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    try fake.assertNothingIsLeft()
    let lines = outcome.output.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    XCTAssertEqual(lines.first, ["device", "curve", "variable", "x", "time_s", "rate", "unit"])
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    XCTAssertEqual(document["isFake"] as? Bool, true)
    let ceilings = try XCTUnwrap(document["ceilings"] as? [String: Any])
    let copies = try XCTUnwrap(ceilings["copies"] as? [[String: Any]])
    // 256 KiB to a quarter of the memory.
    XCTAssertEqual(copies.map { $0["bytes"] as? Int }, (18...24).map { 1 << $0 })
    for copy in copies {
      let bytes = try XCTUnwrap(copy["bytes"] as? Int)
      XCTAssertEqual(copy["time_us"] as? Double ?? 0, 2 + Double(2 * bytes) / 200e3, accuracy: 1e-2)
      // Source and target four times 64 KiB.
      XCTAssertEqual(copy["isBeyondL2"] as? Bool, true)
    }
    let products = try XCTUnwrap(ceilings["products"] as? [[String: Any]])
    XCTAssertEqual(
      products.map { $0["dtype"] as? String }, ["fp16", "bf16", "fp8", "int8", "tf32", "fp32"])
    for product in products {
      XCTAssertEqual(product["edge"] as? Int, 256)
      let windows = try XCTUnwrap(product["windows"] as? [[String: Double]])
      XCTAssertEqual(windows.count, 6)
      for window in windows {
        let cube = 256.0 * 256 * 256
        let rate = 2 * cube / (2e-6 + cube / 500e9)
        XCTAssertEqual(window["flopsPerSecond"] ?? 0, rate, accuracy: 1e-3 * rate)
      }
      XCTAssertEqual(windows.last?["endSeconds"] ?? 0, 3, accuracy: 0.01)
    }
    XCTAssertEqual(
      (ceilings["floors"] as? [[String: Any]])?.map { $0["launch"] as? String }, ["graph", "stream", "single"])
    // 64 passes over a quarter of the cache.
    XCTAssertEqual((ceilings["l2"] as? [String: Any])?["bytes"] as? Int, 64 * 16384)
    XCTAssertEqual(
      roofline("devices --ceilings \(path)").errors,
      "roofline: \(path): a fake device's file; its times are made up\n")
  }
}
