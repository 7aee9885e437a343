import Foundation
import TestSupport
import XCTest
import roofline

final class ShapesCommandTests: CommandTestCase {
  private let run = "shapes --model llama-3.2-1b"

  /// A listing that is the model's, as `shapes` itself knows it, in PyTorch's form.
  private func listing() throws -> String {
    let tensors = try XCTUnwrap(try json(run)["tensors"] as? [[String: Any]])
    return try tensors.map { tensor in
      let shape = try XCTUnwrap(tensor["shape"] as? [Int])
      return "\(try XCTUnwrap(tensor["name"] as? String)) torch.Size(\(shape))\n"
    }.joined()
  }

  private func file(_ text: String) throws -> String {
    let file = try temporaryFolder().appendingPathComponent("listing.txt")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func tensors(_ line: String) throws -> [String: [Int]] {
    let tensors = try XCTUnwrap(try json(line)["tensors"] as? [[String: Any]])
    var shapes: [String: [Int]] = [:]
    for tensor in tensors { shapes[try XCTUnwrap(tensor["name"] as? String)] = tensor["shape"] as? [Int] }
    XCTAssertEqual(shapes.count, tensors.count)
    return shapes
  }

  /// 32 query heads of 64, 8 KV heads, I = 8192, V = 128,256, each over 8.
  func testShapesOfOneOfEightDevices() throws {
    let shapes = try tensors("\(run) --tp 8")
    XCTAssertEqual(shapes.count, 146)
    for (name, shape) in [
      ("model.embed_tokens.weight", [16032, 2048]), ("model.layers.0.self_attn.q_proj.weight", [256, 2048]),
      ("model.layers.7.self_attn.k_proj.weight", [64, 2048]), ("model.layers.15.self_attn.v_proj.weight", [64, 2048]),
      ("model.layers.1.self_attn.o_proj.weight", [2048, 256]), ("model.layers.1.mlp.gate_proj.weight", [1024, 2048]),
      ("model.layers.1.mlp.up_proj.weight", [1024, 2048]), ("model.layers.1.mlp.down_proj.weight", [2048, 1024]),
      ("model.layers.9.input_layernorm.weight", [2048]), ("model.norm.weight", [2048]),
    ] {
      XCTAssertEqual(shapes[name], shape, name)
    }
    // 8 KV heads on 16 devices: each has one.
    XCTAssertEqual(try tensors("\(run) --tp 16")["model.layers.0.self_attn.k_proj.weight"], [64, 2048])
  }

  func testTotalsAndFormats() throws {
    let total = try XCTUnwrap(try json(run)["total"] as? [String: Int])
    XCTAssertEqual(total["parameters"], 1_235_814_400)
    XCTAssertEqual(total["bytes"], 2_471_628_800)
    XCTAssertEqual(try json(run)["schemaVersion"] as? Int, 1)
    // Norms stay in 16 bits: 33 of 2048.
    let narrow = try XCTUnwrap(try json("\(run) --dtype fp8")["total"] as? [String: Int])
    XCTAssertEqual(narrow["bytes"], 1_235_814_400 + 33 * 2048)
    let text = output(run)
    XCTAssertTrue(text.contains("model.layers.15.mlp.down_proj.weight"))
    XCTAssertTrue(text.contains("1235814400"))
    XCTAssertEqual(output("\(run) --format csv").split(separator: "\n").count, 1 + 146 + 1)
    XCTAssertTrue(output("\(run) --format markdown").contains("| model.norm.weight | 2048 | 2048 | 4096 |"))
    let biased = try tensors("shapes --model qwen2-0.5b")
    XCTAssertEqual(biased["model.layers.0.self_attn.k_proj.bias"], [128])
    XCTAssertEqual(try tensors("\(run) --set num_hidden_layers=2").count, 20)
  }

  func testMatchingListingSaysSo() throws {
    let outcome = roofline("\(run) --compare \(try file(listing()))")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertTrue(outcome.output.hasSuffix("(146 tensors) matches llama-3.2-1b\n"), outcome.output)
  }

  func testDifferencesAreOneLineEachAndExitWithTwo() throws {
    let changed = try listing().replacing("k_proj.weight torch.Size([512,", with: "k_proj.weight torch.Size([2048,")
      .replacing("gate_proj.weight torch.Size([8192, 2048])", with: "gate_proj.weight torch.Size([2048, 8192])")
      .replacing("model.norm.weight torch.Size([2048])\n", with: "lm_head.weight torch.Size([2048, 128256])\n")
    let file = try file(changed)
    let outcome = roofline("\(run) --compare \(file)")
    XCTAssertEqual(outcome.exitCode, 2, outcome.errors)
    XCTAssertEqual(outcome.errors, "")
    let lines = outcome.output.split(separator: "\n").dropFirst().map { $0.drop { $0 == " " } }
    XCTAssertEqual(
      lines,
      [
        "repeated KV heads: model.layers.0–15.self_attn.k_proj.weight 2048×2048 instead of 512×2048, each KV head 4 times (16 layers)",
        "transposed matrix: model.layers.0–15.mlp.gate_proj.weight 2048×8192 instead of 8192×2048 (16 layers)",
        "missing tensor: model.norm.weight 2048 is not in the listing",
        "untied head: lm_head.weight 2048×128256 although the configuration ties it to the embedding",
        "transposed matrix: lm_head.weight 2048×128256 instead of 128256×2048",
        // 2·16·… of keys alone, a head of 128256·2048, no norm of 2048.
        "cost: +312,997,888 parameters, +625,995,776 bytes (+0.63 GB): 1,548,812,288 parameters in the listing, 1,235,814,400 in the model",
      ])
    let document = roofline("\(run) --compare \(file) --format json")
    XCTAssertEqual(document.exitCode, 2)
    let object = try JSONSerialization.jsonObject(with: Data(document.output.utf8)) as? [String: Any]
    XCTAssertEqual(object?["schemaVersion"] as? Int, 1)
    XCTAssertEqual(object?["matches"] as? Bool, false)
    let differences = try XCTUnwrap(object?["differences"] as? [[String: Any]])
    XCTAssertEqual(differences.map { $0["count"] as? Int }, [16, 16, 1, 1, 1])
    XCTAssertEqual(differences.first?["repetitions"] as? Int, 4)
    XCTAssertEqual(roofline("\(run) --compare \(file) --format csv").output.split(separator: "\n").count, 6)
    XCTAssertEqual(
      roofline("\(run) --compare \(file) --format markdown").output.split(separator: "\n").count { $0.hasPrefix("- ") },
      6)
  }

  /// Names of another layout: equal ones of several layers are one line there, too.
  func testLayersOfAnyNameAreOneLine() throws {
    let file = try file(try listing().replacing("model.layers.", with: "decoder.blocks."))
    let lines = roofline("\(run) --compare \(file)").output.split(separator: "\n").map(String.init)
    XCTAssertEqual(lines.count, 1 + 9 + 9)
    XCTAssertTrue(
      lines.contains(
        "  extra tensor: decoder.blocks.0–15.mlp.up_proj.weight 8192×2048 is not in the model (16 layers)"),
      "\(lines)")
  }

  func testBadInputIsRefusedInOneSentence() throws {
    let folder = try temporaryFolder()
    let binary = folder.appendingPathComponent("binary")
    try Data([0xFF, 0xFE, 0x00]).write(to: binary)
    let cases: [(command: String, exitCode: Int32, words: [String])] = [
      ("\(run) --compare \(try file("nothing here\n"))", 1, ["torch.Size"]),
      ("\(run) --compare \(try file("model.norm.weight torch.Size([20"))", 1, ["line 1", "truncated"]),
      ("\(run) --compare \(folder.path)", 1, ["folder"]),
      ("\(run) --compare \(folder.path)/none", 1, ["no such file"]),
      ("\(run) --compare \(binary.path)", 1, ["not text"]),
      ("\(run) --tp 3", 64, ["--tp 3", "legal degrees"]),
      ("shapes", 64, ["--model"]), ("\(run) --compare", 64, ["--compare needs a value"]),
    ]
    for (command, exitCode, words) in cases {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, exitCode, command)
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertEqual(outcome.errors.count { $0 == "\n" }, 1, outcome.errors)
      for word in words { XCTAssertTrue(outcome.errors.contains(word), "\(command): \(outcome.errors)") }
    }
  }
}
