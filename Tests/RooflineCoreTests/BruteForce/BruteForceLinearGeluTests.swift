import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceLinearGeluTests: XCTestCase {
  func testALinearLayerWithGeluCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .linearGelu) }

  static var cases: [BruteForceCase] {
    [(1, 5, 3), (3, 2, 7), (5, 3, 2)].flatMap { m, n, k in
      BruteForceFormats.all.flatMap { formats in [false, true].map { layer(m, n, k, formats, hasBias: $0) } }
    }
  }

  /// A result passes gelu on its way to memory: nothing in between is stored.
  private static func layer(_ m: Int, _ n: Int, _ k: Int, _ formats: BruteForceFormats, hasBias: Bool) -> BruteForceCase
  {
    let described = LinearGelu<Count>(
      GEMM(m: Count(UInt64(m)), n: Count(UInt64(n)), k: Count(UInt64(k)), formats: formats.formats, hasBias: hasBias))
    let name = "\(m)×\(k) by \(k)×\(n), \(formats.name), bias \(hasBias)"
    return BruteForceCase(name, .linearGelu(described), matrixUnit: formats.linearUnit) { machine in
      let x = formats.tensor("x", .activations, \.activation, m, k)
      let weight = formats.tensor("W", .weights, \.weight, k, n)
      let bias = formats.tensor("bias", .weights, \.residual, n)
      let y = formats.tensor("y", .activations, \.residual, m, n)
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            let product = machine.multiply(
              machine.load(x, row, inner), machine.load(weight, inner, column), on: formats.linear)
            sum = machine.add(sum, product, on: formats.linear)
          }
          if hasBias { sum = machine.add(sum, machine.load(bias, column)) }
          let cube = machine.multiply(machine.multiply(sum, sum), sum)
          let scaled = machine.multiply(
            (2 / Double.pi).squareRoot(), machine.add(sum, machine.multiply(0.044715, cube)))
          let outer = machine.add(1, machine.special(tanh, scaled))
          machine.store(machine.multiply(machine.multiply(0.5, sum), outer), in: y, row, column)
        }
      }
    }
  }
}
