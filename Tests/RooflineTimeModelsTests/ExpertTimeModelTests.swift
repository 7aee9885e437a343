import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class ExpertTimeModelTests: XCTestCase {
  /// Every term of 300 layers, with the constants that stand beside them.
  func testGoldensOfEveryLibrary() throws {
    let rows = try SharedTable("reference/moe_golden.csv").rows
    XCTAssertEqual(rows.count, 300)
    for row in rows {
      let gpu = try XCTUnwrap(ReferenceGPU.all[try row.text("gpu")])
      let format = try XCTUnwrap(ProductFormat(rawValue: try row.text("dtype")))
      let key = Calibration.Key(
        kind: .experts, family: KernelLibrary(try row.text("family")), dtype: format.dtype, format: format)
      var constants = ExpertConstants()
      constants.residency = gpu.residency
      for (column, set) in Self.columns {
        if let value = try row.given(column) { constants[keyPath: set] = value }
      }
      // The table adds up single choices, too.
      let standard = ExpertCut.standard(key)
      let cut = standard.design == .directTriton ? ExpertCut(.triton) : standard
      let model = try XCTUnwrap(ExpertTimeModel(gpu.facts, constants, cut, generation: gpu.generation))
      let work = try XCTUnwrap(ExpertTimeModel.work(.expertLayer(try layer(row, format.formats))))
      let problem = ExpertTimeModel.Problem(work.layer, format, model.cut, KernelConditions(.warm))
      let (first, second) = (model.product(problem, isFirst: true), model.product(problem, isFirst: false))
      let around = model.around(problem)
      var terms = [
        ("time_us", model.timing(work, KernelConditions(.warm)).seconds * 1e6), ("load", problem.pairs),
        ("floor", around.fixed), ("route", around.routing),
        ("rows", around.permute + around.activation + around.combine), ("gemm1", first.time), ("gemm2", second.time),
        ("k1", first.steps), ("k2", second.steps),
      ]
      // The table's other columns are of the searched tile, even where the library does not search.
      if try row.text("tuned") == "1" || constants.untunedTensor == 0, problem.pairs > 0 {
        terms += [
          ("active", first.touched), ("tile_m1", first.tileM), ("tile_n1", first.tileN), ("w1", first.waves),
          ("c1", first.tensor), ("d1", first.dram), ("tile_m2", second.tileM), ("tile_n2", second.tileN),
          ("w2", second.waves), ("c2", second.tensor), ("d2", second.dram),
        ]
      }
      for (column, value) in terms {
        let golden = try row.number(column)
        XCTAssertEqual(value, golden, accuracy: max(1e-6 * abs(golden), 1e-9), "\(column) of \(row)")
      }
    }
  }

  private static var columns: [(String, WritableKeyPath<ExpertConstants, Double>)] {
    [
      ("c_t0", \.launch), ("c_tx", \.parallel), ("c_k0", \.manyChoices), ("c_t1", \.manyTokens), ("c_eF", \.tensor),
      ("c_eB", \.bandwidth), ("c_er", \.rowBandwidth), ("c_tr", \.routing), ("c_tw", \.tile), ("c_lat", \.step),
      ("c_dq", \.widening), ("c_eD", \.untunedTensor), ("c_bD", \.untunedBandwidth),
    ]
  }

  private func layer(_ row: SharedTable.Row, _ formats: NumberFormats) throws -> ExpertLayer<Count> {
    func whole(_ column: String) throws -> UInt64 { UInt64(try row.number(column)) }
    return ExpertLayer(
      tokens: Count(try whole("tokens")), hidden: Count(try whole("hidden")),
      intermediate: Count(try whole("intermediate")), experts: try whole("experts"), chosen: try whole("top_k"),
      tensorParallel: try whole("tp"), expertParallel: try whole("ep"),
      load: try XCTUnwrap(ExpertLoad(distribution: try row.text("distribution"))), isGated: try whole("gated") == 1,
      isTuned: try whole("tuned") == 1, formats: formats)
  }

  private func layer(
    tokens: UInt64, hidden: UInt64 = 2048, width: UInt64 = 768, experts: UInt64 = 128, chosen: UInt64 = 8,
    shards: UInt64 = 1, ranks: UInt64 = 1, load: ExpertLoad = .balanced
  ) -> ExpertLayer<Count> {
    ExpertLayer(
      tokens: Count(tokens), hidden: Count(hidden), intermediate: Count(width), experts: experts, chosen: chosen,
      tensorParallel: shards, expertParallel: ranks, load: load, isGated: true, isTuned: true,
      formats: NumberFormats(.bf16))
  }

  /// SGLang's products write a token's only choice where its sum belongs: what moves rows is less by a read and a write of each.
  func testASingleChoiceIsNotAddedUpWhereItIsWrittenInPlace() throws {
    let gpu = try XCTUnwrap(ReferenceGPU.all["h100_sxm"])
    var constants = ExpertConstants()
    (constants.rowBandwidth, constants.bandwidth, constants.tensor) = (0.5, 0.9, 0.5)
    func combine(_ design: ExpertCut.Design, chosen: UInt64) throws -> Double {
      let model = try XCTUnwrap(
        ExpertTimeModel(gpu.facts, constants, ExpertCut(design), generation: gpu.generation))
      let layer = layer(tokens: 64, hidden: 2048, experts: 16, chosen: chosen)
      let problem = ExpertTimeModel.Problem(layer, .sixteenBits, model.cut, KernelConditions(.warm))
      return model.around(problem).combine
    }
    XCTAssertEqual(try combine(.directTriton, chosen: 1), 0)
    // A row in and out of one choice; two rows in and one out of two. All of it stays in L2.
    XCTAssertEqual(try combine(.triton, chosen: 1) / combine(.triton, chosen: 2), 2.0 / 3, accuracy: 1e-6)
    XCTAssertEqual(try combine(.directTriton, chosen: 2), try combine(.triton, chosen: 2))
    XCTAssertGreaterThan(try combine(.triton, chosen: 2), 0)
  }

  /// Counted token by token, as the rule is written.
  func testBalancedTokensFallToExpertsAsTheRuleDealsThem() {
    var generator = SeededGenerator(seed: 71)
    for _ in 0..<300 {
      let ranks = [UInt64(1), 2, 4][Int(generator.next() % 3)]
      let experts = ranks * (1 + generator.next() % 40)
      let chosen = 1 + generator.next() % min(experts, 12)
      let tokens = 1 + generator.next() % 500
      var counts = [UInt64](repeating: 0, count: Int(experts))
      let stride = (experts + chosen - 1) / chosen
      for token in 0..<tokens {
        for choice in 0..<chosen {
          let first = tokens < stride ? token * stride / tokens : token
          counts[Int((first + choice * stride) % experts)] += 1
        }
      }
      let own = counts[..<Int(experts / ranks)]
      let spread = TokenSpread(layer(tokens: tokens, experts: experts, chosen: chosen, ranks: ranks))
      let rows = Double(1 + generator.next() % 64)
      let (touched, tiles) = spread.tiles(of: rows)
      XCTAssertEqual(spread.pairs, Double(own.reduce(0, +)))
      XCTAssertEqual(touched, Double(own.filter { $0 > 0 }.count))
      XCTAssertEqual(tiles, own.reduce(0) { $0 + (Double($1) / rows).rounded(.up) })
    }
  }

  /// Against 4,000 draws of independent choices: no closed form of the binomial law is trusted here.
  func testUniformTokensFallToExpertsAsDrawsDo() {
    var generator = SeededGenerator(seed: 72)
    for (tokens, experts, chosen, rows) in [
      (UInt64(7), UInt64(16), UInt64(2), 16.0), (64, 8, 2, 16), (300, 8, 2, 64), (900, 4, 1, 16),
    ] {
      let spread = TokenSpread(layer(tokens: tokens, experts: experts, chosen: chosen, load: .uniform))
      var drawn = 0.0
      let draws = 4_000
      for _ in 0..<draws {
        var count = 0.0
        for _ in 0..<tokens where generator.next() % experts < chosen { count += 1 }
        drawn += (count / rows).rounded(.up)
      }
      let expected = drawn / Double(draws) * Double(experts)
      XCTAssertEqual(spread.tiles(of: rows).tiles, expected, accuracy: 0.02 * expected, "\(tokens) of \(experts)")
    }
  }

  func testLoadsThatAreAllAlikeAreAnEvenSpread() {
    let given = TokenSpread(layer(tokens: 512, load: .loads([Double](repeating: 3, count: 128))))
    XCTAssertEqual(given.pairs, 4096)
    XCTAssertEqual(given.tiles(of: 16).tiles, 256)
    XCTAssertEqual(given.tiles(of: 16).touched, 128)
  }

  private func forEachModel(_ body: (ExpertTimeModel, String) throws -> Void) throws {
    for name in ["a100-sxm4-80gb", "h100-sxm", "l40s"] {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      for entry in try XCTUnwrap(set.layers.first).entries where entry.key.kind == .experts && entry.key.format == nil {
        let model = try XCTUnwrap(entry.constants.model(set.facts, generation: set.generation) as? ExpertTimeModel)
        try body(model, "\(name) \(entry.key.family.name)")
      }
    }
  }

  private func seconds(_ model: ExpertTimeModel, _ layer: ExpertLayer<Count>) -> Double {
    model.seconds(of: .expertLayer(layer), KernelConditions(.serving))
  }

  private func tiles(_ model: ExpertTimeModel, _ layer: ExpertLayer<Count>) -> [String] {
    model.choices(of: .expertLayer(layer), KernelConditions(.serving)).filter { $0.name.hasSuffix("tile") }.map(\.value)
  }

  /// With other tiles waves are filled otherwise, and there the law stops.
  func testMoreTokensNeverTakeLessTimeUnderOneChoiceOfTiles() throws {
    var generator = SeededGenerator(seed: 73)
    var compared = 0
    try forEachModel { model, name in
      for load in [ExpertLoad.uniform, .balanced] {
        for _ in 0..<60 {
          let tokens = 1 + generator.next() % 4096
          let (few, more) = (
            layer(tokens: tokens, load: load), layer(tokens: tokens + 1 + generator.next() % 512, load: load)
          )
          guard tiles(model, few) == tiles(model, more) else { continue }
          compared += 1
          XCTAssertLessThanOrEqual(
            seconds(model, few), seconds(model, more) * (1 + 1e-9), "\(name): \(few.visible), \(more.visible), \(load)")
        }
      }
    }
    XCTAssertGreaterThan(compared, 300)
  }

  /// Where every expert is touched, anyway: fewer touched experts are fewer bytes.
  func testAnUnevenSpreadOverAllExpertsNeverTakesLessTimeThanAnEvenOne() throws {
    try forEachModel { model, name in
      for tokens in [UInt64(8192), 16384, 65536] {
        let (even, uneven) = (layer(tokens: tokens), layer(tokens: tokens, load: .power(1.2)))
        XCTAssertEqual(TokenSpread(uneven).tiles(of: 64).touched, 128, "\(tokens)")
        XCTAssertLessThanOrEqual(seconds(model, even), seconds(model, uneven) * (1 + 1e-12), "\(name): \(tokens)")
      }
    }
  }

  /// Half the columns of every expert, or half of the experts, are never more work for a rank.
  func testAShardOfTheExpertsNeverTakesLongerThanAllOfThem() throws {
    try forEachModel { model, name in
      for tokens in [UInt64(16), 256, 2048, 8192] {
        let whole = seconds(model, layer(tokens: tokens, width: 1536))
        XCTAssertLessThanOrEqual(
          seconds(model, layer(tokens: tokens, width: 1536, shards: 2)), whole * (1 + 1e-12), "\(name): \(tokens)")
        // What remote experts cost once is no share of the work.
        let parallel = seconds(model, layer(tokens: tokens, width: 1536, ranks: 2)) - model.constants.parallel * 1e-6
        XCTAssertLessThanOrEqual(parallel, whole * (1 + 1e-12), "\(name): \(tokens)")
      }
    }
  }

  func testTheRowsOfALayerAddUpToItsCall() throws {
    try forEachModel { model, name in
      for tokens in [UInt64(1), 40, 3000] {
        let whole = layer(tokens: tokens, ranks: 4, load: .power(1.2))
        let parts: [ExpertLayer<Count>.Part] = [.route, .first, .activation, .second, .combine]
        let sum = parts.reduce(0) { $0 + seconds(model, whole.part($1)) }
        let all = seconds(model, whole)
        XCTAssertEqual(sum, all, accuracy: 1e-12 * all, name)
      }
    }
  }
}
