import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// How libraries cut work by rules of their own source code: times and tiles that an independent script worked out with these constants.
final class LibraryRuleTests: XCTestCase {
  /// The rows of a tile follow the tokens that an expert would have if no choice were remote, and SMs share all tiles evenly.
  func testMarlinsStripesAgreeWithAnIndependentScript() throws {
    let gpu = try XCTUnwrap(ReferenceGPU.all["h100_sxm"])
    var constants = ExpertConstants()
    (constants.launch, constants.parallel, constants.manyChoices, constants.manyTokens) = (22, 7, 18, 14)
    (constants.tensor, constants.bandwidth, constants.rowBandwidth) = (0.32, 0.87, 0.75)
    (constants.routing, constants.tile, constants.step, constants.widening) = (2, 1.3, 0.1, 220)
    constants.residency = gpu.residency
    let model = try XCTUnwrap(
      ExpertTimeModel(gpu.facts, constants, ExpertCut(.stripedMarlin), generation: gpu.generation))
    let format = ProductFormat.int4Weight
    struct Case {
      let tokens, hidden, width, experts, chosen, shards, ranks: UInt64
      let load: ExpertLoad
      let rows, first, second, whole: Double
    }
    for own in [
      Case(
        tokens: 1, hidden: 7168, width: 2048, experts: 384, chosen: 8, shards: 1, ranks: 1, load: .balanced, rows: 8,
        first: 45.01337932401402, second: 23.512860694671208, whole: 90.56254362068036),
      Case(
        tokens: 96, hidden: 7168, width: 2048, experts: 384, chosen: 8, shards: 1, ranks: 16, load: .balanced, rows: 48,
        first: 254.14924354034258, second: 135.540906438583, whole: 424.95402288180844),
      Case(
        tokens: 96, hidden: 7168, width: 2048, experts: 384, chosen: 8, shards: 1, ranks: 1, load: .balanced, rows: 8,
        first: 2156.656613402267, second: 1128.4734073269567, whole: 3310.6563834973967),
      Case(
        tokens: 640, hidden: 4096, width: 1536, experts: 128, chosen: 8, shards: 2, ranks: 4, load: .power(1.2),
        rows: 64, first: 141.0837570522263, second: 83.14070085196991, whole: 306.84997690068053),
      Case(
        tokens: 4096, hidden: 4096, width: 14336, experts: 8, chosen: 2, shards: 4, ranks: 1, load: .balanced, rows: 64,
        first: 1661.9455676108273, second: 836.2087263385273, whole: 2644.0704549240304),
    ] {
      let layer = ExpertLayer<Count>(
        tokens: Count(own.tokens), hidden: Count(own.hidden), intermediate: Count(own.width), experts: own.experts,
        chosen: own.chosen, tensorParallel: own.shards, expertParallel: own.ranks, load: own.load, isGated: true,
        isTuned: true, formats: format.formats)
      let work = try XCTUnwrap(ExpertTimeModel.work(.expertLayer(layer)))
      let problem = ExpertTimeModel.Problem(layer, format, model.cut, KernelConditions(.warm))
      XCTAssertEqual(model.product(problem, isFirst: true).tileM, own.rows, "\(own)")
      for (value, golden) in [
        (model.product(problem, isFirst: true).time, own.first),
        (model.product(problem, isFirst: false).time, own.second),
        (model.timing(work, KernelConditions(.warm)).seconds * 1e6, own.whole),
      ] { XCTAssertEqual(value, golden, accuracy: 1e-6 * golden, "\(own)") }
      let parts = model.parts(work, KernelConditions(.warm)).map(\.seconds).reduce(0, +)
      XCTAssertEqual(parts * 1e6, own.whole, accuracy: 1e-6 * own.whole, "\(own)")
    }
  }

  /// A fit counts tokens of experts once; what it finds must be what every other prediction finds.
  func testALayerThatWasCountedAheadTakesTheSameTime() throws {
    let gpu = try XCTUnwrap(ReferenceGPU.all["l40s"])
    for design in ExpertCut.Design.allCases {
      guard let model = ExpertTimeModel(gpu.facts, ExpertConstants(), ExpertCut(design), generation: gpu.generation)
      else { continue }
      for load in [ExpertLoad.uniform, .balanced, .power(1.01), .power(1.2), .distinct(7)] {
        for (tokens, ranks) in [(UInt64(1), UInt64(1)), (77, 4), (3000, 8)] {
          let layer = ExpertLayer<Count>(
            tokens: Count(tokens), hidden: 2048, intermediate: 768, experts: 64, chosen: 6, tensorParallel: 1,
            expertParallel: ranks, load: load, isGated: true, isTuned: true, formats: NumberFormats(.bf16))
          let work = try XCTUnwrap(ExpertTimeModel.work(.expertLayer(layer)))
          XCTAssertEqual(
            model.timing(ExpertTimeModel.prepared(work), KernelConditions(.serving)),
            model.timing(work, KernelConditions(.serving)), "\(design.rawValue), \(load), \(tokens)")
        }
      }
    }
  }

