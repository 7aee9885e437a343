import CUDAMeasurement
import Foundation
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// What is launched of a mixture's routed experts, beside what its rows count.
final class ExpertPlanTests: XCTestCase {
  private struct Row {
    let name: String
    /// As the model's pass counts it, and as it is measured.
    let counted: GroupedGEMM<Count>
    let task: MeasurementTask
    let plan: KernelPlan
  }

  /// The grouped products of both phases of a model.
  private func rows(
    _ model: String, batch: UInt64, prompt: UInt64, tp: UInt64 = 1, ep: UInt64 = 1, load: ExpertLoad = .uniform
  ) throws -> [Row] {
    let model = try Fixtures.catalog.model(model).model
    var workload = Workload(
      batch: batch, prompt: prompt, context: prompt + 1, tensorParallel: tp, operatorSet: .fused,
      formats: NumberFormats(.bf16), parallelism: Parallelism(expert: ep))
    workload.expertLoad = load
    return try Phase.allCases.flatMap { phase in
      let step = DecoderStep(phase, workload)
      return try (step.rows(of: model) as [NamedOperator<Count>]).compactMap { row -> Row? in
        guard case .groupedGEMM(let counted) = row.operator else { return nil }
        let task = try XCTUnwrap(MeasurementTask(names: [row.name.rawValue], row.operator, step.formats))
        return Row(
          name: "\(phase) \(row.name.rawValue), batch \(batch)", counted: counted, task: task,
          plan: try KernelPlan(task.value, on: PlannedOperators.device))
      }
    }
  }

  /// Expert, first pair and number of pairs of each tile that is launched.
  private func tiles(_ plan: KernelPlan) throws -> [(expert: Int, first: Int, count: Int)] {
    let place = try XCTUnwrap(plan.place(of: .workspace(.tiles)))
    guard case .integers(let list) = plan.buffers[place].contents else { return [] }
    return stride(from: 0, to: list.count, by: 3).map { (Int(list[$0]), Int(list[$0 + 1]), Int(list[$0 + 2])) }
  }

  /// Tiles are of one expert each and have every pair once; each tile's rows by the columns and depth of its launch are the FLOPs
  /// that the row counts, the distinct experts' matrices, rows and results its bytes.
  func testWhatIsLaunchedIsWhatIsCounted() throws {
    var kernels: Set<String> = []
    let cases: [(model: String, batch: UInt64, prompt: UInt64, tp: UInt64)] = [
      ("mixtral-8x7b", 1, 150, 1), ("mixtral-8x7b", 4, 512, 2), ("mixtral-8x7b", 61, 33, 1),
      ("qwen3-30b-a3b", 1, 128, 1), ("qwen3-30b-a3b", 32, 100, 1),
    ]
    for (model, batch, prompt, tp) in cases {
      let rows = try rows(model, batch: batch, prompt: prompt, tp: tp)
      XCTAssertEqual(rows.count, 4)
      for row in rows {
        let routing = try XCTUnwrap(row.plan.routing)
        let launch = try XCTUnwrap(row.plan.launches.first)
        kernels.insert(launch.kernel)
        let tileSides = try XCTUnwrap(launch.kernel.split(separator: "_").last).split(separator: "x").compactMap {
          Int($0)
        }
        var counts = [Int](repeating: 0, count: routing.rowsPerExpert.count)
        var next = 0
        let tiles = try tiles(row.plan)
        for tile in tiles {
          XCTAssertEqual(tile.first, next, row.name)
          XCTAssertTrue((1...tileSides[0]).contains(tile.count), row.name)
          counts[tile.expert] += tile.count
          next += tile.count
        }
        XCTAssertEqual(counts, routing.rowsPerExpert, row.name)
        let (n, k) = (Int(row.counted.n.value), Int(row.counted.k.value))
        XCTAssertEqual(
          Int(launch.geometry.grid.x), tiles.count * ((n + tileSides[1] - 1) / tileSides[1]), row.name)
        XCTAssertEqual(UInt64(2 * next * n * k), row.counted.flops.tensor.value, row.name)
        let expected = row.counted.experts.touched.value(at: Double(row.counted.experts.tokens.value))
        XCTAssertLessThanOrEqual((Double(counts.count) - expected).magnitude, 0.5, row.name)
        XCTAssertTrue(counts.allSatisfy { $0 > 0 }, row.name)
        // Rows, matrices and results of two bytes an element.
        let inputs = (0..<next).map { routing.inputRow($0) }
        let bytes = 2 * (Set(inputs).count * k + counts.count * n * k + next * n)
        XCTAssertEqual(row.plan.byteCount - row.plan.workspaceBytes, bytes, row.name)
        XCTAssertEqual(Int(row.task.value.cost.traffic.total.value), bytes, row.name)
        XCTAssertEqual(Set(inputs).count, Int(row.counted.inputRows.value), row.name)
        // No token goes to an expert twice.
        for expert in counts.indices {
          let own = (0..<next).filter { routing.expert($0) == expert }.map { routing.inputRow($0) }
          XCTAssertEqual(Set(own).count, own.count, "\(row.name), expert \(expert)")
        }
        XCTAssertEqual(row.plan.rotatedBytes, 2 * counts.count * n * k, row.name)
      }
    }
    XCTAssertEqual(kernels, ["grouped_gemm_bf16_16x32", "grouped_gemm_bf16_64x64", "grouped_gemm_bf16_128x128"])
  }

