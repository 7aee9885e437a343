import Foundation
import RooflineCore
import TestSupport
import XCTest

@testable import roofline

/// The README prints what the program prints.
final class ReadmeTests: CommandTestCase {
  private func readme() throws -> String { try String(contentsOfFile: "README.md", encoding: .utf8) }

  private func assertReadmeHolds(_ output: String, line: UInt = #line) throws {
    XCTAssertTrue(try readme().contains("```text\n\(output)```\n"), "not in the README:\n\(output)", line: line)
  }

  func testTablesStandAsPrinted() throws {
    try assertReadmeHolds(output("\(Self.mainCommand) --phase decode"))
    try assertReadmeHolds(output("\(Self.mainCommand.replacing("analyze", with: "footprint")) --generate 1024"))
    try assertReadmeHolds(
      output("kernel gemm m=16 n=8192 k=1024 --dtype fp16 --hardware a100-sxm4-80gb --bandwidth 1.5e12"))
  }

  func testMainCommandsStandThere() throws {
    XCTAssertTrue(try readme().contains("\nswift run -c release roofline \(Self.mainCommand)\n"))
    XCTAssertTrue(try readme().contains("\nswift test --disable-swift-testing\n"))
  }

  func testEveryRooflineCommandRuns() throws {
    let prefix = "swift run -c release roofline "
    let commands = try readme().split(separator: "\n").filter { $0.hasPrefix(prefix) }
    XCTAssertGreaterThan(commands.count, 5)
    for command in commands {
      let outcome = roofline(String(command.dropFirst(prefix.count)))
      XCTAssertEqual(outcome.exitCode, 0, "\(command): \(outcome.errors)")
      XCTAssertFalse(outcome.output.isEmpty, "\(command)")
    }
  }

  /// The commands on files of one's own, run on published measurements of an H100.
  func testObservationCommandsRun() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let measured = try String(contentsOf: try SharedTable.url("measured/gemm-h100_sxm.csv"), encoding: .utf8)
    // So many rows that shapes of all sizes are among them and the fit stays short; and those of the compared model.
    let lines = measured.split(separator: "\n")
    let chosen = lines.enumerated().filter { $0.offset % 211 == 0 || $0.element.contains(",4096,4096,") }.map(\.element)
    try chosen.joined(separator: "\n").write(
      to: folder.appendingPathComponent("kernels.csv"), atomically: true, encoding: .utf8)
    let block = try XCTUnwrap(try readme().components(separatedBy: "```console\n").dropFirst().first)
    let commands = try XCTUnwrap(block.components(separatedBy: "```").first).split(separator: "\n")
    XCTAssertEqual(commands.count, 6)
    for command in commands {
      let arguments = command.split(separator: " ").dropFirst().map { word -> String in
        word == "kernels.csv" || word == "my-h100.json"
          ? folder.appendingPathComponent(String(word)).path : String(word)
      }
      let outcome = Tool.run(Array(arguments), Surroundings())
      XCTAssertTrue([0, 2].contains(outcome.exitCode), "\(command): \(outcome.errors)")
      XCTAssertFalse(outcome.output.isEmpty, "\(command)")
    }
  }

  /// The commands on a GPU, run on the stand-in with a smaller model and workload.
  func testMeasuringCommandsRun() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 memory=67108864")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try "kind,dtype,op,rows,width\nrow,bf16,rmsnorm,3,64\n".write(
      to: folder.appendingPathComponent("kernels.csv"), atomically: true, encoding: .utf8)
    let block = try XCTUnwrap(try readme().components(separatedBy: "```console\n").dropFirst(2).first)
    let commands = try XCTUnwrap(block.components(separatedBy: "```").first).split(separator: "\n")
    XCTAssertEqual(commands.count, 7)
    let small = [
      "llama-2-70b": "llama-3.2-1b", "20": "1", "1024": "2", "rows=20": "rows=2", "width=8192": "width=256",
    ]
    for command in commands {
      var arguments = command.split(separator: " ").dropFirst().map { word -> String in
        word.hasSuffix(".csv") || word.hasSuffix(".json")
          ? folder.appendingPathComponent(String(word)).path : small[String(word)] ?? String(word)
      }
      let isMeasurement = arguments.first == "measure"
      if isMeasurement, !arguments.contains("--output") {
        arguments += ["--output", folder.appendingPathComponent("\(UUID().uuidString).json").path]
      }
      let environment = fake.environment.merging(["ROOFLINE_CUBLASLT": fake.path]) { $1 }
      let outcome = Tool.run(arguments, Surroundings(environment: environment))
      XCTAssertTrue([0, 2].contains(outcome.exitCode), "\(command): \(outcome.errors)")
      XCTAssertFalse(outcome.output.isEmpty, "\(command)")
      guard isMeasurement, let file = arguments.last(where: { $0.hasSuffix(".json") }) else { continue }
      // As if a GPU had written it.
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacing("\"isFake\" : true", with: "\"isFake\" : false")
        .replacing("\"gpu\" : \"Fake GPU (no device, its times are made up)\"", with: "\"gpu\" : \"h100-sxm\"")
        .write(toFile: file, atomically: true, encoding: .utf8)
    }
    try fake.assertNothingIsLeft()
  }

  /// The table of errors says what the calibration files say.
  func testErrorsStandAsInTheCalibrations() throws {
    let text = try readme()
    func error(_ gpu: String, _ matches: (Calibration.Key) -> Bool) throws -> String {
      let entry = try XCTUnwrap(try Fixtures.catalog.calibration(of: gpu).entries.first { matches($0.key) })
      return String(format: "%.1f", try XCTUnwrap(entry.heldOut).mape * 100)
    }
    let gpus = ["a100-sxm4-80gb", "h100-sxm", "l40s"]
    let gemm = try gpus.map { try error($0) { $0.kind == .gemm && $0.dtype == .bf16 } }
    XCTAssertTrue(text.contains("| GEMM, bf16 | \(gemm.joined(separator: " | ")) |"), "\(gemm)")
    let libraries = [
      ["vllm-fa2", "sglang", "trtllm"], ["vllm-fa3", "sglang-fa3", "trtllm"],
      ["vllm-fa2", "sglang-flashinfer", "trtllm"],
    ]
    let prefill = try zip(gpus, libraries).map { gpu, families in
      try families.map { family in
        try error(gpu) {
          $0.family == family && $0.phase == .prefill && $0.headDim == 128 && $0.dtype == .bf16
            && $0.keyValueDType == .bf16
        }
      }.joined(separator: ", ")
    }
    XCTAssertTrue(
      text.contains("| attention, prefill: vLLM, SGLang, TensorRT-LLM | \(prefill.joined(separator: " | ")) |"),
      "\(prefill)")
    let decode = try zip(gpus, libraries).map { gpu, families in
      try families.prefix(2).map { family in
        try error(gpu) {
          $0.family == family && $0.phase == .decode && $0.headDim == 128 && $0.keyValueDType == .bf16
            && [.grouped, .tensorCores].contains($0.variant)
        }
      }.joined(separator: ", ")
    }
    XCTAssertTrue(
      text.contains("| attention, decode, grouped heads: vLLM, SGLang | \(decode.joined(separator: " | ")) |"),
      "\(decode)")
    let reduce = try gpus.prefix(2).map { try error($0) { $0.family == "nccl" && $0.operation == .allReduce } }
    XCTAssertTrue(text.contains("| NCCL all-reduce | \(reduce.joined(separator: " | ")) | – |"), "\(reduce)")
  }
}
