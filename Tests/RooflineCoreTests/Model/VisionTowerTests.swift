import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Towers that turn images into tokens.
final class VisionTowerTests: XCTestCase {
  /// Figures computed apart from this package that agree with the reference implementation.
  func testTowersOfRealFilesHaveTheirPublishedParameters() throws {
    for (file, parameters) in [
      ("Qwen--Qwen3-VL-8B-Instruct", 576_388_336), ("Qwen--Qwen3.5-27B", 460_730_096),
      ("Qwen--Qwen3.5-35B-A3B", 446_571_248), ("moonshotai--Kimi-K2.5", 471_143_920),
      ("google--gemma-4-26B-A4B", 572_792_112),
    ] as [(String, UInt64)] {
      XCTAssertEqual(try FamilyGoldenTests.model(file).vision.tower?.parameters.value, parameters, file)
    }
    for file in ["moonshotai--Kimi-K3", "Qwen--Qwen3-0.6B"] {
      let vision = try FamilyGoldenTests.model(file).vision
      XCTAssertNil(vision.tower, file)
      XCTAssertNotNil(vision.reason, file)
    }
  }

  private func vision(_ text: String, _ types: (outer: String, inner: String), _ name: String, _ tower: String)
    throws -> VisionPart
  {
    guard case .object(var members) = try JSONValue.parse(Data(text.utf8), file: ""),
      case .object(let config) = try JSONValue.parse(Data(tower.utf8), file: "")
    else { return .notStated }
    if case .object(let nested)? = members["text_config"] { members = nested }
    members["model_type"] = .string(types.inner)
    return try ModelConfiguration(
      .object([
        "architectures": .array([.string(name)]), "model_type": .string(types.outer), "text_config": .object(members),
        "vision_config": .object(config),
      ]), name: "vision", file: "config.json"
    ).vision
  }

  /// MiniMax-M3's and Llama-4's towers, at the widths of their text parts.
  func testTowersWithoutAFileHereHaveTheirPublishedParameters() throws {
    let miniMax = ExpertFamilyTests.miniMaxM3.replacing("\"hidden_size\": 48", with: "\"hidden_size\": 6144")
    XCTAssertEqual(
      try vision(
        miniMax, ("minimax_m3_vl", "minimax_m3_vl_text"), "MiniMaxM3SparseForConditionalGeneration",
        """
        {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16,
         "patch_size": 14, "temporal_patch_size": 2, "spatial_merge_size": 2}
        """
      ).tower?.parameters.value, 865_567_232)
    let llama = ExpertFamilyTests.llama4.replacing("\"hidden_size\": 48", with: "\"hidden_size\": 5120")
    XCTAssertEqual(
      try vision(
        llama, ("llama4", "llama4_text"), "Llama4ForConditionalGeneration",
        """
        {"hidden_size": 1408, "intermediate_size": 5632, "num_hidden_layers": 34, "num_attention_heads": 16,
         "patch_size": 14, "image_size": 336, "projector_input_dim": 4096, "projector_output_dim": 4096,
         "pixel_shuffle_ratio": 0.5}
        """
      ).tower?.parameters.value, 871_932_416)
    // Qwen3-VL-2B and -4B share a tower but for its output.
    for (output, parameters) in [(2048, 406_957_056), (2560, 415_347_712)] as [(Int, UInt64)] {
      XCTAssertEqual(
        try vision(
          FamilyTests.qwen3, ("qwen3_vl", "qwen3_vl_text"), "Qwen3VLForConditionalGeneration",
          """
          {"deepstack_visual_indexes": [5, 11, 17], "depth": 24, "hidden_size": 1024, "intermediate_size": 4096,
           "num_heads": 16, "in_channels": 3, "num_position_embeddings": 2304, "out_hidden_size": \(output),
           "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2}
          """
        ).tower?.parameters.value, parameters)
    }
  }

  /// A key that cannot be read leaves the text part as it is.
  func testATowerThatCannotBeReadHasAReason() throws {
    for tower in [
      #"{"depth": 24}"#, #"{"depth": "x", "hidden_size": 16}"#, #"{"depth": 2, "hidden_size": -1}"#,
      #"{"depth": 2, "hidden_size": 30, "num_heads": 7, "intermediate_size": 4, "out_hidden_size": 4, "num_position_embeddings": 4}"#,
    ] {
      let part = try vision(
        FamilyTests.qwen3, ("qwen3_vl", "qwen3_vl_text"), "Qwen3VLForConditionalGeneration", tower)
      XCTAssertNil(part.tower, tower)
      XCTAssertNotNil(part.reason, tower)
    }
  }

  static let tiny = VisionTower(
    width: 12, intermediate: 20, layers: 3, heads: 3, block: .plain, patchElements: 18, hasPatchBias: true,
    patchSize: 4, merge: 2, positions: [16], rotates: true, hasFirstNorm: false, hasLastNorm: false,
    steps: [
      .layerNorm(width: 12, isMerged: false), .linear(inputs: 48, outputs: 48, hasBias: true, isMerged: true),
      .gelu(width: 48, isMerged: true), .linear(inputs: 48, outputs: 34, hasBias: true, isMerged: true),
    ])

  /// Multiplications and additions of all products, patch by patch and pair by pair; two images of 4 × 6 patches.
  func testATowersProductsAreThoseOfAWalkOverItsPatches() throws {
    let work = try VisionWorkload(Self.tiny, images: 2, width: 24, height: 16, formats: NumberFormats(.bf16))
    XCTAssertEqual(work.tokens(Self.tiny), 2 * 6)
    var products: UInt64 = 0
    for _ in 0..<2 {
      for _ in 0..<24 {
        products += 18 * 12
        for _ in 0..<3 {
          products += 4 * 12 * 12 + 2 * 12 * 20
          // Every patch of the image is seen, from each of three heads of 4: scores, then values.
          for _ in 0..<24 { products += 3 * (4 + 4) }
        }
      }
      for _ in 0..<6 { products += 48 * 48 + 48 * 34 }
    }
    let rows: [NamedOperator<Count>] = Self.tiny.rows(work)
    let tensor = rows.reduce(0 as Count) { $0 + $1.operator.cost.flops.tensor * $1.occurrences }
    XCTAssertEqual(tensor.value, 2 * products)
    // Nothing of an image is kept.
    XCTAssertEqual(rows.reduce(0 as Count) { $0 + $1.operator.cost.traffic.storeKVCache }, 0)
    let symbols: [NamedOperator<Symbol>] = Self.tiny.rows(work)
    XCTAssertEqual(symbols.map(\.name), rows.map(\.name))
  }

  func testImagesThatDoNotCutIntoPatchesAreRefused() {
    for (width, height) in [(25, 16), (24, 12), (4, 8)] as [(UInt64, UInt64)] {
      XCTAssertThrowsError(
        try VisionWorkload(Self.tiny, images: 1, width: width, height: height, formats: NumberFormats(.bf16)))
    }
    var tiled = Self.tiny
    tiled.imageSide = 32
    XCTAssertThrowsError(
      try VisionWorkload(tiled, images: 1, width: 24, height: 16, formats: NumberFormats(.bf16)))
    XCTAssertNoThrow(try VisionWorkload(tiled, images: 1, width: 32, height: 32, formats: NumberFormats(.bf16)))
  }

  /// A tower beside the text changes no count of it.
  func testATowerIsInNoneOfTheTextsTotals() throws {
    let with = try FamilyGoldenTests.model("Qwen--Qwen3-VL-8B-Instruct")
    XCTAssertEqual(ParameterShape<Count>(with.model).count, 8_190_735_360)
  }
}
