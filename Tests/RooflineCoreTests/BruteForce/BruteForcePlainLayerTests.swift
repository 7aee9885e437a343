import Foundation
import RooflineCore
import TestSupport
import XCTest

/// The operators that only layers with LayerNorm and a two-matrix MLP have.
final class BruteForcePlainLayerTests: XCTestCase {
  func testAddLayerNormCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.addLayerNormCases, .addLayerNorm)
  }

  func testReluCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.reluCases, .relu) }

  func testALinearLayerWithReluCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.linearReluCases, .linearRelu)
  }

  func testLearnedPositionsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.positionCases, .positionEmbedding)
  }

  func testMovingToTheCacheCostsWhatItsLoopTouches() {
    BruteForceCase.check(Self.cacheWriteCases, .keyValueCacheWrite)
  }

  static var addLayerNormCases: [BruteForceCase] {
    [(1, 7), (2, 3), (3, 5), (5, 2), (11, 1)].flatMap { rows, width in
      BruteForceFormats.all.map { formats in
        let described = AddLayerNorm<Count>(rows: Count(rows), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(rows)×\(width), \(formats.name)", .addLayerNorm(described)) { machine in
          addAndNormalize(machine, rows, width, formats)
        }
      }
    }
  }

  private static func addAndNormalize(
    _ machine: CountingMachine, _ rows: Int, _ width: Int, _ formats: BruteForceFormats
  ) {
    let x = formats.tensor("x", .activations, \.residual, rows, width)
    let residual = formats.tensor("residual", .activations, \.residual, rows, width)
    let weight = formats.tensor("weight", .weights, \.residual, width)
    let bias = formats.tensor("bias", .weights, \.residual, width)
    let sum = formats.tensor("sum", .activations, \.residual, rows, width)
    let y = formats.tensor("y", .activations, \.residual, rows, width)
    for row in 0..<rows {
      var values: [Double] = []
      for column in 0..<width {
        let value = machine.add(machine.load(x, row, column), machine.load(residual, row, column))
        machine.store(value, in: sum, row, column)
        values.append(value)
      }
      var total = 0.0
      for value in values { total = machine.add(total, value) }
      let mean = machine.divide(total, Double(width))
      let centred = values.map { machine.subtract($0, mean) }
      var squares = 0.0
      for value in centred { squares = machine.add(squares, machine.multiply(value, value)) }
      let variance = machine.add(machine.divide(squares, Double(width)), 1e-5)
      let root = machine.special({ 1 / $0.squareRoot() }, variance)
      for (column, value) in centred.enumerated() {
        let scaled = machine.multiply(machine.multiply(value, root), machine.load(weight, column))
        machine.store(machine.add(scaled, machine.load(bias, column)), in: y, row, column)
      }
      // A row without weight and bias has mean 0.
      let plain = (0..<width).map { (y[row, $0] - bias[$0]) / weight[$0] }
      XCTAssertEqual(plain.reduce(0, +), 0, accuracy: 1e-9)
    }
  }

  static var reluCases: [BruteForceCase] {
    [1, 2, 7, 13, 31].flatMap { elements in
      BruteForceFormats.all.map { formats in
        let described = Relu<Count>(elements: Count(elements), formats: formats.formats)
        return BruteForceCase("\(elements), \(formats.name)", .relu(described)) { machine in
          let input = formats.tensor("input", .activations, \.residual, elements)
          let output = formats.tensor("output", .activations, \.residual, elements)
          for index in 0..<elements {
            machine.store(machine.maximum(machine.load(input, index), 0), in: output, index)
            XCTAssertEqual(output[index], (input[index] + abs(input[index])) / 2, accuracy: 1e-15)
          }
        }
      }
    }
  }

  static var linearReluCases: [BruteForceCase] {
    [(1, 5, 3), (3, 2, 7), (5, 3, 2)].flatMap { m, n, k in
      BruteForceFormats.all.flatMap { formats in [false, true].map { layer(m, n, k, formats, hasBias: $0) } }
    }
  }

  private static func layer(_ m: Int, _ n: Int, _ k: Int, _ formats: BruteForceFormats, hasBias: Bool) -> BruteForceCase
  {
    let described = LinearRelu<Count>(
      GEMM(m: Count(m), n: Count(n), k: Count(k), formats: formats.formats, hasBias: hasBias))
    let name = "\(m)×\(k) by \(k)×\(n), \(formats.name), bias \(hasBias)"
    return BruteForceCase(name, .linearRelu(described), matrixUnit: formats.linearUnit) { machine in
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
          machine.store(machine.maximum(sum, 0), in: y, row, column)
        }
      }
    }
  }

  /// Sequences of the same length: as many places as a sequence has tokens.
  static var positionCases: [BruteForceCase] {
    [(1, 1, 5), (3, 2, 3), (2, 5, 2), (1, 7, 3), (5, 1, 7)].flatMap { sequences, tokens, width in
      BruteForceFormats.all.map { formats in
        let described = PositionEmbedding<Count>(
          rows: Count(sequences * tokens), positions: Count(tokens), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(sequences) × \(tokens) × \(width), \(formats.name)", .positionEmbedding(described)) {
          machine in
          let x = formats.tensor("x", .activations, \.residual, sequences, tokens, width)
          let table = formats.tensor("positions", .weights, \.weight, tokens + 4, width)
          let y = formats.tensor("y", .activations, \.residual, sequences, tokens, width)
          for sequence in 0..<sequences {
            for token in 0..<tokens {
              for column in 0..<width {
                // The table's first rows stand for no place.
                let position = machine.load(table, token + 2, column)
                machine.store(
                  machine.add(machine.load(x, sequence, token, column), position), in: y, sequence, token, column)
              }
            }
          }
        }
      }
    }
  }

  static var cacheWriteCases: [BruteForceCase] {
    [(1, 3, 2, 5), (2, 5, 3, 1), (3, 1, 1, 3), (1, 7, 2, 3)].flatMap { batch, tokens, heads, headDim in
      BruteForceFormats.all.map { formats in
        let shape = AttentionShape<Count>(
          batch: Count(batch), queryTokens: Count(tokens), attendedKeys: Count(tokens + 3), heads: Count(2 * heads),
          keyValueHeads: Count(heads), headDim: Count(headDim))
        return BruteForceCase(
          "\(batch) × \(tokens), \(heads) heads of \(headDim), \(formats.name)",
          .keyValueCacheWrite(KeyValueCacheWrite(shape, formats: formats.formats))
        ) { machine in
          for name in ["k", "v"] {
            let new = formats.tensor(name, .activations, \.residual, batch, tokens, heads, headDim)
            let cached = formats.tensor("cached \(name)", .keyValueCache, \.keyValue, batch, tokens, heads, headDim)
            for sequence in 0..<batch {
              for token in 0..<tokens {
                for head in 0..<heads {
                  for column in 0..<headDim {
                    machine.store(
                      machine.load(new, sequence, token, head, column), in: cached, sequence, token, head, column)
                  }
                }
              }
            }
            XCTAssertEqual(new.flattened, cached.flattened)
          }
        }
      }
    }
  }
}
