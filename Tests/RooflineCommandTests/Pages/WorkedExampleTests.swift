import Foundation
import TestSupport
import XCTest
import roofline

/// The chapter of worked examples prints what the program prints, and wherever it calls a note wrong the right value
/// stands here, computed by hand.
final class WorkedExampleTests: CommandTestCase {
  private static let chapter = "Sources/roofline/Documentation.docc/WorkedExamples.md"

  private func chapter() throws -> String { try String(contentsOfFile: Self.chapter, encoding: .utf8) }

  // MARK: the chapter and the program

  /// Every line below a command is a line of its output, in its order.
  func testChapterPrintsWhatTheCommandsPrint() throws {
    let prefix = "swift run -c release roofline "
    let blocks = try chapter().components(separatedBy: "```sh\n").dropFirst()
    XCTAssertGreaterThan(blocks.count, 30)
    for block in blocks {
      let lines = block.components(separatedBy: "\n")
      XCTAssertEqual(lines[1...3], ["```", "", "```text"], lines[0])
      XCTAssertTrue(lines[0].hasPrefix(prefix), lines[0])
      var printed = output(String(lines[0].dropFirst(prefix.count))).components(separatedBy: "\n")[...]
      let excerpt = lines[4...].prefix { $0 != "```" }
      XCTAssertFalse(excerpt.isEmpty, lines[0])
      for line in excerpt {
        guard let index = printed.firstIndex(of: line) else {
          XCTFail("\(lines[0]) prints no line \"\(line)\" here")
          continue
        }
        printed = printed[(index + 1)...]
      }
    }
  }

  func testReadmeLinksTheChapter() throws {
    XCTAssertTrue(try String(contentsOfFile: "README.md", encoding: .utf8).contains("(\(Self.chapter))"))
  }

  /// An example that is wrong has its right value below; the table as a whole is the matter of `ReferenceTableTests`.
  func testEveryWrongExampleHasItsRightValue() throws {
    let examples = try chapter().components(separatedBy: "\n").filter { $0.hasPrefix("**00") }
    XCTAssertEqual(examples.count, 55)
    let wrong = examples.filter { $0.lowercased().contains("wrong") }.compactMap {
      $0.dropFirst(2).split(separator: ",").first.map(String.init)
    }
    XCTAssertGreaterThan(wrong.count, 25)
    XCTAssertEqual(
      Set(wrong), Set(WorkedExampleFacts.counts.map(\.example) + WorkedExampleFacts.bounds.map(\.example) + Self.others)
    )
  }

  // MARK: right values, by hand

  /// Those with a test of their own.
  private static let others = ["001.3", "001.13", "001.14", "001.17", "002.14", "002.15", "003.2", "003.3", "004.2"]

  private func entry(_ command: String, _ place: String) throws -> [String: Any] {
    let document = try json(command)
    guard !place.isEmpty else { return try XCTUnwrap(document["operator"] as? [String: Any]) }
    let names = place.split(separator: " ").map(String.init)
    let phase = try XCTUnwrap((document["phases"] as? [[String: Any]])?.first { $0["phase"] as? String == names[0] })
    if names[1] == "model" { return try XCTUnwrap(phase["model"] as? [String: Any]) }
    return try XCTUnwrap((phase["operators"] as? [[String: Any]])?.first { $0["name"] as? String == names[1] }, place)
  }

  func testCounts() throws {
    for fact in WorkedExampleFacts.counts {
      let entry = try entry(fact.command, fact.place)
      let flops = try XCTUnwrap(entry["flops"] as? [String: Int])
      let bytes = try XCTUnwrap(entry["bytes"] as? [String: Int])
      let value =
        switch fact.field {
        case "flops": flops.values.reduce(0, +)
        case "bytes": bytes.values.reduce(0, +)
        default: flops[fact.field] ?? bytes[fact.field]
        }
      XCTAssertEqual(value, fact.value, "\(fact.example) \(fact.place) \(fact.field)")
    }
  }

