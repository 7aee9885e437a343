import Foundation
import TestSupport
import XCTest
import roofline

/// Listings out of a checkpoint's own files, several in one file, what their differences cost, and listings written back.
final class ShapesCheckpointTests: CommandTestCase {
  private let run = "shapes --model llama-3.2-1b --set num_hidden_layers=2"

  private struct Tensor {
    let name: String
    let shape: [Int]
    var dtype = "BF16"
    var bytes: Int { shape.reduce(1, *) * (dtype == "F32" ? 4 : 2) }
  }

  private func tensors() throws -> [Tensor] {
    try XCTUnwrap(json(run)["tensors"] as? [[String: Any]]).map {
      Tensor(name: try XCTUnwrap($0["name"] as? String), shape: try XCTUnwrap($0["shape"] as? [Int]))
    }
  }

  /// The head of a safetensors file, without the tensors behind it.
  private func header(_ tensors: [Tensor]) -> Data {
    var start = 0
    let members = tensors.map { tensor in
      defer { start += tensor.bytes }
      return
        "\"\(tensor.name)\": {\"dtype\": \"\(tensor.dtype)\", \"shape\": \(tensor.shape), \"data_offsets\": [\(start), \(start + tensor.bytes)]}"
    }
    return framed("{\"__metadata__\": {\"format\": \"pt\"}, \(members.joined(separator: ", "))}")
  }

