import Foundation
import TestSupport
import XCTest
import roofline

/// Layers with routed experts under `measure --modes layer`, on the stand-in of the driver.
final class MeasureExpertLayerTests: MeasureTestCase {
  /// Layers of 8 experts of 96 columns, two for a token; heads of 64.
  private static let model =
    "--model mixtral-8x7b --set hidden_size=256 --set intermediate_size=96 --set vocab_size=256"
    + " --set num_attention_heads=4 --set num_key_value_heads=2 --batch 3 --operators fused --hardware h100-sxm"
  /// What stands in for kernels of our own.
  private static let family = "--family moe=vllm-triton"
  private static let experts = ["route", "experts_gate_up", "experts_silu_dot", "experts_down", "combine"]

  /// A file of the stand-in as if a GPU had written it.
  private func measured(_ options: String, modes: String = "layer") throws -> String {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("layer.json").path
    let outcome = try roofline("measure \(Self.model) \(options) --modes \(modes) --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertFalse(outcome.output.contains("no sum"), outcome.output)
    return try changed(file, "\"isFake\" : true", "\"isFake\" : false")
  }

  private func changed(_ file: String, _ old: String, _ new: String) throws -> String {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    XCTAssertTrue(text.contains(old), old)
    let path = try temporaryFolder().appendingPathComponent("changed.json").path
    try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func rows(_ file: String) throws -> [[String: Any]] {
    let layer = try XCTUnwrap((document(file)["layers"] as? [[String: Any]])?.first)
    return try XCTUnwrap(layer["rows"] as? [[String: Any]])
  }

  /// Pairs of each touched expert, as both products have them.
  private func routing(_ file: String) throws -> [Int] {
    let all = try rows(file).compactMap { row in
      try (row["routing"] as? [String: Any]).map { try XCTUnwrap($0["rowsPerExpert"] as? [Int]) }
    }
    XCTAssertEqual(all.count, 2)
    XCTAssertEqual(all.first, all.last)
    return try XCTUnwrap(all.first)
  }

  /// Made-up times are beyond any tolerance.
  private func compared(_ file: String) throws -> [String: Any] {
    let outcome = roofline("compare --observations \(file) --hardware h100-sxm --format json")
    let root = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], outcome.errors)
    return try XCTUnwrap((root["layers"] as? [[String: Any]])?.first)
  }