  func testBounds() throws {
    for fact in WorkedExampleFacts.bounds {
      XCTAssertEqual(try entry(fact.command, fact.place)["bound"] as? String, fact.value, "\(fact)")
    }
  }

  /// 412,316,860,416 / 234,881,024, 335,544,320 / 17,145,856 and 42,949,672,960 / 342,884,352.
  func testIntensities() throws {
    for (command, place, value) in [
      ("kernel gemm m=4096 n=12288 k=4096 --dtype fp16 --hardware l4", "", 1755.43),
      (WorkedExampleFacts.table, "decode q_proj", 19.57),
      (WorkedExampleFacts.table, "prefill k_proj", 125.26),
    ] {
      XCTAssertEqual(
        try XCTUnwrap(entry(command, place)["arithmeticIntensity"] as? Double), value, accuracy: 0.005, command)
    }
  }

  /// 001.3. One row of 64 column blocks: 2·16·8192 + 16·1024·64 + 1024·8192 words; 2·128·8192·1024 FLOP.
  func testBlocksThatDoNotDivide() throws {
    let document = try json("kernel gemm m=16 n=8192 k=1024 block=128x128 --dtype fp16 --hardware l4")
    let blocked = try XCTUnwrap(document["blocked"] as? [String: Any])
    XCTAssertEqual(blocked["trafficWords"] as? Int, 262_144 + 1_048_576 + 8_388_608)
    let padded = try XCTUnwrap(blocked["padded"] as? [String: Any])
    XCTAssertEqual((padded["flops"] as? [String: Int])?["tensor"], 2_147_483_648)
  }

  /// 004.3. 128 rows of 32: 128·(4·32 + 3), 128·(7·32 + 4), 128·32·5.
  func testRowsAndWidthsOfTheNotesKernelTests() throws {
    for (kernel, flops) in [("rmsnorm", 16_768), ("layernorm", 29_184), ("softmax", 20_480)] {
      let entry = try entry("kernel \(kernel) rows=128 width=32 --dtype fp32 --hardware l4", "")
      XCTAssertEqual(try XCTUnwrap(entry["flops"] as? [String: Int]).values.reduce(0, +), flops, kernel)
    }
  }

  /// 001.17. Two tokens of 896 columns, 14 heads and 2 KV heads of 64, 1025 keys: projections of q and o 2·2·896·896 each and k and v
  /// 2·2·896·128, biases of 2·(896 + 2·128), products of 2·2·14·64·1025, softmax 5·2·14·1025; rotary 3·2·16·64.
  func testAttentionOfADecodeStep() throws {
    let rows = ["q_proj", "k_proj", "v_proj", "qk_matmul", "softmax", "sv_matmul", "o_proj"]
    func flops(_ row: String) throws -> Int {
      let entry = try entry("\(WorkedExampleFacts.qwen) --batch 2", "decode \(row)")
      return try XCTUnwrap(entry["flops"] as? [String: Int]).values.reduce(0, +)
    }
    let projections = 2 * 3_211_264 + 2 * 458_752 + 2 * (896 + 256)
    XCTAssertEqual(try rows.map(flops).reduce(0, +), projections + 2 * 3_673_600 + 143_500)
    XCTAssertEqual(projections + 2 * 3_673_600 + 143_500, 14_833_036)
    XCTAssertEqual(try flops("rotary"), 6144)
  }

  /// 002.16. A layer's attention in prefill: q k v o of 4096³·2 with biases of 4096², products of 17,179,869,184, softmax of
  /// 5·8·32·512²; projections of three tensors of 4096²·2 and a bias, products of 201,326,592 and a softmax of 268,435,456 bytes.
  func testAttentionOfAPrefillLayer() throws {
    let rows = ["q_proj", "k_proj", "v_proj", "qk_matmul", "softmax", "sv_matmul", "o_proj"]
    let entries = try rows.map { try entry(WorkedExampleFacts.decoder, "prefill \($0)") }
    func sum(_ key: String) throws -> Int {
      try entries.reduce(0) { $0 + (try XCTUnwrap($1[key] as? [String: Int])).values.reduce(0, +) }
    }
    XCTAssertEqual(try sum("flops"), 584_451_096_576 + 4 * 16_777_216)
    XCTAssertEqual(try sum("bytes"), 1_073_741_824 + 4 * 8192)
  }

