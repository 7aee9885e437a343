import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Routed experts dealt out among ranks.
final class ExpertParallelTests: XCTestCase {
  private func workload(
    ranks: UInt64, expert: UInt64, isAlone: Bool = false, batch: UInt64 = 16, _ operators: OperatorSet = .separate
  ) -> Workload {
    Workload(
      batch: batch, prompt: 6, context: 9, tensorParallel: ranks, operatorSet: operators, formats: NumberFormats(.bf16),
      parallelism: Parallelism(expert: expert, isAttentionDataParallel: isAlone))
  }

  private static let block = RoutedExperts(
    experts: 8, chosen: 3, width: 16, router: .init(scoring: .softmax, renormalises: true),
    shared: .init(width: 24))

  private func rows(_ workload: Workload, _ phase: Phase = .decode) -> [NamedOperator<Count>] {
    ForwardPass<Count>(TinyExperts.model(Self.block, denseLayers: 1), DecoderStep(phase, workload)).rows
  }

  /// What 8 ranks hold, of routed experts and of all: whole experts or parts of each, the rest divided or whole on every rank.
  func testRanksHoldWhatPublishedDeploymentsHold() throws {
    let published: [(file: String, divided: UInt64, alone: UInt64, experts: UInt64)] = [
      ("Qwen--Qwen3-30B-A3B", 3_840_292_864, 5_164_972_032, 3_623_878_656),
      ("openai--gpt-oss-120b", 14_615_535_456, 16_465_257_792, 14_337_699_840),
      ("MiniMaxAI--MiniMax-M2.5", 28_629_218_560, 32_094_331_904, 28_085_059_584),
      ("XiaomiMiMo--MiMo-V2-Flash", 38_646_714_680, 43_832_973_760, 37_849_399_296),
    ]
    for (file, divided, alone, experts) in published {
      let model = try FamilyGoldenTests.model(file).model
      for expert in [1, 2, 8] as [UInt64] {
        let shape = ParameterShape<Count>(
          model, tensorParallel: 8, parallelism: Parallelism(expert: expert))
        XCTAssertEqual(shape.count.value, divided, "\(file) ep \(expert)")
        XCTAssertEqual(shape.routed.value, experts, file)
      }
      let shape = ParameterShape<Count>(
        model, tensorParallel: 8, parallelism: Parallelism(expert: 8, isAttentionDataParallel: true))
      XCTAssertEqual(shape.count.value, alone, file)
      XCTAssertEqual(shape.routed.value, experts, file)
    }
    let dense = try FamilyGoldenTests.model("Qwen--Qwen3-VL-8B-Instruct").model
    XCTAssertEqual(
      ParameterShape<Count>(
        dense, tensorParallel: 8, parallelism: Parallelism(isAttentionDataParallel: true)
      ).count.value, 8_190_735_360)
  }

  /// All ranks together compute what one computes, however the experts are dealt out.
  func testDealingExpertsOutChangesNoProduct() {
    for name in ["experts_gate_up", "experts_down"] {
      let whole = rows(workload(ranks: 1, expert: 1)).first { $0.name.rawValue == name }?.operator.cost.flops.tensor
        .value
      for (ranks, expert) in [(2, 1), (2, 2), (4, 2), (4, 4), (8, 8), (8, 2)] as [(UInt64, UInt64)] {
        for isAlone in ranks == expert ? [false, true] : [false] {
          let own = rows(workload(ranks: ranks, expert: expert, isAlone: isAlone))
            .first { $0.name.rawValue == name }?.operator.cost.flops.tensor.value
          XCTAssertEqual(own.map { $0 * ranks }, whole, "\(name) \(ranks) \(expert) \(isAlone)")
        }
      }
    }
  }

  /// On paper: 16 tokens, 3 of 8 experts each, 4 ranks of 2 experts. D = 8·(1 − (5/8)¹⁶) in all, a quarter on a rank.
  func testARankTouchesItsShareOfTheWholeLayersExperts() throws {
    let missed: Double = (0..<16).reduce(1) { chance, _ in chance * 0.625 }
    let distinct: Double = 8 * (1 - missed)
    let own = rows(workload(ranks: 4, expert: 4))
    let down = try XCTUnwrap(own.first { $0.name.rawValue == "experts_down" })
    let elements: Double = (distinct / 4 * 544).rounded()
    XCTAssertEqual(down.operator.cost.traffic.loadWeight.value, UInt64(elements) * 2)
  }

  /// Every choice of 3 of 8 experts, counted: how many of the ranks it falls on.
  func testRanksHitAreTheMeanOverAllChoices() {
    for (experts, chosen, ranks) in [(8, 3, 4), (6, 2, 3), (6, 5, 2), (4, 4, 2), (9, 1, 3)] {
      var (hits, choices) = (0, 0)
      for mask in 0..<(1 << experts) where mask.nonzeroBitCount == chosen {
        choices += 1
        hits += Set((0..<experts).filter { mask & (1 << $0) != 0 }.map { $0 / (experts / ranks) }).count
      }
      XCTAssertEqual(
        ExpertLoad.ranksHit(UInt64(experts), chosen: UInt64(chosen), ranks: UInt64(ranks)),
        Double(hits) / Double(choices), accuracy: 1e-12)
    }
    for (experts, ranks, hit) in [(256, 8, 5.2947), (256, 32, 7.2668), (384, 8, 5.2800), (128, 8, 5.3394)]
      as [(UInt64, UInt64, Double)]
    {
      XCTAssertEqual(ExpertLoad.ranksHit(experts, chosen: 8, ranks: ranks), hit, accuracy: 5e-5)
    }
  }

