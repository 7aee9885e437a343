import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceElementwiseGradientTests: XCTestCase {
  func testSiluAndMulsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.siluAndMulCases, .siluAndMulGradient)
  }

  func testTheEmbeddingsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.embeddingCases, .embeddingGradient)
  }

  static var siluAndMulCases: [BruteForceCase] {
    [1, 2, 7, 13, 31].flatMap { elements in
      BruteForceFormats.all.map { formats in
        let described = GatedActivationGradient<Count>(.silu, elements: Count(elements), formats: formats.formats)
        return BruteForceCase("\(elements), \(formats.name)", .gatedActivationGradient(described)) { machine in
          siluAndMul(machine, elements, formats)
        }
      }
    }
  }

  /// y = silu(g)·u and the loss Σ dY·y, an element at a time.
  private static func siluAndMul(_ machine: CountingMachine, _ elements: Int, _ formats: BruteForceFormats) {
    func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, elements) }
    let (gate, up, dY) = (tensor("gate"), tensor("up"), tensor("dY"))
    let (dGate, dUp) = (tensor("dGate"), tensor("dUp"))
    for index in 0..<elements {
      let (g, u) = (machine.load(gate, index), machine.load(up, index))
      let sigmoid = machine.divide(1, machine.add(1, machine.special(exp, -g)))
      let scaled = machine.multiply(machine.load(dY, index), sigmoid)
      let upGradient = machine.multiply(scaled, g)
      let rest = machine.multiply(upGradient, machine.subtract(1, sigmoid))
      machine.store(upGradient, in: dUp, index)
      machine.store(machine.multiply(u, machine.add(scaled, rest)), in: dGate, index)
    }
    func loss(_ gate: [Double], _ up: [Double]) -> Double {
      zip(dY.flattened, zip(gate, up)).reduce(0) { sum, element in
        let (g, u) = element.1
        return sum + element.0 * g / (1 + exp(-g)) * u
      }
    }
    let expected = [
      (dGate, NumericalGradient.of({ loss($0, up.flattened) }, at: gate.flattened)),
      (dUp, NumericalGradient.of({ loss(gate.flattened, $0) }, at: up.flattened)),
    ]
    for (gradient, derivatives) in expected {
      for (found, right) in zip(gradient.flattened, derivatives) {
        XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy)
      }
    }
  }

  /// The first rank's own rows are dealt out by hand, as for the lookup.
  static var embeddingCases: [BruteForceCase] {
    [(1, 5, 1, 1), (3, 7, 1, 3), (5, 3, 2, 3), (7, 11, 3, 3), (13, 1, 5, 3), (2, 3, 5, 1), (1, 7, 2, 1)].flatMap {
      tokens, width, ranks, ownRows in
      BruteForceFormats.all.map { formats in
        let described = EmbeddingGradient<Count>(
          tokens: Count(tokens), ownRows: Count(ownRows), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(tokens) × \(width) on \(ranks), \(formats.name)", .embeddingGradient(described)) {
          addRows($0, tokens: tokens, width: width, ranks: ranks, formats)
        }
      }
    }
  }

  /// Each token's row of dY goes to its row of the first rank's part of the table, if it is there; repeated tokens add up.
  private static func addRows(
    _ machine: CountingMachine, tokens: Int, width: Int, ranks: Int, _ formats: BruteForceFormats
  ) {
    let rowsPerRank = 2
    let ids = DeviceTensor("ids", .activations, bits: 32, shape: [tokens])
    for token in 0..<tokens { ids[[token]] = Double(token % ranks * rowsPerRank + token / ranks % rowsPerRank) }
    let dY = formats.tensor("dY", .activations, \.residual, tokens, width)
    let gradient = formats.tensor("dTable", .activations, \.weight, rowsPerRank, width, tokens)
    var sums = Array(repeating: Array(repeating: 0.0, count: width), count: rowsPerRank)
    for token in 0..<tokens {
      let row = Int(machine.load(ids, token))
      guard row < rowsPerRank else { continue }
      for column in 0..<width {
        // A row is read and written again for every token; the third index says for which.
        gradient[[row, column, token]] = sums[row][column]
        let before = machine.load(gradient, row, column, token)
        sums[row][column] = machine.add(before, machine.load(dY, token, column))
        machine.store(sums[row][column], in: gradient, row, column, token)
      }
    }
    // The loss Σ dY·table[id] is linear in the table: its derivative is the sum of dY over the tokens that name a row.
    for row in 0..<rowsPerRank {
      for column in 0..<width {
        let named = (0..<tokens).filter { Int(ids[$0]) == row }
        XCTAssertEqual(sums[row][column], named.reduce(0) { $0 + dY[$1, column] }, accuracy: 1e-12)
      }
    }
  }
}
