import RooflineCore
import TestSupport
import XCTest

final class BruteForceBatchedGEMMTests: XCTestCase {
  func testProductsBesideEachOtherCostWhatTheirLoopsExecuteAndTouch() { BruteForceCase.check(Self.cases, .batchedGEMM) }

  /// Each group its own rows and its own slice of one matrix, which is read from one side or the other.
  static var cases: [BruteForceCase] {
    [(1, 2, 3, 5), (3, 1, 2, 7), (2, 5, 3, 1), (4, 2, 1, 3)].flatMap { groups, m, n, k in
      BruteForceFormats.all.flatMap { formats in
        [false, true].map { product(groups, m, n, k, formats, isTransposed: $0) }
      }
    }
  }

  private static func product(
    _ groups: Int, _ m: Int, _ n: Int, _ k: Int, _ formats: BruteForceFormats, isTransposed: Bool
  ) -> BruteForceCase {
    let described = BatchedGEMM<Count>(
      groups: Count(groups), m: Count(m), n: Count(n), k: Count(k), isTransposed: isTransposed,
      formats: formats.formats)
    let name = "\(groups) of \(m)×\(k) by \(k)×\(n), \(formats.name), transposed \(isTransposed)"
    return BruteForceCase(name, .batchedGEMM(described), matrixUnit: formats.linearUnit) { machine in
      let x = formats.tensor("x", .activations, \.activation, m, groups, k)
      let weight = formats.tensor("W", .weights, \.weight, groups, isTransposed ? k : n, isTransposed ? n : k)
      let y = formats.tensor("y", .activations, \.residual, m, groups, n)
      for group in 0..<groups {
        for row in 0..<m {
          for column in 0..<n {
            var sum = 0.0
            for inner in 0..<k {
              let element =
                isTransposed
                ? machine.load(weight, group, inner, column) : machine.load(weight, group, column, inner)
              sum = machine.add(
                sum, machine.multiply(machine.load(x, row, group, inner), element, on: formats.linear),
                on: formats.linear)
            }
            machine.store(sum, in: y, row, group, column)
          }
        }
      }
    }
  }
}
