import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// The search that leaves candidates out finds what the search of all candidates finds.
final class GEMMPruningTests: XCTestCase {
  private static let b200Facts = DeviceFacts(
    tensor: 2250e12, bandwidth: 8e12, streamingMultiprocessors: 148, clock: 1.85e9, l2: 126e6)

  func testAHundredThousandRandomShapesOverEveryTileList() {
    let lists: [(list: TileList, facts: DeviceFacts, constants: GEMMConstants)] = [
      (.ampere, PrintedGEMM.a100Facts, PrintedGEMM.a100), (.ada, PrintedGEMM.l40sFacts, PrintedGEMM.l40s),
      (.hopper, PrintedGEMM.h100Facts, PrintedGEMM.h100), (.hopperClassic, PrintedGEMM.h100Facts, PrintedGEMM.h100),
      (.blackwell, GEMMPruningTests.b200Facts, PrintedGEMM.h100),
    ]
    XCTAssertEqual(Set(lists.map(\.list)), Set(GPUGeneration.all.compactMap(\.tiles)).union([.hopperClassic]))
    var generator = SeededGenerator(seed: 7)
    var compared = 0
    for (list, facts, constants) in lists {
      let model = GEMMTimeModel(facts, constants, list)
      let full = FullTileSearch(facts, constants, list)
      var splits: Set<Double> = []
      for _ in 0..<20_000 {
        let m = size(1, 65_536, &generator)
        let n = size(8, 131_072, &generator)
        let k = size(8, 65_536, &generator)
        let copies = [1.0, 6, 1000][Int(generator.next() % 3)]
        let isFP8 = generator.next() % 4 == 0
        let shape = problem(m, n, k, isFP8: isFP8, copies)
        let pruned = model.fastest(shape)
        let kept = model.time(shape, with: pruned)
        XCTAssertEqual(kept, pruned.time, accuracy: 1e-11 * pruned.time, "\(shape)")
        let all = full.fastest(m: m, n: n, k: k, copies: copies, inputBytes: isFP8 ? 1 : 2)
        compared += 1
        splits.insert(all.split)
        if abs(pruned.time - all.time) > 1e-11 * all.time {
          XCTFail("\(list.name) m \(m) n \(n) k \(k) copies \(copies): \(pruned) instead of \(all)")
          return
        }
      }
      // Every split is the fastest somewhere: the shapes reach into all corners of the search.
      XCTAssertEqual(splits, [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32], list.name)
    }
    XCTAssertEqual(compared, 100_000)
  }

  /// Not only as fast: the same tile, split and parts, to the last bit, as the first of the fastest in the list's order.
  func testWithEveryShippedCalibrationTheChoiceIsThatOfAllCandidatesInTheirOrder() throws {
    let models = GEMMPruningTests.shippedModels()
    XCTAssertGreaterThanOrEqual(models.count, 3)
    var generator = SeededGenerator(seed: 8)
    for (name, model) in models {
      let search = OrderedTileSearch(model)
      for _ in 0..<100_000 / models.count {
        let shape = problem(
          size(1, 65_536, &generator), size(1, 131_072, &generator), size(1, 65_536, &generator),
          isFP8: generator.next() % 4 == 0, [1.0, 6, 1000][Int(generator.next() % 3)])
        let (pruned, all) = (model.fastest(shape), search.fastest(shape))
        guard pruned == all else { return XCTFail("\(name) \(shape): \(pruned) instead of \(all)") }
      }
    }
  }

  /// Of few rows most tiles are left out: every height of one is a border.
  func testSoItIsOfEveryNumberOfFewRows() throws {
    let models =
      GEMMPruningTests.shippedModels() + [
        ("B200", GEMMTimeModel(GEMMPruningTests.b200Facts, PrintedGEMM.h100, .blackwell))
      ]
    var generator = SeededGenerator(seed: 9)
    for (name, model) in models {
      let search = OrderedTileSearch(model)
      for m in 1...300 {
        for _ in 0..<3 {
          let shape = problem(
            m, size(1, 131_072, &generator), size(1, 65_536, &generator), isFP8: generator.next() % 4 == 0,
            [1.0, 6, 1000][Int(generator.next() % 3)])
          XCTAssertEqual(model.fastest(shape), search.fastest(shape), "\(name) \(shape)")
        }
      }
    }
  }

  /// Every product's constants that come with the program.
  private static func shippedModels() -> [(name: String, model: GEMMTimeModel)] {
    var models: [(name: String, model: GEMMTimeModel)] = []
    for name in Fixtures.catalog.hardwareNames {
      guard let set = try? Fixtures.catalog.calibrations(for: Fixtures.catalog.hardware(name)) else { continue }
      for layer in set.layers where layer.hardware == name {
        for entry in layer.entries {
          if let model = entry.constants.model(set.facts, generation: set.generation) as? GEMMTimeModel {
            models.append(("\(name) \(entry.key.family.name)", model))
          }
        }
      }
    }
    return models
  }

  private func problem(_ m: Int, _ n: Int, _ k: Int, isFP8: Bool, _ copies: Double) -> GEMMTimeModel.Problem {
    let dtype: DType = isFP8 ? .fp8 : .bf16
    let formats = NumberFormats(weight: dtype, activation: dtype, keyValueCache: dtype, model: .bf16)
    return GEMMTimeModel.Problem(
      GEMM(m: Count(UInt64(m)), n: Count(UInt64(n)), k: Count(UInt64(k)), formats: formats),
      KernelConditions(.warm, copies: copies))
  }

  /// Log-uniform, half of them multiples of 8 as weights are.
  private func size(_ low: Double, _ high: Double, _ generator: inout SeededGenerator) -> Int {
    let size = Int(exp(Double.random(in: log(low)...log(high), using: &generator)))
    return generator.next() % 2 == 0 ? size : (size + 7) / 8 * 8
  }
}
