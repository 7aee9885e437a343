import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest
import roofline

/// The README and the pages behind it print what the program prints.
final class ReadmeTests: CommandTestCase {
  private func page(_ name: String) throws -> DocumentationPage {
    try DocumentationPage("Sources/roofline/Documentation.docc/\(name).md")
  }

  private func assert(_ page: DocumentationPage, holds output: String, line: UInt = #line) {
    XCTAssertTrue(page.text.contains("```text\n\(output)```\n"), "not in \(page.path):\n\(output)", line: line)
  }

  func testTablesStandAsPrinted() throws {
    let decode = output("\(Self.mainCommand) --phase decode")
    // The README stops before the second table.
    let first = try XCTUnwrap(decode.components(separatedBy: "\n\nmemory by class").first)
    XCTAssertLessThan(first.count, decode.count)
    assert(try DocumentationPage("README.md"), holds: first + "\n")
    assert(try page("Analyzing"), holds: decode)
    assert(
      try page("Analyzing"),
      holds: output("kernel gemm m=16 n=8192 k=1024 --dtype fp16 --hardware a100-sxm4-80gb --bandwidth 1.5e12"))
    assert(
      try page("Deployment"),
      holds: output("\(Self.mainCommand.replacing("analyze", with: "footprint")) --generate 1024"))
  }

  func testReadmeIsShortAndHasTheCommandsToRunAndToTest() throws {
    let readme = try DocumentationPage("README.md")
    XCTAssertLessThanOrEqual(readme.text.split(separator: "\n", omittingEmptySubsequences: false).count, 151)
    XCTAssertEqual(
      readme.blocks("sh"),
      [
        "swift run -c release roofline \(Self.mainCommand)",
        "swift test -c release --disable-testable-imports --disable-swift-testing",
      ])
  }

  func testReadmeLinksEveryPage() throws {
    let readme = try DocumentationPage("README.md").text
    // CUDAMeasurement's is for its contributors; Measuring links it.
    for page in try DocumentationPage.all().dropFirst() where !page.path.contains("/CUDAMeasurement/") {
      XCTAssertTrue(readme.contains("(\(page.path))"), "the README does not link \(page.path)")
    }
  }

  /// Those of the worked examples run in `WorkedExampleTests`.
  func testEveryRooflineCommandRuns() throws {
    let commands = try DocumentationPage.all().filter { !$0.path.hasSuffix("/WorkedExamples.md") }
      .flatMap(\.rooflineCommands)
    XCTAssertGreaterThan(commands.count, 25)
    for command in commands {
      let outcome = Tool.run(words(command), Surroundings())
      XCTAssertEqual(outcome.exitCode, 0, "\(command): \(outcome.errors)")
      XCTAssertFalse(outcome.output.isEmpty, "\(command)")
    }
  }

  /// As a shell makes words of a line with double quotes.
  private func words(_ command: String) -> [String] {
    command.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap { place, part in
      place.isMultiple(of: 2) ? part.split(separator: " ").map(String.init) : [String(part)]
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
    let commands = try XCTUnwrap(try page("Comparing").blocks("console").first).split(separator: "\n")
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
    let commands = try XCTUnwrap(try page("Measuring").blocks("console").first).split(separator: "\n")
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
    let text = try page("Comparing").text
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
          $0.family == KernelLibrary(family) && $0.phase == .prefill && $0.headDim == 128 && $0.dtype == .bf16
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
          $0.family == KernelLibrary(family) && $0.phase == .decode && $0.headDim == 128 && $0.keyValueDType == .bf16
            && [.grouped, .tensorCores].contains($0.variant)
        }
      }.joined(separator: ", ")
    }
    XCTAssertTrue(
      text.contains("| attention, decode, grouped heads: vLLM, SGLang | \(decode.joined(separator: " | ")) |"),
      "\(decode)")
    let rows = try gpus.prefix(2).map { gpu in
      let errors = try Fixtures.catalog.calibration(of: gpu).entries
        .filter { $0.key.kind == .row && $0.key.operation != .quantize && $0.key.launch == .graph }.compactMap {
          $0.heldOut?.mape
        }
      return try [errors.min(), errors.max()].map { String(format: "%.1f", try XCTUnwrap($0) * 100) }
        .joined(separator: " to ")
    }
    XCTAssertTrue(
      text.contains("| norms, activations, rotary, additions, embedding | \(rows.joined(separator: " | ")) | – |"),
      "\(rows)")
    let reduce = try gpus.prefix(2).map { try error($0) { $0.family == "nccl" && $0.operation == .allReduce } }
    XCTAssertTrue(text.contains("| NCCL all-reduce | \(reduce.joined(separator: " | ")) | – |"), "\(reduce)")
  }
}