  /// 4 own tokens of 16; each to R·3/4 other ranks, 34 elements of two bytes, and back.
  func testTokensTravelToTheirExpertsAndBack() throws {
    let all = rows(workload(ranks: 4, expert: 4, isAlone: true))
    let names = all.map(\.name.rawValue)
    XCTAssertFalse(names.contains { $0.hasSuffix("all_reduce") || $0.hasSuffix("all_gather") })
    // A token misses a rank when its 3 experts are among the other 6 of 8: 20 of 56 choices.
    let hit: Double = 4 * 36 / 56
    let elements: Double = 136 * hit * 0.75
    let bytes = UInt64(elements.rounded()) * 2
    for name in ["dispatch_all_to_all", "combine_all_to_all"] {
      let row = try XCTUnwrap(all.first { $0.name.rawValue == name })
      XCTAssertEqual(row.operator.cost.wireBytes.value, bytes, name)
      XCTAssertEqual(row.operator.cost.wireSteps.value, 3, name)
      XCTAssertEqual(row.operator.cost.traffic.total, 0, name)
    }
    // Tokens that every rank has need not travel.
    let shared = rows(workload(ranks: 4, expert: 4)).map(\.name.rawValue)
    XCTAssertFalse(shared.contains { $0.hasSuffix("all_to_all") })
    XCTAssertTrue(shared.contains("mlp_all_reduce"))
  }

  func testLoadsSayWhatIsTouched() {
    // One rank, 8 experts, 2 a token.
    func rank(_ load: ExpertLoad, _ tokens: Double, _ ranks: UInt64 = 1) -> ExpertLoad.Rank {
      load.rank(8, chosen: 2, tokens: tokens, ranks: ranks)
    }
    XCTAssertEqual(rank(.balanced, 3).distinct, 6)
    XCTAssertEqual(rank(.balanced, 300).distinct, 8)
    XCTAssertEqual(rank(.distinct(5), 3, 2), ExpertLoad.Rank(distinct: 2.5, share: nil))
    // Even loads are uniform routing.
    let even = rank(.loads([Double](repeating: 7, count: 8)), 3)
    XCTAssertEqual(even.distinct, rank(.uniform, 3).distinct, accuracy: 1e-12)
    XCTAssertEqual(even.share ?? 0, 1, accuracy: 1e-12)
    // Two experts have it all, on the second of two ranks.
    let loads: [Double] = [0, 0, 0, 0, 0, 9, 4, 0]
    XCTAssertEqual(rank(.loads(loads), 3, 2), ExpertLoad.Rank(distinct: 2, share: 1))
    // A steeper power touches fewer.
    XCTAssertLessThan(rank(.power(2), 4).distinct, rank(.power(1), 4).distinct)
    XCTAssertLessThan(rank(.power(1), 4).distinct, rank(.uniform, 4).distinct)
  }

  func testDegreesThatDoNotDivideAreRefused() throws {
    let configuration = try WrittenModel.configuration(ExpertFamilyTests.qwen3MoE)
    func refusal(_ ranks: UInt64, _ expert: UInt64, isAlone: Bool = false) -> String? {
      do {
        try configuration.model.requireLegal(workload(ranks: ranks, expert: expert, isAlone: isAlone), name: "tiny")
        return nil
      } catch { return "\(error)" }
    }
    // 6 experts of width 24, 8 heads.
    XCTAssertNil(refusal(2, 2))
    XCTAssertNil(refusal(4, 2))
    XCTAssertNil(refusal(2, 2, isAlone: true))
    XCTAssertTrue(refusal(4, 4)?.contains("--ep 4") == true)
    XCTAssertTrue(refusal(8, 3)?.contains("--ep 3") == true)
    XCTAssertTrue(refusal(1, 2)?.contains("--tp") == true)
    XCTAssertTrue(refusal(4, 2, isAlone: true)?.contains("--dp-attention") == true)
    XCTAssertThrowsError(
      try WrittenModel.configuration(FamilyTests.qwen3).model.requireLegal(workload(ranks: 2, expert: 2), name: "dense")
    )
    for load in [ExpertLoad.distinct(1), .distinct(7), .loads([1, 2]), .loads([1, 0, 0, 0, 0, 0])] {
      XCTAssertThrowsError(try configuration.model.requireFitting(load, name: "tiny"), "\(load)")
    }
  }

  /// With requests of its own a rank caches a share of the sequences, with all heads.
  func testACacheOfOwnRequestsIsAShareOfTheBatch() throws {
    let model = TinyExperts.model(Self.block)
    func cached(_ workload: Workload) throws -> UInt64 {
      DeviceMemory<Count>(.whole, try FootprintPlan(model, workload, generated: 2, context: 9)).keyValueCache.value
    }
    XCTAssertEqual(
      try cached(workload(ranks: 8, expert: 8, isAlone: true)) * 8, try cached(workload(ranks: 1, expert: 1)))
    // 4 KV heads on 8 ranks: each stands there twice.
    XCTAssertEqual(try cached(workload(ranks: 8, expert: 8)) * 8, 2 * (try cached(workload(ranks: 1, expert: 1))))
  }
}