  private func framed(_ text: String, length: UInt64? = nil) -> Data {
    let length = length ?? UInt64(text.utf8.count)
    return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }) + Data(text.utf8)
  }

  private func write(_ data: Data, _ name: String, in folder: URL) throws -> String {
    let file = folder.appendingPathComponent(name)
    try data.write(to: file)
    return file.path
  }

  private func assertRefused(_ line: String, _ words: String, exitCode: Int32 = 1, at number: UInt = #line) {
    let outcome = roofline(line)
    XCTAssertEqual(outcome.exitCode, exitCode, outcome.output, line: number)
    XCTAssertEqual(outcome.output, "", line: number)
    XCTAssertEqual(outcome.errors.count { $0 == "\n" }, 1, outcome.errors, line: number)
    XCTAssertTrue(outcome.errors.contains(words), outcome.errors, line: number)
  }

  // MARK: safetensors

  func testAHeaderIsAListing() throws {
    let folder = try temporaryFolder()
    let file = try write(header(tensors()), "model.safetensors", in: folder)
    let outcome = roofline("\(run) --compare \(file)")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertTrue(outcome.output.hasSuffix("(20 tensors) matches llama-3.2-1b\n"), outcome.output)
    let document = try json("shapes --checkpoint \(file)")
    let total = try XCTUnwrap(document["total"] as? [String: Int])
    // 128256·2048, two layers of 60,821,504, a norm of 2048.
    XCTAssertEqual(total, ["tensors": 20, "elements": 384_313_344, "bytes": 768_626_688])
    let first = try XCTUnwrap((document["tensors"] as? [[String: Any]])?.first)
    XCTAssertEqual(first["name"] as? String, "model.embed_tokens.weight")
    XCTAssertEqual(first["format"] as? String, "BF16")
    XCTAssertEqual(output("shapes --checkpoint \(file)").split(separator: "\n").count, 2 + 20 + 2)
  }

  /// A head of its own in fp32, and a norm too few: 4 and 2 bytes an element.
  func testDifferencesHaveTheirCostInTheFilesOwnFormats() throws {
    let changed =
      try tensors().filter { $0.name != "model.norm.weight" } + [
        Tensor(name: "lm_head.weight", shape: [128_256, 2048], dtype: "F32")
      ]
    let file = try write(header(changed), "model.safetensors", in: try temporaryFolder())
    let outcome = roofline("\(run) --compare \(file) --format json")
    XCTAssertEqual(outcome.exitCode, 2, outcome.errors)
    let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    XCTAssertEqual(
      document?["cost"] as? [String: Int],
      ["parameters": 262_668_288 - 2048, "bytes": 1_050_673_152 - 4096, "fewerParameters": 0, "fewerBytes": 0])
    XCTAssertTrue(
      roofline("\(run) --compare \(file)").output.contains(
        "  cost: +262,666,240 parameters, +1,050,669,056 bytes (+1.05 GB): 646,979,584 parameters in the listing, 384,313,344 in the model\n"
      ))
  }

  func testHostileHeadersAreRefused() throws {
    let folder = try temporaryFolder()
    let one = "\"a.weight\": {\"dtype\": \"BF16\", \"shape\": [2, 3], \"data_offsets\": [0, 12]}"
    let cases: [(data: Data, words: String)] = [
      (Data(), "fewer than the 8 bytes"), (Data([1, 2, 3]), "fewer than the 8 bytes"),
      (framed("{\(one)}", length: .max), "its header would have 18446744073709551615 bytes"),
      (framed("{\(one)}", length: 1 << 62), "its header would have 4611686018427387904 bytes"),
      (framed("{\(one)}", length: UInt64("{\(one)}".utf8.count) + 1), "truncated"),
      (framed("{\(one)}", length: 100_000_001), "its header would have 100000001 bytes"),
      (framed("", length: 0), "empty"), (framed("[]"), "an object"), (framed("{"), "JSON"), (framed("{}"), "no tensor"),
      (framed("{\"a\": 7}"), "an object"),
      (framed("{\(one.replacing("BF16", with: "BF17"))}"), "a.weight.dtype"),
      (framed("{\(one.replacing("[2, 3]", with: "[2, -3]"))}"), "a.weight.shape"),
      (framed("{\(one.replacing("[2, 3]", with: "[2, 3.5]"))}"), "a.weight.shape"),
      (framed("{\(one.replacing("[0, 12]", with: "[0, 13]"))}"), "12 bytes, as shape and dtype say"),
      (framed("{\(one.replacing("[0, 12]", with: "[12, 0]"))}"), "a.weight.data_offsets"),
      (framed("{\(one.replacing("[0, 12]", with: "[0]"))}"), "a.weight.data_offsets"),
      (framed("{\(one.replacing("[2, 3]", with: "[4294967296, 4294967296]"))}"), "below 2^63"),
      (framed("{\(one), \(one)}"), "more than once"),
    ]
    for (index, (data, words)) in cases.enumerated() {
      let file = try write(data, "hostile-\(index).safetensors", in: folder)
      assertRefused("\(run) --compare \(file)", words)
      assertRefused("shapes --checkpoint \(file)", words)
    }
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("folder.safetensors"), withIntermediateDirectories: false)
    assertRefused("\(run) --compare \(folder.path)/folder.safetensors", "folder")
    assertRefused("\(run) --compare \(folder.path)/none.safetensors", "no such file")
  }

  // MARK: an index

  func testAnIndexTakesShapesFromTheFilesBesideIt() throws {
    let folder = try temporaryFolder()
    let tensors = try tensors()
    let halves = [tensors.prefix(9), tensors.dropFirst(9)].map(Array.init)
    var map: [String: String] = [:]
    for (number, half) in halves.enumerated() {
      for tensor in half { map[tensor.name] = "model-0000\(number + 1)-of-00002.safetensors" }
      _ = try write(header(half), "model-0000\(number + 1)-of-00002.safetensors", in: folder)
    }
    let index = try write(
      try JSONSerialization.data(withJSONObject: ["metadata": ["total_size": 1], "weight_map": map]),
      "model.safetensors.index.json", in: folder)
    let outcome = roofline("\(run) --compare \(index)")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertTrue(outcome.output.hasSuffix("(20 tensors) matches llama-3.2-1b\n"), outcome.output)
    XCTAssertEqual(
      Set(output("shapes --checkpoint \(index) --layout huggingface").split(separator: "\n")),
      Set(output("\(run) --layout huggingface").split(separator: "\n")))

    // Without the second file its tensors have names alone.
    try FileManager.default.removeItem(at: folder.appendingPathComponent("model-00002-of-00002.safetensors"))
    let names = roofline("\(run) --compare \(index)")
    XCTAssertEqual(names.exitCode, 0, names.errors)
    XCTAssertTrue(names.output.hasPrefix("as far as it says, "), names.output)
    XCTAssertTrue(names.output.contains("names only: model-00002-of-00002.safetensors is not beside"), names.output)
    let document = try json("shapes --checkpoint \(index)")
    XCTAssertEqual(document["absent"] as? [String], ["model-00002-of-00002.safetensors"])
    XCTAssertTrue((document["total"] as? [String: Any])?["elements"] is NSNull)
    assertRefused("shapes --checkpoint \(index) --layout huggingface", "is not known", exitCode: 64)

    // A name of the model that the index has not is missing whether or not shapes are known.
    map["model.norm.weight"] = nil
    map["model.extra.weight"] = "model-00002-of-00002.safetensors"
    _ = try write(
      try JSONSerialization.data(withJSONObject: ["weight_map": map]), "model.safetensors.index.json", in: folder)
    let other = roofline("\(run) --compare \(index)")
    XCTAssertEqual(other.exitCode, 2)
    XCTAssertTrue(other.output.contains("missing tensor: model.norm.weight 2048 is not in the listing"), other.output)
    XCTAssertTrue(other.output.contains("extra tensor: model.extra.weight is not in the model"), other.output)
    XCTAssertFalse(other.output.contains("cost:"), other.output)
  }

  func testAnIndexThatIsNoneIsRefused() throws {
    let folder = try temporaryFolder()
    _ = try write(header([Tensor(name: "a.weight", shape: [2])]), "one.safetensors", in: folder)
    for (text, words) in [
      ("{}", "weight_map"), ("{\"weight_map\": {}}", "weight_map"), ("{\"weight_map\": []}", "weight_map"),
      ("{\"weight_map\": {\"a.weight\": 7}}", "weight_map.a.weight"),
      ("{\"weight_map\": {\"a.weight\": \"../one.safetensors\"}}", "beside it"),
      ("{\"weight_map\": {\"a.weight\": \"/etc/passwd\"}}", "beside it"),
      ("{\"weight_map\": {\"b.weight\": \"one.safetensors\"}}", "lacks b.weight"),
    ] {
      let file = try write(Data(text.utf8), "odd.index.json", in: folder)
      assertRefused("\(run) --compare \(file)", words)
    }
  }

  // MARK: two listings in one file, and back

  func testListingsInBothNamingsAreReadBack() throws {
    let folder = try temporaryFolder()
    for (model, layers) in [("llama-3.2-1b", 16), ("qwen2-0.5b", 24)] {
      let (own, other) = (
        output("shapes --model \(model) --layout lite-llama"), output("shapes --model \(model) --layout huggingface")
      )
      XCTAssertTrue(own.hasPrefix("norm_weight torch.Size(["), own)
      XCTAssertTrue(own.contains("\nlayers.\(layers - 1).feed_forward.up_proj_weight torch.Size(["))
      XCTAssertTrue(other.hasPrefix("model.embed_tokens.weight torch.Size(["))
      let file = try write(Data("mine\n\(own)\ntheirs\n\(other)".utf8), "both.txt", in: folder)
      let outcome = roofline("shapes --model \(model) --compare \(file)")
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      XCTAssertTrue(outcome.output.contains("tensors, names of lite_llama) matches \(model)\n"), outcome.output)
      XCTAssertTrue(outcome.output.contains("tensors, names of Hugging Face) matches \(model)\n"), outcome.output)
    }
    assertRefused("shapes --model opt-6.7b --layout lite-llama", "lite_llama has no name for", exitCode: 64)
    assertRefused("shapes --model opt-6.7b --layout mine", "expected huggingface or lite-llama", exitCode: 64)
    assertRefused("shapes --model opt-6.7b --layout huggingface --format csv", "leave out --format", exitCode: 64)
    assertRefused("shapes --checkpoint none.safetensors --tp 2", "--tp is about a model", exitCode: 64)
  }

  /// 1,599,145,984 parameters are 363,331,584 more than the model has: 2·16·(2048 − 512)·2048 of repeated heads and a head of
  /// 128256·2048, two bytes each.
  func testTheNoteItselfIsRead() throws {
    guard let shared = Fixtures.shared else {
      if Fixtures.isCI { XCTFail("../shared is missing") }
      throw XCTSkip("../shared is missing")
    }
    let note = "\(shared)/seeds/004_7b971e90b29db4f7.txt"
    let outcome = roofline("shapes --model llama-3.2-1b --compare \(note) --format json")
    XCTAssertEqual(outcome.exitCode, 2, outcome.errors)
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let listings = try XCTUnwrap(document["listings"] as? [[String: Any]])
    XCTAssertEqual(listings.map { $0["matches"] as? Bool }, [false, true])
    XCTAssertEqual(
      listings[0]["cost"] as? [String: Int],
      ["parameters": 363_331_584, "bytes": 726_663_168, "fewerParameters": 0, "fewerBytes": 0])
    XCTAssertEqual(
      listings[1]["cost"] as? [String: Int], ["parameters": 0, "bytes": 0, "fewerParameters": 0, "fewerBytes": 0])
    XCTAssertEqual((listings[0]["differences"] as? [Any])?.count, 5)
    // Written back, the second listing is the note's, line by line.
    let lines = try String(contentsOfFile: note, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("model.") && $0.contains("torch.Size") }
    XCTAssertEqual(output("shapes --model llama-3.2-1b --layout huggingface").split(separator: "\n"), lines)
  }
}
