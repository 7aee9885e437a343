import Foundation
import RooflineCore
import TestSupport
import XCTest

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
    /// The same of an indexer's scores.
    var index: (UInt64, UInt64) = (0, 0)
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
    Golden(
      file: "openai--gpt-oss-120b", total: 116_829_156_672, active: 5_711_982_912,
      activeWithoutEmbedding: 5_132_849_472, gemm: 10_262_200_320, attention: (1_245_708_288, 38_692_454_400),
      shard: (14_615_535_456, 14_337_699_840)),
    Golden(
      file: "openai--gpt-oss-20b", total: 20_914_757_184, active: 4_187_440_704, activeWithoutEmbedding: 3_608_307_264,
      gemm: 7_214_284_800, attention: (830_472_192, 25_794_969_600)),
    Golden(
      file: "meta-llama--Llama-4-Scout-17B-16E-Instruct", total: 107_769_861_120, active: 17_172_894_720,
      activeWithoutEmbedding: 16_138_408_960, gemm: 32_275_824_640, attention: (4_026_531_840, 38_252_052_480)),
    Golden(
      file: "MiniMaxAI--MiniMax-M2.5", total: 228_689_748_992, active: 11_030_537_216,
      activeWithoutEmbedding: 10_415_940_608, buffers: 15_872, gemm: 20_830_224_384,
      attention: (6_241_124_352, 199_715_979_264), shard: (28_629_218_560, 28_085_059_584)),
    Golden(
      file: "MiniMaxAI--MiniMax-M3", total: 426_174_565_632, active: 25_962_466_560,
      activeWithoutEmbedding: 24_733_273_344, buffers: 7_296, gemm: 49_464_999_936,
      attention: (4_227_858_432, 16_710_107_136), index: (239_075_328, 7_650_410_496)),
    Golden(
      file: "XiaomiMiMo--MiMo-V2-Flash", total: 308_778_768_832, active: 15_445_924_288,
      activeWithoutEmbedding: 14_820_972_992, buffers: 12_032, gemm: 29_641_146_368,
      attention: (1_714_421_760, 48_522_854_400), shard: (38_646_714_680, 37_849_399_296)),
    Golden(
      file: "google--gemma-4-26B-A4B", total: 25_233_141_760, active: 3_822_530_560,
      activeWithoutEmbedding: 3_084_333_056, gemm: 7_643_660_288, attention: (1_090_519_040, 21_894_266_880)),
    Golden(
      file: "stepfun-ai--Step-3.7-Flash", total: 195_844_496_640, active: 10_875_690_240,
      activeWithoutEmbedding: 10_347_732_224, buffers: 12_096, gemm: 20_694_695_936,
      attention: (2_164_260_864, 52_093_255_680)),
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
      for (context, attention, index) in [
        (4096, golden.attention.0, golden.index.0), (131_072, golden.attention.1, golden.index.1),
      ] as [(UInt64, UInt64, UInt64)] {
        let workload = Workload(
          batch: 1, prompt: 1, context: context, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.bf16))
        var (products, pairs, scores): (UInt64, UInt64, UInt64) = (0, 0, 0)
        for row in ForwardPass<Count>(model, DecoderStep(.decode, workload)).rows {
          let tensor = row.operator.cost.flops.tensor.value * row.occurrences.value
          switch row.operator.kind {
          case .attention: pairs += tensor
          case .indexScores: scores += tensor
          default: products += tensor
          }
        }
        XCTAssertEqual(products, golden.gemm, golden.file)
        XCTAssertEqual(pairs, attention, "\(golden.file) at \(context)")
        XCTAssertEqual(scores, index, "\(golden.file) at \(context)")
      }
    }
  }

  /// Bytes of a token in bf16: of layers that keep all, and of those that keep so many tokens.
  func testCachesAreThePublishedOnes() throws {
    let caches: [(String, UInt64, [(UInt64, UInt64, TokenCache.Span)])] = [
      ("mistralai--Mixtral-8x7B-v0.1", 131_072, []), ("Qwen--Qwen3-30B-A3B", 98_304, []),
      ("openai--gpt-oss-120b", 36_864, [(36_864, 128, .window(128))]),
      ("openai--gpt-oss-20b", 24_576, [(24_576, 128, .window(128))]),
      ("meta-llama--Llama-4-Scout-17B-16E-Instruct", 49_152, [(147_456, 8192, .chunk(8192))]),
      ("MiniMaxAI--MiniMax-M2.5", 253_952, []), ("MiniMaxAI--MiniMax-M3", 122_880, []),
      ("XiaomiMiMo--MiMo-V2-Flash", 23_040, [(199_680, 128, .window(128))]),
      ("google--gemma-4-26B-A4B", 20_480, [(204_800, 1024, .window(1024))]),
      ("stepfun-ai--Step-3.7-Flash", 49_152, [(135_168, 512, .window(512))]),
    ]
    for (file, growing, windows) in caches {
      let cache = CacheGrowth(try Self.model(file).model, NumberFormats(.bf16))
      XCTAssertEqual(cache.bytesPerToken.value, growing, file)
      XCTAssertEqual(cache.windows.map(\.bytesPerToken.value), windows.map(\.0), file)
      XCTAssertEqual(cache.windows.map(\.tokens), windows.map(\.1), file)
      XCTAssertEqual(cache.windows.map(\.span), windows.map(\.2), file)
      XCTAssertEqual(cache.indexBytesPerToken.value, file == "MiniMaxAI--MiniMax-M3" ? 14_592 : 0, file)
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