  /// The columns of a row make the same work as the row itself, and both products of a layer send as many rows to each expert.
  func testColumnsSayAllThereIsToRun() throws {
    for row in try rows("mixtral-8x7b", batch: 5, prompt: 40) {
      let again = try PlannedOperators.task(row.task.columns.description, row.task.formats)
      XCTAssertEqual(again.key, row.task.key)
      let plan = try KernelPlan(again.value, on: PlannedOperators.device)
      XCTAssertEqual(plan.routing, row.plan.routing)
      XCTAssertEqual(plan.steps, row.plan.steps)
      XCTAssertEqual(plan.buffers, row.plan.buffers)
    }
    for ep: UInt64 in [1, 4] {
      let rows = try rows("qwen3-30b-a3b", batch: 24, prompt: 50, tp: 4, ep: ep)
      for phase in 0..<2 {
        XCTAssertEqual(rows[2 * phase].plan.routing?.rowsPerExpert, rows[2 * phase + 1].plan.routing?.rowsPerExpert)
      }
    }
  }

  /// Of ranks that share experts, each has its part of the pairs and of the experts.
  func testExpertParallelRanks() throws {
    for row in try rows("qwen3-30b-a3b", batch: 64, prompt: 16, tp: 8, ep: 8) {
      let routing = try XCTUnwrap(row.plan.routing)
      // 64 or 1024 tokens, 8 choices each, an eighth of them; of 16 experts all but (1 − 1/16)^64 are touched.
      let tokens = row.name.hasPrefix("decode") ? 64 : 1024
      XCTAssertEqual(routing.rowsPerExpert.reduce(0, +), tokens, row.name)
      XCTAssertEqual(routing.rowsPerExpert.count, 16, row.name)
    }
  }

  /// Tokens of each expert, beside the binomial law's distribution summed up term by term.
  func testRowsSpreadAsEqualChoicesSpreadThem() throws {
    for (tokens, chosen, experts) in [(64, 2, 8), (512, 2, 8), (512, 8, 128), (4096, 8, 64)] {
      let rows = ExpertRouting.spread(tokens * chosen, over: experts, tokens: tokens, most: tokens)
      XCTAssertEqual(rows.reduce(0, +), tokens * chosen)
      let chance = Double(chosen) / Double(experts)
      func share(_ most: Int) -> Double {
        (0...most).reduce(0.0) { sum, count in
          let choices =
            lgamma(Double(tokens + 1)) - lgamma(Double(count + 1)) - lgamma(Double(tokens - count + 1))
          return sum + exp(choices + Double(count) * log(chance) + Double(tokens - count) * log(1 - chance))
        }
      }
      for (index, count) in rows.sorted().enumerated() {
        let middle = (Double(index) + 0.5) / Double(experts)
        // One more or one less makes the sum right.
        XCTAssertLessThanOrEqual(share(max(count - 2, 0)), middle, "\(tokens), \(experts), \(index): \(count)")
        XCTAssertGreaterThanOrEqual(share(count + 1), middle, "\(tokens), \(experts), \(index): \(count)")
      }
    }
    XCTAssertEqual(ExpertRouting.spread(8, over: 8, tokens: 1, most: 1), [Int](repeating: 1, count: 8))
    XCTAssertEqual(ExpertRouting.spread(10, over: 3, tokens: 5, most: 4).reduce(0, +), 10)
  }