  /// 001.13, 004.2. A linear layer's weight is outputs by inputs.
  func testShapes() throws {
    func shapes(_ model: String) throws -> [String: [Int]] {
      let tensors = try XCTUnwrap(json("shapes --model \(model)")["tensors"] as? [[String: Any]])
      return Dictionary(
        uniqueKeysWithValues: tensors.map { ($0["name"] as? String ?? "", $0["shape"] as? [Int] ?? []) })
    }
    let qwen = try shapes("qwen2-0.5b")
    XCTAssertEqual(qwen["model.layers.0.mlp.down_proj.weight"], [896, 4864])
    XCTAssertEqual(qwen["model.layers.0.self_attn.k_proj.weight"], [128, 896])
    let llama = try shapes("llama-3.2-1b")
    XCTAssertEqual(llama.count, 1 + 16 * 9 + 1)
    XCTAssertEqual(llama["model.layers.15.self_attn.k_proj.weight"], [512, 2048])
    XCTAssertEqual(llama["model.layers.15.self_attn.v_proj.weight"], [512, 2048])
    XCTAssertEqual(llama["model.layers.15.mlp.gate_proj.weight"], [8192, 2048])
    XCTAssertNil(llama["lm_head.weight"])
  }

  /// 001.14. A token: 2·(32·(4·4096² + 3·4096·11008) + 32000·4096) = 13,214,154,752 and 4·32·4096·4096 of attention,
  /// 15,361,638,400 in all; 512·4096 tokens.
  func testForwardPassOfATrainingStep() throws {
    let step = try json(
      "mfu --model llama-2-7b --hardware a100-sxm4-80gb --step-time 12 --global-batch 512 --sequence 4096 --devices 64")
    XCTAssertEqual(step["forwardFLOPs"] as? Int, 32_215_690_693_836_800)
  }

  /// 001.14, 001.15. A step of Llama-2-7B has three times the tensor FLOPs of that forward pass. In Qwen2-0.5B, 1024 tokens
  /// of 896: 2·1024·896·4864 for each gradient of gate, 8·896 + 2 and 3·896 a row of a norm, 1024·896 of an addition;
  /// attention's products of 2·14·1024²·64, 4·14·1024² of softmax, 3·1024·16·64 of rotary, 1024·128 of a bias.
  func testBackwardPasses() throws {
    let step = try json(
      "analyze --training --model llama-2-7b --hardware a100-sxm4-80gb --sequence 4096 --batch 512")
    let model = try XCTUnwrap((step["training"] as? [String: Any])?["model"] as? [String: [String: Any]])
    XCTAssertEqual((model["total"]?["flops"] as? [String: Int])?["tensor"], 3 * 32_215_690_693_836_800)
    for (row, unit, value) in [
      ("gate_proj_dx", "tensor", 8_925_478_912), ("gate_proj_dw", "tensor", 8_925_478_912),
      ("attn_norm_dx", "vector", 7_342_080), ("attn_norm_dgamma", "vector", 2_752_512), ("attn_norm_dx", "special", 0),
      ("attn_add_backward", "vector", 917_504), ("mlp_add_backward", "vector", 917_504),
      ("sv_matmul_dp", "tensor", 1_879_048_192), ("sv_matmul_dv", "tensor", 1_879_048_192),
      ("qk_matmul_dq", "tensor", 1_879_048_192), ("qk_matmul_dk", "tensor", 1_879_048_192),
      ("softmax_backward", "vector", 58_720_256), ("rotary_backward", "vector", 3_145_728),
      ("k_proj_dbias", "vector", 131_072),
    ] {
      let entry = try entry(WorkedExampleFacts.qwenTraining, "backward \(row)")
      XCTAssertEqual((entry["flops"] as? [String: Int])?[unit], value, row)
    }
  }

