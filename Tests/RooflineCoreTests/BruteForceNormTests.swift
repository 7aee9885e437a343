import RooflineCore
import TestSupport
import XCTest

final class BruteForceNormTests: XCTestCase {
  func testRMSNormCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.rmsNormCases, .rmsNorm) }

  func testLayerNormCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.layerNormCases, .layerNorm) }

  func testAddRMSNormCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.addRMSNormCases, .addRMSNorm) }

  private static let epsilon = 1e-5

  private static func cases(
    _ make: (_ rows: Int, _ width: Int, _ formats: BruteForceFormats) -> BruteForceCase
  ) -> [BruteForceCase] {
    [(1, 7), (2, 3), (3, 5), (5, 2), (11, 1), (3, 13)].flatMap { rows, width in
      BruteForceFormats.all.map { make(rows, width, $0) }
    }
  }

  /// Each shape twice: in inference, and in a training step, which keeps the rows' roots.
  private static func normCases(
    _ make: (_ rows: Int, _ width: Int, _ formats: BruteForceFormats, _ keepsRoot: Bool) -> BruteForceCase
  ) -> [BruteForceCase] {
    [false, true].flatMap { keepsRoot in cases { make($0, $1, $2, keepsRoot) } }
  }

  static var rmsNormCases: [BruteForceCase] { weightedCases + plainCases }

  /// Without a weight: x · rsqrt(mean(x²) + ε).
  private static var plainCases: [BruteForceCase] {
    cases { rows, width, formats in
      let described = RMSNorm<Count>(
        rows: Count(rows), width: Count(width), hasWeight: false, formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(formats.name), plain", .rmsNorm(described)) { machine in
        let x = formats.tensor("x", .activations, \.residual, rows, width)
        let y = formats.tensor("y", .activations, \.residual, rows, width)
        for row in 0..<rows {
          let values = (0..<width).map { machine.load(x, row, $0) }
          var sum = 0.0
          for value in values { sum = machine.add(sum, machine.multiply(value, value)) }
          let mean = machine.add(machine.divide(sum, Double(width)), 1e-6)
          let root = machine.special({ 1 / $0.squareRoot() }, mean)
          for (column, value) in values.enumerated() {
            machine.store(machine.multiply(value, root), in: y, row, column)
          }
        }
      }
    }
  }

  private static var weightedCases: [BruteForceCase] {
    normCases { rows, width, formats, keepsRoot in
      let described = RMSNorm<Count>(
        rows: Count(rows), width: Count(width), keepsRoot: keepsRoot, formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(formats.name), keeps \(keepsRoot)", .rmsNorm(described)) { machine in
        let roots = keepsRoot ? formats.tensor("rrms", .activations, \.residual, rows) : nil
        let x = formats.tensor("x", .activations, \.residual, rows, width)
        let weight = formats.tensor("weight", .weights, \.residual, width)
        let y = formats.tensor("y", .activations, \.residual, rows, width)
        for row in 0..<rows {
          let values = (0..<width).map { machine.load(x, row, $0) }
          normalize(machine, values, weight, into: y, row: row, keeping: roots)
        }
        checkRMSNorm(y, of: x, weight)
      }
    }
  }

  static var addRMSNormCases: [BruteForceCase] {
    normCases { rows, width, formats, keepsRoot in
      let described = AddRMSNorm<Count>(
        rows: Count(rows), width: Count(width), keepsRoot: keepsRoot, formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(formats.name), keeps \(keepsRoot)", .addRMSNorm(described)) {
        machine in
        let roots = keepsRoot ? formats.tensor("rrms", .activations, \.residual, rows) : nil
        let x = formats.tensor("x", .activations, \.residual, rows, width)
        let residual = formats.tensor("residual", .activations, \.residual, rows, width)
        let weight = formats.tensor("weight", .weights, \.residual, width)
        let sum = formats.tensor("sum", .activations, \.residual, rows, width)
        let y = formats.tensor("y", .activations, \.residual, rows, width)
        for row in 0..<rows {
          var values: [Double] = []
          for column in 0..<width {
            let value = machine.add(machine.load(x, row, column), machine.load(residual, row, column))
            machine.store(value, in: sum, row, column)
            values.append(value)
          }
          normalize(machine, values, weight, into: y, row: row, keeping: roots)
        }
        checkRMSNorm(y, of: sum, weight)
      }
    }
  }

  /// x · rsqrt(mean(x²) + ε) · weight, an operation at a time.
  private static func normalize(
    _ machine: CountingMachine, _ values: [Double], _ weight: DeviceTensor, into y: DeviceTensor, row: Int,
    keeping roots: DeviceTensor?
  ) {
    var squares = 0.0
    for value in values { squares = machine.add(squares, machine.multiply(value, value)) }
    let mean = machine.divide(squares, Double(values.count))
    let root = machine.special(reciprocalRoot, machine.add(mean, epsilon))
    if let roots { machine.store(root, in: roots, row) }
    for (column, value) in values.enumerated() {
      let scaled = machine.multiply(value, root)
      machine.store(machine.multiply(scaled, machine.load(weight, column)), in: y, row, column)
    }
  }

  private static func reciprocalRoot(_ value: Double) -> Double { 1 / value.squareRoot() }

  /// Without its weight, a row has a mean square of 1, save for ε.
  private static func checkRMSNorm(_ y: DeviceTensor, of x: DeviceTensor, _ weight: DeviceTensor) {
    let width = weight.shape[0]
    for row in 0..<x.shape[0] {
      let plain = (0..<width).map { y[row, $0] / weight[$0] }
      let meanSquare = (0..<width).map { x[row, $0] * x[row, $0] }.reduce(0, +) / Double(width)
      XCTAssertEqual(
        plain.map { $0 * $0 }.reduce(0, +) / Double(width), meanSquare / (meanSquare + epsilon), accuracy: 1e-9)
      for column in 0..<width { XCTAssertEqual(plain[column].sign, x[row, column].sign) }
    }
  }

  static var layerNormCases: [BruteForceCase] {
    cases { rows, width, formats in
      let described = LayerNorm<Count>(rows: Count(rows), width: Count(width), formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(formats.name)", .layerNorm(described)) { machine in
        let x = formats.tensor("x", .activations, \.residual, rows, width)
        let weight = formats.tensor("weight", .weights, \.residual, width)
        let bias = formats.tensor("bias", .weights, \.residual, width)
        let y = formats.tensor("y", .activations, \.residual, rows, width)
        for row in 0..<rows {
          let values = (0..<width).map { machine.load(x, row, $0) }
          var sum = 0.0
          for value in values { sum = machine.add(sum, value) }
          let mean = machine.divide(sum, Double(width))
          let centred = values.map { machine.subtract($0, mean) }
          var squares = 0.0
          for value in centred { squares = machine.add(squares, machine.multiply(value, value)) }
          let variance = machine.divide(squares, Double(width))
          let root = machine.special(reciprocalRoot, machine.add(variance, epsilon))
          for (column, value) in centred.enumerated() {
            let scaled = machine.multiply(machine.multiply(value, root), machine.load(weight, column))
            machine.store(machine.add(scaled, machine.load(bias, column)), in: y, row, column)
          }
        }
        checkLayerNorm(y, of: x, weight, bias)
      }
    }
  }

  /// Without weight and bias, a row has mean 0 and variance 1, save for ε.
  private static func checkLayerNorm(
    _ y: DeviceTensor, of x: DeviceTensor, _ weight: DeviceTensor, _ bias: DeviceTensor
  ) {
    let width = weight.shape[0]
    for row in 0..<y.shape[0] {
      let plain = (0..<width).map { (y[row, $0] - bias[$0]) / weight[$0] }
      XCTAssertEqual(plain.reduce(0, +), 0, accuracy: 1e-9)
      let source = (0..<width).map { x[row, $0] }
      let mean = source.reduce(0, +) / Double(width)
      let variance = source.map { $0 * $0 }.reduce(0, +) / Double(width) - mean * mean
      XCTAssertEqual(
        plain.map { $0 * $0 }.reduce(0, +) / Double(width), variance / (variance + epsilon), accuracy: 1e-9)
    }
  }
}
