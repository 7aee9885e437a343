import Foundation
import RooflineCore
import TestSupport
import XCTest

final class WeightComparisonTests: XCTestCase {
  /// h = 4, h_kv = 2, d = 2, H = 6, I = 10, V = 12, two layers, tied.
  private let tiny = DecoderModel(
    hiddenSize: 6, intermediateSize: 10, numHiddenLayers: 2, numAttentionHeads: 4, numKeyValueHeads: 2, headDim: 2,
    vocabSize: 12, tieWordEmbeddings: true)

  /// Its listing, by hand: q 8×6, k and v 4×6, o 6×8.
  private let listing = """
    model.embed_tokens.weight torch.Size([12, 6])
    model.layers.0.self_attn.q_proj.weight torch.Size([8, 6])
    model.layers.0.self_attn.k_proj.weight torch.Size([4, 6])
    model.layers.0.self_attn.v_proj.weight torch.Size([4, 6])
    model.layers.0.self_attn.o_proj.weight torch.Size([6, 8])
    model.layers.0.mlp.gate_proj.weight torch.Size([10, 6])
    model.layers.0.mlp.up_proj.weight torch.Size([10, 6])
    model.layers.0.mlp.down_proj.weight torch.Size([6, 10])
    model.layers.0.input_layernorm.weight torch.Size([6])
    model.layers.0.post_attention_layernorm.weight torch.Size([6])
    model.layers.1.self_attn.q_proj.weight torch.Size([8, 6])
    model.layers.1.self_attn.k_proj.weight torch.Size([4, 6])
    model.layers.1.self_attn.v_proj.weight torch.Size([4, 6])
    model.layers.1.self_attn.o_proj.weight torch.Size([6, 8])
    model.layers.1.mlp.gate_proj.weight torch.Size([10, 6])
    model.layers.1.mlp.up_proj.weight torch.Size([10, 6])
    model.layers.1.mlp.down_proj.weight torch.Size([6, 10])
    model.layers.1.input_layernorm.weight torch.Size([6])
    model.layers.1.post_attention_layernorm.weight torch.Size([6])
    model.norm.weight torch.Size([6])
    """

  private struct Expected: Hashable {
    let kind: WeightDifference.Kind
    let template: String
    let layers: [UInt64]
    let expected, found: [UInt64]?
  }

  private func compare(_ text: String, _ model: DecoderModel) throws -> [Expected] {
    let weights = try WeightList(model, name: "model", formats: NumberFormats(.bf16))
    return WeightComparison(weights, try WeightListing(text, file: "listing")).differences.map {
      Expected(kind: $0.kind, template: $0.template, layers: $0.layers, expected: $0.expected, found: $0.found)
    }
  }