  func testTilesOfLowPrecisionProductsFollowTheLibrariesRules() throws {
    let sizes: [(m: Double, n: Double, k: Double)] = [
      (1, 4096, 4096), (16, 1280, 4096), (40, 1280, 4096), (40, 4096, 4096), (100, 4096, 4096), (500, 2112, 7168),
      (1024, 3072, 7168), (4096, 4096, 7168), (777, 7168, 2048), (64, 24576, 1536), (200, 576, 7168),
      (8192, 7168, 16384),
    ]
    let deepGEMM: [(Double, Double)] = [
      (64, 32), (64, 16), (64, 16), (64, 32), (64, 64), (128, 64), (128, 192), (256, 128), (256, 112), (64, 192),
      (64, 32), (256, 128),
    ]
    let swapped: [(Double, Double)] = [
      (16, 64), (16, 64), (16, 64), (64, 64), (64, 128), (128, 128), (128, 128), (128, 128), (128, 128), (64, 64),
      (128, 128), (256, 128),
    ]
    for (tiles, expected) in [(LowPrecisionCut.Tiles.deepGEMM2, deepGEMM), (.vllmSwapped, swapped)] {
      for (size, golden) in zip(sizes, expected) {
        let tile = try XCTUnwrap(
          LowPrecisionCut(tiles).on(.hopper).tile(m: size.m, n: size.n, k: size.k, isClustered: true, processors: 132))
        XCTAssertEqual(tile.m, golden.0, "\(tiles.rawValue) of \(size)")
        XCTAssertEqual(tile.n, golden.1, "\(tiles.rawValue) of \(size)")
      }
    }
    // Other generations' kernels of the same libraries are others.
    XCTAssertEqual(LowPrecisionCut(.deepGEMM2).on(.blackwell), LowPrecisionCut(.deepGEMM))
    XCTAssertEqual(LowPrecisionCut(.vllmSwapped).on(.ada), LowPrecisionCut(.vllmByRows))
  }

  /// Rows cost the quantising kernel something beside their bytes, and nothing where x comes quantised.
  func testRowsThatAreQuantisedAgreeWithAnIndependentScript() throws {
    let gpu = try XCTUnwrap(ReferenceGPU.all["h100_sxm"])
    var constants = LowPrecisionConstants()
    (constants.launch, constants.waveFill, constants.epilogue, constants.halfIntensity) = (4.3, 0.8, 60, 14)
    (constants.burst, constants.sustained, constants.clockHalfTime) = (0.84, 0.77, 500)
    (constants.bandwidth, constants.l2, constants.quantizationBandwidth) = (0.79, 38, 0.53)
    (constants.step, constants.splitK, constants.quantizationRow) = (0.084, 2.5, 0.85)
    constants.residency = gpu.residency
    let model = try XCTUnwrap(
      LowPrecisionTimeModel(gpu.facts, constants, LowPrecisionCut(.vllmSwapped), generation: gpu.generation))
    for (m, n, k, time, quantization) in [
      (UInt64(3000), UInt64(512), UInt64(1024), 29.4960812057706, 21.060976147236044),
      (8, 4096, 4096, 11.719000022852862, 0.0699707978137124),
      (9000, 4096, 8192, 631.1924095877716, 182.4615944034333),
    ] {
      let gemm = GEMM<Count>(m: Count(m), n: Count(n), k: Count(k), formats: ProductFormat.fp8.formats)
      let work = try XCTUnwrap(LowPrecisionTimeModel.work(.gemm(gemm)))
      let choice = try XCTUnwrap(model.choice(work, KernelConditions(.warm, copies: 6)))
      XCTAssertEqual(choice.time, time, accuracy: 1e-6 * time, "\(m) \(n) \(k)")
      XCTAssertEqual(choice.quantization, quantization, accuracy: 1e-6 * quantization, "\(m) \(n) \(k)")
    }
  }

  /// Triton's latent decode, counted part by part: parts without keys cost a start and no blocks.
  func testTritonsPartsAgreeWithAnIndependentScript() throws {
    let gpu = try XCTUnwrap(ReferenceGPU.all["l40s"])
    var constants = LatentDecodeConstants()
    (constants.fixed, constants.combine, constants.cta, constants.block) = (11, 1.4, 8.6, 0.58)
    (constants.bandwidth, constants.l2Bandwidth, constants.residency, constants.query) = (0.91, 3.1, 0.82, 19)
    let model = try XCTUnwrap(
      LatentDecodeTimeModel(gpu.facts, constants, LatentDecodeCut(.tritonParts), generation: gpu.generation))
    for (batch, context, heads, time) in [
      (UInt64(1), UInt64(20), UInt64(16), 12.216859438263992), (4, 300, 64, 27.10279230254646),
      (64, 4097, 128, 1683.9574147077335), (200, 8192, 8, 2748.835597956972),
    ] {
      let shape = AttentionShape<Count>(
        batch: Count(batch), queryTokens: 1, attendedKeys: Count(context), heads: Count(heads), keyValueHeads: 1,
        headDim: 576, valueDim: 512)
      let attention = Attention(
        shape, mask: .causal, queries: .bf16, valuesAreKeys: true, formats: NumberFormats(.bf16))
      let work = try XCTUnwrap(LatentDecodeTimeModel.work(.attention(attention)))
      XCTAssertEqual(
        model.timing(work, KernelConditions(.warm)).seconds * 1e6, time, accuracy: 1e-6 * time, "\(batch) × \(context)")
    }
  }
}