  /// The busiest expert has what its load says, and the others what is left, falling by the same law.
  func testUnevenLoads() throws {
    // 256 tokens of 2 choices; shares 1/i of 2.718, so that the first has 2 · 256 / 2.718 pairs, the i-th an i-th of it.
    let power = [188, 94, 63, 47, 38, 31, 27, 24]
    let cases: [(load: ExpertLoad, tokens: UInt64, rows: [Int])] = [
      (.power(1), 256, power), (.balanced, 256, [Int](repeating: 64, count: 8)),
      (.balanced, 5, [2, 2, 1, 1, 1, 1, 1, 1]),
      // Every token chooses the first.
      (.loads([7, 1, 1, 1, 1, 1, 1, 1]), 1, [1, 1]),
    ]
    for (load, tokens, wanted) in cases {
      let decode = try rows("mixtral-8x7b", batch: tokens, prompt: 16, load: load).filter {
        $0.name.hasPrefix("decode")
      }
      XCTAssertEqual(decode.count, 2)
      for row in decode {
        let routing = try XCTUnwrap(row.plan.routing)
        let found = routing.rowsPerExpert.sorted(by: >)
        XCTAssertEqual(found.count, wanted.count, "\(load) \(row.name)")
        for (own, other) in zip(found, wanted) { XCTAssertLessThanOrEqual(abs(own - other), 1, "\(load): \(found)") }
        XCTAssertEqual(found.first, wanted.first, "\(load): \(found)")
        XCTAssertEqual(found.reduce(0, +), Int(2 * tokens))
        let columns = Dictionary(uniqueKeysWithValues: row.task.columns.columns.map { ($0.name, $0.value) })
        XCTAssertEqual(columns["busiest"], wanted.first.map(UInt64.init))
        let again = try PlannedOperators.task(row.task.columns.description, row.task.formats)
        XCTAssertEqual(try KernelPlan(again.value, on: PlannedOperators.device).routing, routing)
      }
    }
    // The rank with most to do of 8: more than its eighth of the pairs, of which no expert reads a row twice.
    for row in try rows("qwen3-30b-a3b", batch: 64, prompt: 16, tp: 8, ep: 8, load: .power(1.2)) {
      let routing = try XCTUnwrap(row.plan.routing)
      let tokens = row.name.hasPrefix("decode") ? 64 : 1024
      XCTAssertGreaterThan(routing.rowsPerExpert.reduce(0, +), tokens, row.name)
      for expert in routing.rowsPerExpert.indices {
        let pairs = (0..<routing.rowsPerExpert.reduce(0, +)).filter { routing.expert($0) == expert }
        XCTAssertEqual(Set(pairs.map { routing.inputRow($0) }).count, pairs.count, "\(row.name), expert \(expert)")
      }
    }
    // All that can be left for one; nothing but equal shares.
    XCTAssertEqual(ExpertRouting.falling(20, over: 5, from: 16).sorted(), [1, 1, 1, 1, 16])
    XCTAssertEqual(ExpertRouting.falling(20, over: 5, from: 4), [4, 4, 4, 4, 4])
    XCTAssertEqual(ExpertRouting.falling(7, over: 1, from: 7), [7])
  }

  func testReasons() throws {
    func reason(_ line: String, _ formats: NumberFormats, compute: Int = 9) throws -> String? {
      var device = PlannedOperators.device
      device.computeCapability = .init(major: compute, minor: 0)
      let task = try PlannedOperators.task(line, formats)
      do throws(Unsupported) {
        _ = try KernelPlan(task.value, on: device)
        return nil
      } catch {
        return error.reason
      }
    }
    let line = "grouped_gemm m=8 n=32 k=64 experts=4 top_k=2"
    let half = NumberFormats(.fp16)
    XCTAssertNil(try reason(line, half))
    XCTAssertEqual(
      try reason(line, half, compute: 7), "the kernel needs compute capability 8.0, and this GPU has 7.0")
    XCTAssertEqual(try reason(line, NumberFormats(.fp32)), "the kernel of experts' products multiplies fp16 and bf16")
    XCTAssertEqual(
      try reason(line, NumberFormats(weight: .fp8, activation: .bf16, keyValueCache: .bf16, model: .bf16)),
      "the kernel takes one format, and these are bf16 and fp8")
    XCTAssertEqual(
      try reason("grouped_gemm m=2 n=32 k=64 rows=2 experts=8 top_k=2 touched=5", half),
      "2 token–expert pairs of 8 experts touch no 5")
    XCTAssertEqual(
      try reason("grouped_gemm m=8 n=32 k=64 rows=3 experts=8 top_k=2 touched=2", half),
      "8 token–expert pairs are more than 2 experts have of 3 rows")
    XCTAssertEqual(
      try reason("grouped_gemm m=8 n=32 k=64 rows=9 experts=8 top_k=2 touched=4", half),
      "it has more rows than token–expert pairs")
    XCTAssertThrowsError(try PlannedOperators.task("\(line) busiest=6", half)) {
      // Of four experts that 3.75 are expected of.
      XCTAssertEqual(
        "\($0)",
        "\(InputError.usage("busiest=6 cannot be: of m=8 pairs of 4 experts and rows=4 one has 2 to 4"))")
    }
    XCTAssertEqual(
      try rows("mixtral-8x7b", batch: 16, prompt: 16, load: .distinct(3)).map { $0.plan.routing?.rowsPerExpert.count },
      [3, 3, 3, 3])
  }
}