  private func note(after heading: String, before end: String) throws -> String {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI, "no shared data beside the package")
      throw XCTSkip("no shared data beside the package")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(shared)/seeds")
    let name = try XCTUnwrap(names.first { $0.hasPrefix("004_") })
    let text = try String(contentsOfFile: "\(shared)/seeds/\(name)", encoding: .utf8)
    let start = try XCTUnwrap(text.range(of: heading)).upperBound
    let stop = try XCTUnwrap(text.range(of: end, range: start..<text.endIndex)).lowerBound
    return String(text[start..<stop])
  }

  // MARK: note 004

  func testTransformersListingOfNote004Matches() throws {
    let text = try note(after: "transformers LlamaForCausalLM parameters", before: "kernels unit test")
    XCTAssertEqual(try WeightListing(text, file: "note").entries.count, 16 * 9 + 2)
    XCTAssertEqual(try compare(text, Fixtures.catalog.model("llama-3.2-1b").model), [])
  }

  func testOwnListingOfNote004RepeatsHeadsTransposesAndUnties() throws {
    let text = try note(after: "my LLama parameters", before: "transformers LlamaForCausalLM parameters")
    let all = Array(UInt64(0)...15)
    XCTAssertEqual(try WeightListing(text, file: "note").layout, .liteLlama)
    XCTAssertEqual(
      try compare(text, Fixtures.catalog.model("llama-3.2-1b").model),
      [
        Expected(
          kind: .repeatedKeyValueHeads, template: "model.layers.N.self_attn.k_proj.weight", layers: all,
          expected: [512, 2048], found: [2048, 2048]),
        Expected(
          kind: .repeatedKeyValueHeads, template: "model.layers.N.self_attn.v_proj.weight", layers: all,
          expected: [512, 2048], found: [2048, 2048]),
        Expected(
          kind: .transposed, template: "model.layers.N.mlp.gate_proj.weight", layers: all, expected: [8192, 2048],
          found: [2048, 8192]),
        Expected(
          kind: .untiedHead, template: "lm_head.weight", layers: [], expected: nil, found: [2048, 128_256]),
        Expected(
          kind: .transposed, template: "lm_head.weight", layers: [], expected: [128_256, 2048],
          found: [2048, 128_256]),
      ])
  }

  func testWholeNoteHoldsTwoListingsAndIsRefused() throws {
    let text = try note(after: "my LLama parameters", before: "kernels unit test")
    XCTAssertThrowsError(try WeightListing(text, file: "note")) { error in
      XCTAssertTrue("\(error)".contains("two layouts"), "\(error)")
    }
  }

  // MARK: by hand

  func testMatchingListingHasNoDifferences() throws {
    XCTAssertEqual(try compare(listing, tiny), [])
    let surrounded =
      "# a heading\r\n" + listing.replacing("\n", with: "  \r\n") + "\n\nthe k_proj has torch.Size([1])\n"
    XCTAssertEqual(try compare(surrounded, tiny), [])
  }

  func testEachKindIsNamed() throws {
    let key = "model.layers.0.self_attn.k_proj.weight torch.Size([4, 6])"
    let query = "self_attn.q_proj.weight torch.Size([8, 6])"
    let cases: [(change: String, text: String, expected: Expected)] = [
      (
        "each KV head twice in one layer", listing.replacing(key, with: key.replacing("[4,", with: "[8,")),
        Expected(
          kind: .repeatedKeyValueHeads, template: "model.layers.N.self_attn.k_proj.weight", layers: [0],
          expected: [4, 6], found: [8, 6])
      ),
      (
        "three copies of a head that two queries share",
        listing.replacing(key, with: key.replacing("[4,", with: "[12,")),
        Expected(
          kind: .otherShape, template: "model.layers.N.self_attn.k_proj.weight", layers: [0], expected: [4, 6],
          found: [12, 6])
      ),
      (
        "no layer 1's key", listing.replacing("model.layers.1.self_attn.k_proj.weight torch.Size([4, 6])\n", with: ""),
        Expected(
          kind: .missing, template: "model.layers.N.self_attn.k_proj.weight", layers: [1], expected: [4, 6], found: nil)
      ),
      (
        "queries transposed", listing.replacing(query, with: query.replacing("[8, 6]", with: "[6, 8]")),
        Expected(
          kind: .transposed, template: "model.layers.N.self_attn.q_proj.weight", layers: [0, 1], expected: [8, 6],
          found: [6, 8])
      ),
      (
        "queries twice", listing.replacing(query, with: query.replacing("[8, 6]", with: "[16, 6]")),
        Expected(
          kind: .otherShape, template: "model.layers.N.self_attn.q_proj.weight", layers: [0, 1], expected: [8, 6],
          found: [16, 6])
      ),
      (
        "a third layer's norm", listing + "\nmodel.layers.2.input_layernorm.weight torch.Size([6])",
        Expected(
          kind: .extra, template: "model.layers.N.input_layernorm.weight", layers: [2], expected: nil, found: [6])
      ),
      (
        "a scalar", listing + "\nscale torch.Size([])",
        Expected(kind: .extra, template: "scale", layers: [], expected: nil, found: [])
      ),
      (
        "a head of the right shape", listing + "\nlm_head.weight torch.Size([12, 6])",
        Expected(kind: .untiedHead, template: "lm_head.weight", layers: [], expected: nil, found: [12, 6])
      ),
    ]
    for (change, text, expected) in cases { XCTAssertEqual(try compare(text, tiny), [expected], change) }
    var untied = tiny
    untied.head.isTied = false
    XCTAssertEqual(
      try compare(listing, untied),
      [Expected(kind: .missing, template: "lm_head.weight", layers: [], expected: [12, 6], found: nil)])
    XCTAssertEqual(try compare(listing + "\nlm_head.weight torch.Size([12, 6])", untied), [])
  }

  func testLayersWithGapsStandAsRanges() throws {
    var deep = tiny
    deep.runs = [LayerRun(group: 0, layers: 5)]
    let weights = try WeightList(deep, name: "deep", formats: NumberFormats(.bf16))
    let comparison = WeightComparison(
      weights,
      try WeightListing(
        listing.replacing("model.layers.1.", with: "model.layers.3."), file: "listing"))
    XCTAssertEqual(comparison.differences.count, 9)
    for difference in comparison.differences {
      XCTAssertEqual(difference.kind, .missing)
      XCTAssertEqual(difference.layerRanges, [1...2, 4...4])
      XCTAssertEqual(difference.count, 3)
    }
  }

  func testListingsThatCannotBeReadAreRefused() {
    let line = "model.norm.weight torch.Size([6])"
    let cases: [(text: String, reason: String)] = [
      ("", "no line"), ("# only prose\n", "no line"),
      ("\(line)\nmodel.layers.0.mlp.up_proj.weight torch.Size([10", "line 2"),
      ("\(line)\nmodel.layers.0.mlp.up_proj.weight torch.Si", "truncated: line 2"),
      ("\(line)\nmodel.layers.0.mlp.up", "truncated: line 2"), ("model.norm.weight torch.Size([-6])", "line 1"),
      ("model.norm.weight torch.Size([6,])", "line 1"),
      ("model.norm.weight torch.Size([99999999999999999999])", "line 1"),
      ("\(line)\n\(line)", "second time"), ("\(line)\nnorm_weight torch.Size([6])", "two layouts"),
    ]
    for (text, reason) in cases {
      XCTAssertThrowsError(try WeightListing(text, file: "listing"), text) { error in
        guard case InputError.unreadable("listing", let found) = error else { return XCTFail("\(error)") }
        XCTAssertTrue(found.contains(reason), "\(text): \(found)")
      }
    }
  }

  // MARK: the list itself

  /// counting.md, Golden facts 5; mistral-7b is v0.3, whose vocabulary has 32,768 entries.
  func testParametersAddUpToThePublishedCounts() throws {
    let published: [(model: String, parameters: UInt64)] = [
      ("llama-3.2-1b", 1_235_814_400), ("llama-3.1-8b", 8_030_261_248), ("llama-2-7b", 6_738_415_616),
      ("qwen2-7b", 7_615_616_512), ("qwen2-0.5b", 494_032_768), ("mistral-7b", 7_248_023_552),
    ]
    for (name, parameters) in published {
      let weights = try WeightList(
        Fixtures.catalog.model(name).model, name: name, formats: NumberFormats(.bf16))
      XCTAssertEqual(weights.parameters.value, parameters, name)
      XCTAssertEqual(weights.bytes.value, 2 * parameters, name)
      XCTAssertEqual(Set(weights.entries.map(\.name)).count, weights.entries.count, name)
    }
  }

  func testIllegalDegreesAndEndlessModelsAreRefused() {
    XCTAssertThrowsError(try WeightList(tiny, name: "tiny", tensorParallel: 3, formats: NumberFormats(.bf16))) {
      XCTAssertEqual($0 as? InputError, .illegalTensorParallel(degree: 3, legal: [1, 2], model: "tiny"))
    }
    var endless = tiny
    endless.runs = [LayerRun(group: 0, layers: 1_000_000_000_000)]
    XCTAssertThrowsError(try WeightList(endless, name: "endless", formats: NumberFormats(.bf16)))
  }
}
