import Foundation
import RooflineCore
import XCTest

/// Each token's experts and their weights.
final class RouteKernelTests: XCTestCase {
  private struct Shape {
    let rows, experts, chosen: Int
    var shift = 0
  }

  /// One expert; as many chosen as there are; numbers that are no multiple of a pack or a warp; all that a warp takes; and of the
  /// experts of models.
  private static let shapes = [
    Shape(rows: 1, experts: 1, chosen: 1), Shape(rows: 5, experts: 8, chosen: 2), Shape(rows: 3, experts: 7, chosen: 7),
    Shape(rows: 2, experts: 33, chosen: 5, shift: 1), Shape(rows: 9, experts: 128, chosen: 8, shift: 8),
    Shape(rows: 2, experts: 512, chosen: 32), Shape(rows: 2, experts: 300, chosen: 6, shift: 3),
  ]

  func testEveryScoring() throws {
    for (shape, format) in product(Self.shapes, KernelFormat.floatingPoint) {
      for scoring in [Route<Count>.Scoring.softmax, .softmaxOfChosen, .sigmoid] {
        for renormalises in [false, true] { try route(shape, format, scoring, renormalises).check() }
      }
    }
  }

  /// The largest logit may be at any place; equal ones are taken in the order of the experts.
  func testTheLargestIsFoundAtAnyPlace() throws {
    for experts in [64, 512] {
      let rows = (0..<experts).map { large in (0..<experts).map { $0 == large ? 2.0 : $0 % 3 == 0 ? 1 : -1 } }
      try route(
        Shape(rows: experts, experts: experts, chosen: 3), .bf16, .softmax, false, logits: rows.flatMap { $0 }
      ).check(orders: [.ascending, .greedyLast])
    }
  }

  private func route(
    _ shape: Shape, _ format: KernelFormat, _ scoring: Route<Count>.Scoring, _ renormalises: Bool,
    logits given: [Double]? = nil
  ) -> KernelCase {
    var random = RandomElements(seed: UInt64(shape.experts))
    let logits = given ?? random.next(shape.rows * shape.experts, format)
    var (weights, ids): ([Double], [Double]) = ([], [])
    for row in 0..<shape.rows {
      var left = Array(logits[row * shape.experts..<(row + 1) * shape.experts])
      let all = left.map { exp($0) }.reduce(0, +)
      var scores: [Double] = []
      for _ in 0..<shape.chosen {
        var best = 0
        for expert in left.indices where left[expert] > left[best] { best = expert }
        ids.append(Double(best))
        switch scoring {
        case .softmax: scores.append(exp(left[best]) / all)
        case .sigmoid: scores.append(1 / (1 + exp(-left[best])))
        case _: scores.append(exp(left[best]))
        }
        left[best] = -.infinity
      }
      let sum = renormalises || scoring == .softmaxOfChosen ? scores.reduce(0, +) : 1
      weights += scores.map { $0 / sum * 2.5 }
    }
    let definition = Route<Count>(
      rows: Count(shape.rows), experts: Count(shape.experts), chosen: Count(shape.chosen), scoring: scoring,
      weighting: .init(renormalises: renormalises, scales: true), formats: NumberFormats(format.dtype))
    let number = scoring == .softmax ? 0 : scoring == .softmaxOfChosen ? 1 : 2
    return KernelCase(
      kernel: "route_\(format)", grid: ((shape.rows + 1) / 2, 1), block: 64,
      arguments: [
        .tensor(.input(.logits, format, logits, shift: shape.shift)),
        .tensor(.output(.weights, format, weights, relativeError: 1e-5, shift: shape.shift)),
        .tensor(.output(.expertIDs, .int32, ids, relativeError: 0)), .int32(shape.rows), .int32(shape.experts),
        .int32(shape.chosen), .int32(number), .int32(renormalises ? 1 : 0), .float(2.5),
      ],
      operands: definition.operands)
  }
}
