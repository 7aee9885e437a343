import RooflineCore
import TestSupport
import XCTest

final class BruteForceBlockedGEMMTests: XCTestCase {
  private struct Problem {
    let m, n, k, blockM, blockN: Int
  }

  /// Blocks that divide the product, that stick out on one or both sides, and one that holds all of it.
  private let problems: [Problem] = [
    Problem(m: 6, n: 10, k: 7, blockM: 3, blockN: 5), Problem(m: 5, n: 7, k: 3, blockM: 2, blockN: 3),
    Problem(m: 1, n: 11, k: 5, blockM: 4, blockN: 2), Problem(m: 7, n: 2, k: 3, blockM: 3, blockN: 5),
    Problem(m: 3, n: 5, k: 2, blockM: 11, blockN: 13),
  ]

  func testBlocksMoveTheirStripsAndComputeTheirPadding() {
    for problem in problems {
      for formats in BruteForceFormats.all {
        let gemm = GEMM<Count>(
          m: Count(problem.m), n: Count(problem.n), k: Count(problem.k), formats: formats.formats)
        let blocked = BlockedGEMM(gemm, blockM: UInt64(problem.blockM), blockN: UInt64(problem.blockN))
        let machine = CountingMachine()
        multiply(problem, formats, machine)
        let name = "\(problem), \(formats.name)"
        XCTAssertEqual(blocked.paddedFLOPs, Count(machine.tensorFLOPs + machine.vectorFLOPs), name)
        XCTAssertEqual(blocked.trafficWords, Count(machine.touchedElements), name)
        let bytes = TrafficClass.allCases.reduce(0) { $0 + machine.bytes($1) }
        XCTAssertEqual(blocked.trafficBytes, Count(bytes), name)
      }
    }
  }

  /// y += x·W block by block. A block reads its rows of x and its columns of W, whichever block read them before.
  private func multiply(_ problem: Problem, _ formats: BruteForceFormats, _ machine: CountingMachine) {
    let x = formats.tensor("x", .activations, \.activation, problem.m, problem.k)
    let weight = formats.tensor("W", .weights, \.weight, problem.k, problem.n)
    let y = formats.tensor("y", .activations, \.residual, problem.m, problem.n)
    for firstRow in stride(from: 0, to: problem.m, by: problem.blockM) {
      for firstColumn in stride(from: 0, to: problem.n, by: problem.blockN) {
        for row in firstRow..<firstRow + problem.blockM {
          for column in firstColumn..<firstColumn + problem.blockN {
            let (isRow, isColumn) = (row < problem.m, column < problem.n)
            var sum = isRow && isColumn ? machine.load(y, row, column) : 0
            for inner in 0..<problem.k {
              let left = isRow ? machine.load(x, row, inner, occurrence: firstColumn) : 0
              let right = isColumn ? machine.load(weight, inner, column, occurrence: firstRow) : 0
              sum = machine.add(sum, machine.multiply(left, right, on: formats.linear), on: formats.linear)
            }
            if isRow && isColumn { machine.store(sum, in: y, row, column) }
          }
        }
      }
    }
  }
}