  /// 002.14, 002.15. K and V of 32 layers of 4096 columns, 2 bytes, for 8·512 tokens, and for 8·100 more.
  func testKVCache() throws {
    for (prompt, bytes) in [(512, 2_147_483_648), (612, 2_147_483_648 + 419_430_400)] {
      let document = try json(
        "footprint --model llama-2-7b --hardware a100-sxm4-80gb --batch 8 --prompt \(prompt) --generate 1")
      let device = (document["footprint"] as? [String: Any])?["perDevice"] as? [String: Any]
      XCTAssertEqual(device?["kvCache"] as? Int, bytes)
    }
  }

  /// 003.2, at the workload of 000, undivided: B 20, H 8192, 64 heads and 8 KV heads of 128, I 28672, 32000 logits.
  func testExactValuesBesideNote003() throws {
    let document = try json(
      "diff --conventions notes-003,exact \(WorkedExampleFacts.table.dropFirst("analyze ".count))")
    var exact: [String: Int] = [:]
    for entry in try XCTUnwrap(document["differences"] as? [[String: Any]]) {
      let place = ["phase", "operator", "column"].map { entry[$0] as? String ?? "" }.joined(separator: " ")
      exact[place] = (entry["values"] as? [String: Any])?["exact"] as? Int
    }
    XCTAssertEqual(exact.count, 41)
    for (place, value) in [
      ("prefill embedding compute", 0),
      // 20,480 rows of 8192 in and out, 20,480 ids.
      ("prefill embedding memory", 335_544_320 + 20_480),
      // 20·(4·8192 + 3).
      ("decode attn_norm compute", 655_420),
      // Two products of 2·20·64·1024·128, and 5·20·64·1024.
      ("decode attention compute", 671_088_640 + 6_553_600),
      // Keys and values of 20·1024·1024, queries and output of 20·8192, scores of 20·64·1024 four times.
      ("decode attention memory", 41_943_040 + 327_680 + 5_242_880),
      // Two matrices of 8192·28672, two inputs of 20·8192, two outputs of 20·28672.
      ("decode up_gate memory", 469_762_048 + 327_680 + 1_146_880),
      // 4 and 3 for each of 20·28672.
      ("decode gate_times_up compute", 2_293_760), ("decode activation memory", 1_720_320),
      ("decode attn_all_gather communication", 0),
      // 2·7 pieces of an eighth of 20·8192 and of 20480·8192.
      ("decode attn_all_reduce communication", 286_720), ("decode mlp_all_gather communication", 286_720),
      ("prefill attn_all_reduce communication", 293_601_280), ("prefill mlp_all_gather communication", 293_601_280),
      // 2·20·32000·8192; 8192·32000, 20·8192 and 20·32000; 7 pieces of 20·32000/8.
      ("prefill lm_head compute", 10_485_760_000), ("prefill lm_head memory", 262_144_000 + 163_840 + 640_000),
      ("prefill lm_head communication", 560_000),
    ] { XCTAssertEqual(exact[place], value, place) }
  }

  /// 003.3. A matrix of 16384·4096 and its bias, 8 rows of 4096 in and of 16384 out; where there is a gate,
  /// `testExactValuesBesideNote003` has two matrices.
  func testMatricesWithoutAGate() throws {
    let document = try json(
      "diff --conventions notes-003,exact --model opt-6.7b --hardware l4 --batch 8 --prompt 512 --phase decode")
    let differences = try XCTUnwrap(document["differences"] as? [[String: Any]])
    let cell = try XCTUnwrap(
      differences.first { $0["operator"] as? String == "up_gate" && $0["column"] as? String == "memory" })
    let values = try XCTUnwrap(cell["values"] as? [String: Int])
    XCTAssertEqual(values["notes-003"], 2 * 67_108_864)
    XCTAssertEqual(values["exact"], 67_108_864 + 16_384 + 32_768 + 131_072)
  }
}
