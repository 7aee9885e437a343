import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// `measure --modes layer` on the stand-in of the driver.
final class MeasureLayerTests: MeasureTestCase {
  /// A layer as one graph, beside the sum of what its rows are predicted to take, and what they take by themselves; `compare`
  /// reads the same of the file.
  func testALayerStandsBesideTheSumOfItsRows() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("layer.json").path
    let step = "\(MeasureCommandTests.step) --hardware h100-sxm --modes rotating,layer --output \(file)"
    let outcome = try roofline(step, surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    for line in outcome.output.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 120, String(line)) }
    for text in [
      "a layer as one graph on Fake GPU", "decode layer: attn_all_reduce, mlp_all_reduce: it needs several GPUs",
      "12 of 14 activations, keys and values are read where a former row wrote them",
      "constants of vllm for the kernels of roofline", "11 observations and 1 layer in \(file)",
    ] {
      XCTAssertTrue(outcome.output.contains(text), "\(text) is not in\n\(outcome.output)")
    }
    let layers = try XCTUnwrap(document(file)["layers"] as? [[String: Any]])
    XCTAssertEqual(layers.count, 1)
    XCTAssertEqual(layers[0]["name"] as? String, "decode layer")
    XCTAssertEqual(layers[0]["layers"] as? Int, 16)
    let rows = try XCTUnwrap(layers[0]["rows"] as? [[String: Any]])
    XCTAssertEqual(
      rows.map { $0["name"] as? String },
      [
        "qkv_proj", "rotary", "attention", "o_proj", "attn_add_norm", "gate_up_proj", "mlp_silu_dot", "down_proj",
        "mlp_add_norm",
      ])
    XCTAssertEqual(["m", "n", "k"].map { rows[0][$0] as? Int }, [1, 256, 256])
    // Each kernel's time by itself, of which the layer has as many.
    var times: [String: Double] = [:]
    for row in try observations(file) {
      times[try XCTUnwrap(row["operator"] as? String)] = try XCTUnwrap(row["time_us"] as? Double)
    }
    let sum = try rows.reduce(0.0) { try $0 + XCTUnwrap(times[XCTUnwrap($1["operator"] as? String)]) }
    let time = try XCTUnwrap(layers[0]["time_us"] as? Double)
    XCTAssertEqual(time, sum, accuracy: 0.002)
    // As a file of a GPU.
    let real = folder.appendingPathComponent("real.json")
    try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
      of: "\"isFake\" : true", with: "\"isFake\" : false"
    ).write(to: real, atomically: true, encoding: .utf8)
    let compare = roofline("compare --observations \(real.path) --hardware h100-sxm --format json")
    let compared = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(compare.output.utf8)) as? [String: Any], compare.errors)
    let line = try XCTUnwrap((compared["layers"] as? [[String: Any]])?.first)
    XCTAssertEqual(try XCTUnwrap(line["observedSeconds"] as? Double), time * 1e-6, accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(line["rowsApartSeconds"] as? Double), sum * 1e-6, accuracy: 1e-11)
    XCTAssertEqual((line["leftOut"] as? [[String: Any]])?.count, 2)
    let predicted = try XCTUnwrap(line["calibratedSeconds"] as? Double)
    let interval = try XCTUnwrap(line["intervalSeconds"] as? [Double])
    XCTAssertTrue(interval[0] < predicted && predicted < interval[1])
    let printed = try roofline("\(step) --resume --format csv", surroundings()).output
    let fields = try XCTUnwrap(printed.split(separator: "\n").last).split(separator: ",").map(String.init)
    XCTAssertTrue(
      fields.compactMap(Double.init).contains { ($0 / predicted - 1).magnitude < 1e-12 }, "\(predicted): \(printed)")
    let text = roofline("compare --observations \(real.path) --hardware h100-sxm").output
    XCTAssertTrue(text.contains("a layer as one graph on h100-sxm"), text)
    XCTAssertTrue(
      roofline("validate --observations \(real.path) --hardware h100-sxm").output.contains(
        "whole layers, which compare shows"))
  }

  /// What is there stays; a layer of other sizes is another.
  func testResumeKeepsLayers() throws {
    let file = try temporaryFolder().appendingPathComponent("layer.json").path
    let step = "\(MeasureCommandTests.step) --modes layer --output \(file)"
    XCTAssertEqual(try roofline(step, surroundings()).exitCode, 0)
    func times() throws -> [Double?] {
      try XCTUnwrap(document(file)["layers"] as? [[String: Any]]).map { $0["time_us"] as? Double }
    }
    let first = try times()
    XCTAssertEqual(try roofline("\(step) --resume", surroundings("scale=2")).exitCode, 0)
    XCTAssertEqual(try times(), first)
    let longer = step.replacingOccurrences(of: "--prompt 2", with: "--prompt 20")
    XCTAssertEqual(try roofline("\(longer) --resume", surroundings("scale=2")).exitCode, 0)
    XCTAssertEqual(try times().count, 2)
    XCTAssertEqual(try times().first, first[0])
    // Layers alone are nothing to fit to.
    let real = try temporaryFolder().appendingPathComponent("real.json")
    let text = try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
      of: "\"isFake\" : true", with: "\"isFake\" : false")
    try text.write(to: real, atomically: true, encoding: .utf8)
    XCTAssertTrue(
      roofline("validate --observations \(real.path) --hardware h100-sxm").errors.contains(
        "it holds whole layers and no kernels; `compare` shows them"))
    // What no run wrote is named.
    for (old, new, part) in [
      ("\"time_us\" : ", "\"time_us\" : -", "layers[0]"), ("\"rows\" : [", "\"rows\" : [3,", "rows[0]"),
      ("\"layers\" : 16", "\"layers\" : \"x\"", "layers[0].layers"),
      ("\"k\" : 256,", "\"k\" : -1,", "k is \"-1\""),
    ] {
      try text.replacingOccurrences(of: old, with: new).write(to: real, atomically: true, encoding: .utf8)
      let outcome = roofline("compare --observations \(real.path) --hardware h100-sxm")
      XCTAssertEqual(outcome.exitCode, 1, new)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      XCTAssertTrue(outcome.errors.contains(part), outcome.errors)
    }
  }

  func testALayerNeedsAModel() throws {
    let cases = [
      ("--kernel rmsnorm rows=2 width=64 --modes layer", "--modes layer needs --model, whose layer it is"),
      ("--suite kernels --modes layer", "--modes layer needs --model, whose layer it is"),
      ("--model llama-3.2-1b --prompt 2 --modes layer --external true", "--modes layer says nothing here"),
      ("--model llama-3.2-1b --prompt 2 --modes hot,lay", "expected one of rotating, cold, hot, sustained, layer"),
      ("--model llama-3.2-1b --prompt 2 --modes layer,layer", "--modes names layer twice"),
    ]
    for (line, part) in cases {
      let outcome = try roofline("measure \(line) --output none.json", surroundings())
      XCTAssertEqual(outcome.exitCode, 64, line)
      XCTAssertTrue(outcome.errors.contains(part), outcome.errors)
    }
  }

  /// Of a model under --tp 2, where there are two GPUs: the messages between them are measured, and `compare` reads them.
  func testMessagesBetweenGPUsAreMeasured() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("messages.json").path
    var two = try surroundings("devices=2")
    two.environment["ROOFLINE_NCCL"] = two.environment["ROOFLINE_CUDA_DRIVER"]
    let outcome = roofline("\(MeasureCommandTests.step) --output \(file)", two)
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let text = try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
      of: "\"isFake\" : true", with: "\"isFake\" : false")
    let root = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    XCTAssertEqual((root["software"] as? [String: Any])?["nccl"] as? String, "2.27.3")
    let rows = try XCTUnwrap(root["observations"] as? [[String: Any]]).filter { $0["kind"] as? String == "collective" }
    XCTAssertEqual(rows.map { $0["op"] as? String }, ["all_reduce", "all_gather"])
    // One token of 256 elements in bf16.
    XCTAssertEqual(rows[0]["bytes"] as? Int, 512)
    XCTAssertEqual(rows[0]["ranks"] as? Int, 2)
    XCTAssertEqual(rows[0]["timing"] as? String, "stream")
    let real = folder.appendingPathComponent("real.json").path
    try text.write(toFile: real, atomically: true, encoding: .utf8)
    XCTAssertTrue(
      roofline("compare --observations \(real) --hardware h100-sxm").output.contains("all_reduce"))
  }
}
