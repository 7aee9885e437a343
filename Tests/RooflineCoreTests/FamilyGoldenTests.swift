import Foundation
import TestSupport
import XCTest

@testable import RooflineCore

/// Figures of real files that were computed apart from this package, from config.json alone, and agree with transformers.
final class FamilyGoldenTests: XCTestCase {
  struct Golden {
    let file: String
    let total, active, activeWithoutEmbedding: UInt64
    var buffers: UInt64 = 0
    /// FLOPs of all matrix products of one decode token.
    let gemm: UInt64
    /// FLOPs of attention at 4,096 and at 131,072 keys.
    let attention: (UInt64, UInt64)
    /// Elements on one of 8 ranks, and of them those of routed experts.
    var shard: (all: UInt64, experts: UInt64)?
  }

  static let goldens = [
    Golden(
      file: "mistralai--Mixtral-8x7B-v0.1", total: 46_702_792_704, active: 12_879_925_248,
      activeWithoutEmbedding: 12_748_853_248, gemm: 25_497_174_016, attention: (2_147_483_648, 68_719_476_736)),
    Golden(
      file: "Qwen--Qwen3-30B-A3B", total: 30_532_122_624, active: 3_353_032_704, activeWithoutEmbedding: 3_041_867_776,
      gemm: 6_083_313_664, attention: (3_221_225_472, 103_079_215_104), shard: (3_840_292_864, 3_623_878_656)),
  ]

  /// A file of the shared folder, without the format of its weights, which is no part of these figures.
  static func model(_ file: String) throws -> ModelConfiguration {
    let path = try SharedTable.url("configs/\(file).json")
    guard case .object(var members) = try JSONValue.parse(Data(contentsOf: path), file: file) else {
      throw XCTSkip("\(file) is no object")
    }
    members["quantization_config"] = nil
    if case .object(var text)? = members["text_config"] {
      text["quantization_config"] = nil
      members["text_config"] = .object(text)
    }
    return try ModelConfiguration(.object(members), name: file, file: "\(file).json")
  }

  func testParametersAreThePublishedOnes() throws {
    for golden in Self.goldens {
      let configuration = try Self.model(golden.file)
      let shape = ParameterShape<Count>(configuration.model)
      XCTAssertEqual(shape.count.value, golden.total, golden.file)
      XCTAssertEqual(shape.active.value, golden.active, golden.file)
      XCTAssertEqual(shape.activeWithoutGatheredTables.value, golden.activeWithoutEmbedding, golden.file)
      XCTAssertEqual(shape.buffers.value, golden.buffers, golden.file)
      XCTAssertEqual(configuration.keys.unknown, [], golden.file)
    }
  }

  func testADecodeTokenComputesThePublishedProducts() throws {
    for golden in Self.goldens {
      let model = try Self.model(golden.file).model
      for (context, attention) in [(4096, golden.attention.0), (131_072, golden.attention.1)] as [(UInt64, UInt64)] {
        let workload = Workload(
          batch: 1, prompt: 1, context: context, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.bf16))
        var (products, pairs): (UInt64, UInt64) = (0, 0)
        for row in ForwardPass<Count>(model, DecoderStep(.decode, workload)).rows {
          let tensor = row.operator.cost.flops.tensor.value * row.occurrences.value
          if row.operator.kind == .attention { pairs += tensor } else { products += tensor }
        }
        XCTAssertEqual(products, golden.gemm, golden.file)
        XCTAssertEqual(pairs, attention, "\(golden.file) at \(context)")
      }
    }
  }

  func testOneOfEightRanksHoldsItsShare() throws {
    for golden in Self.goldens {
      guard let shard = golden.shard else { continue }
      let shape = ParameterShape<Count>(try Self.model(golden.file).model, tensorParallel: 8)
      XCTAssertEqual(shape.count.value, shard.all, golden.file)
      XCTAssertEqual(shape.routed.value, shard.experts, golden.file)
    }
  }
}