  /// Seconds of each row as `analyze` has them.
  private func analyzed(_ options: String) throws -> [String: Double] {
    let analysis = try json("analyze \(Self.model) \(options)")
    let rows = try XCTUnwrap((analysis["phases"] as? [[String: Any]])?.first?["operators"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: try rows.map {
        (try XCTUnwrap($0["name"] as? String), try XCTUnwrap($0["timeSeconds"] as? Double))
      })
  }

  /// A file of each expert's load: those that were counted, and on other ranks a shade less than their share of what is left.
  private func load(_ routing: [Int], of held: Int, pairs: Int) throws -> String {
    let own = routing.map(Double.init) + [Double](repeating: 0, count: held - routing.count)
    let others = [Double](
      repeating: Double(pairs - routing.reduce(0, +)) / Double(max(8 - held, 1)) * 0.999999, count: 8 - held)
    let path = try temporaryFolder().appendingPathComponent("load.json").path
    try "\(own + others)".write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// The rows of one layer are timed as `analyze` times them under the load that ran.
  func testTheSumIsThatOfARunUnderTheLoadThatRan() throws {
    let cases: [(options: String, pairs: Int, held: Int)] = [
      ("--phase decode --prompt 4", 6, 8), ("--phase prefill --prompt 5", 30, 8),
      ("--phase decode --prompt 4 --expert-load power1.2", 6, 8),
      ("--phase prefill --prompt 5 --tp 2 --ep 2", 30, 4),
      // Each rank routes its own two sequences, and sees those that are sent to it.
      ("--phase prefill --prompt 5 --tp 2 --ep 2 --dp-attention", 40, 4),
    ]
    for (options, pairs, held) in cases {
      let file = try measured(options)
      let routing = try routing(file)
      if held == 8 { XCTAssertEqual(routing.reduce(0, +), pairs, options) }
      let load = try load(routing, of: held, pairs: pairs)
      let plain = options.replacingOccurrences(of: "--expert-load power1.2", with: "")
      let times = try analyzed("\(plain) --expert-load \(load) --time calibrated \(Self.family)")
      let names = try rows(file).compactMap { $0["name"] as? String }
      XCTAssertEqual(names.filter(Self.experts.contains), Self.experts, options)
      let sum = try names.reduce(0.0) { try $0 + XCTUnwrap(times[$1], $1) }
      let line = try compared(file)
      XCTAssertEqual(try XCTUnwrap(line["calibratedSeconds"] as? Double), sum, accuracy: sum * 1e-9, options)
      XCTAssertEqual((line["unpredicted"] as? [Any])?.count, 0, options)
      // As in `analyze`: nobody has timed what adds up the ranks' sums.
      XCTAssertEqual(
        (line["uncalibrated"] as? [[String: Any]])?.compactMap { $0["name"] as? String },
        names.filter { $0 == "combine_add" }, options)
      let interval = try XCTUnwrap(line["intervalSeconds"] as? [Double])
      XCTAssertTrue(interval[0] < sum && sum < interval[1], options)
    }
  }

  /// A grouped product by itself has no model, and a time.
  func testRowsApartAreThoseOfTheFile() throws {
    let file = try measured("--phase decode --prompt 4", modes: "rotating,layer")
    var times: [String: Double] = [:]
    for row in try observations(file) {
      times[try XCTUnwrap(row["operator"] as? String)] = try XCTUnwrap(row["time_us"] as? Double)
    }
    let sum = try rows(file).reduce(0.0) { try $0 + XCTUnwrap(times[XCTUnwrap($1["operator"] as? String)]) }
    let apart = try XCTUnwrap(compared(file)["rowsApartSeconds"] as? Double)
    XCTAssertEqual(apart, sum * 1e-6, accuracy: sum * 1e-12)
  }

  /// Of kernels that nobody has constants for, the ideal time stands in the sum, and the output says so.
  func testRowsWithoutConstantsKeepTheirIdealTime() throws {
    let options = "--phase decode --prompt 4"
    let file = try measured(options)
    var root = try document(file)
    var layers = try XCTUnwrap(root["layers"] as? [[String: Any]])
    layers[0]["rows"] = try rows(file).map { row in
      guard let name = row["name"] as? String, Self.experts.contains(name) else { return row }
      return row.merging(["family": "another"]) { $1 }
    }
    root["layers"] = layers
    try JSONSerialization.data(withJSONObject: root).write(to: URL(fileURLWithPath: file))
    // As many experts as the stand-in touched.
    let touched = try routing(file).count
    let ideal = try analyzed("\(options) --expert-load \(touched)")
    let calibrated = try analyzed("\(options) --time calibrated")
    let sum = try rows(file).compactMap { $0["name"] as? String }.reduce(0.0) { sum, name in
      try sum + XCTUnwrap((Self.experts.contains(name) ? ideal : calibrated)[name], name)
    }
    let line = try compared(file)
    XCTAssertEqual(try XCTUnwrap(line["calibratedSeconds"] as? Double), sum, accuracy: sum * 1e-9)
    XCTAssertEqual(
      (line["uncalibrated"] as? [[String: Any]])?.compactMap { $0["name"] as? String }, Self.experts)
    let text = roofline("compare --observations \(file) --hardware h100-sxm").output
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(
      text.contains(
        "decode layer: ideal times of \(Self.experts.joined(separator: ", ")) are in the sum: no constants for moe of another, bf16"
      ), text)
  }

  /// What a file says of its experts must be possible; a layer that says nothing of them keeps their ideal times.
  func testAWrongRoutingIsNamed() throws {
    let file = try measured("--phase decode --prompt 4")
    let first = "\"rowsPerExpert\" : [\n"
    for (old, new, part) in [
      (first, "\(first)1,", "rows[7].routing.rowsPerExpert"), (first, "\(first)-1,", "6 altogether"),
      ("\"operator\" : \"grouped_gemm m=6", "\"operator\" : \"grouped_gemm m=x", "layers[0].rows[7].operator"),
      ("\"operator\" : \"route ", "\"operator\" : \"rout ", "an operator as `roofline kernel` takes it"),
      ("\"weight\" : \"bf16\"", "\"weight\" : \"bf17\"", "formats.weight"),
    ] {
      let outcome = roofline("compare --observations \(try changed(file, old, new)) --hardware h100-sxm")
      XCTAssertEqual(outcome.exitCode, 1, new)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      XCTAssertTrue(outcome.errors.contains(part), "\(part): \(outcome.errors)")
    }
    let silent = try compared(try changed(file, "\"routing\" : {", "\"silent\" : {"))
    XCTAssertEqual(
      (silent["uncalibrated"] as? [[String: Any]])?.compactMap { $0["name"] as? String },
      Self.experts.filter { $0 != "experts_silu_dot" })
    XCTAssertNotNil(silent["calibratedSeconds"] as? Double)
  }
}
