import RooflineCore
import TestSupport
import XCTest

final class BruteForceNormGradientTests: XCTestCase {
  func testTheInputsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.inputCases, .rmsNormInputGradient)
  }

  func testTheWeightsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.weightCases, .rmsNormWeightGradient)
  }

  private static func norms() -> [Norm] {
    [(1, 7), (2, 3), (3, 5), (5, 2), (11, 1)].flatMap { rows, width in
      BruteForceFormats.all.map { Norm(rows: rows, width: width, formats: $0) }
    }
  }

  static var inputCases: [BruteForceCase] {
    norms().flatMap { norm in
      [(false, true), (true, true), (false, false), (true, false)].map { addsResidual, hasWeight in
        let described = RMSNormGradient<Count>(
          rows: Count(norm.rows), width: Count(norm.width), by: .input, addsResidual: addsResidual,
          hasWeight: hasWeight, formats: norm.formats.formats)
        let name = "\(norm.name), residual \(addsResidual), weight \(hasWeight)"
        return BruteForceCase(name, .rmsNormGradient(described)) {
          norm.inputGradient($0, addsResidual: addsResidual, hasWeight: hasWeight)
        }
      }
    }
  }

  static var weightCases: [BruteForceCase] {
    norms().map { norm in
      let described = RMSNormGradient<Count>(
        rows: Count(norm.rows), width: Count(norm.width), by: .weight, formats: norm.formats.formats)
      return BruteForceCase(norm.name, .rmsNormGradient(described), execute: norm.weightGradient)
    }
  }

  /// y = x · rrms · γ, and the loss Σ dY·y; where the residual stream goes on beside the norm, plus Σ dR·x.
  private struct Norm {
    let rows, width: Int
    let formats: BruteForceFormats
    private let epsilon = 1e-5

    init(rows: Int, width: Int, formats: BruteForceFormats) {
      (self.rows, self.width, self.formats) = (rows, width, formats)
    }

    var name: String { "\(rows)×\(width), \(formats.name)" }
    private var x: DeviceTensor { formats.tensor("x", .activations, \.residual, rows, width) }
    private var weight: DeviceTensor { formats.tensor("γ", .weights, \.residual, width) }
    private var outputGradient: DeviceTensor { formats.tensor("dY", .activations, \.residual, rows, width) }
    private var residualGradient: DeviceTensor { formats.tensor("dR", .activations, \.residual, rows, width) }

    /// What the forward pass kept.
    private var roots: DeviceTensor {
      let roots = formats.tensor("rrms", .activations, \.residual, rows)
      let values = x.flattened
      for row in 0..<rows { roots[[row]] = root(values, row) }
      return roots
    }

    private func root(_ x: [Double], _ row: Int) -> Double {
      var squares = 0.0
      for column in 0..<width { squares += x[row * width + column] * x[row * width + column] }
      return 1 / (squares / Double(width) + epsilon).squareRoot()
    }

    private func loss(_ x: [Double], _ weight: [Double], addsResidual: Bool) -> Double {
      let (dY, dR) = (outputGradient, residualGradient)
      var loss = 0.0
      for row in 0..<rows {
        let root = root(x, row)
        for column in 0..<width {
          let element = x[row * width + column]
          loss += dY[row, column] * element * root * weight[column]
          if addsResidual { loss += dR[row, column] * element }
        }
      }
      return loss
    }

    private func check(_ gradient: DeviceTensor, _ expected: [Double]) {
      // The differences' error grows with the third power of the root, which is large for the rows of one small element.
      for (found, right) in zip(gradient.flattened, expected) {
        XCTAssertEqual(found, right, accuracy: 1e-6 * max(1, abs(right)), name)
      }
    }

    /// dx = dy·γ·rrms − x/w · Σ(dy·γ·x·rrms³), as the owner's note writes it.
    func inputGradient(_ machine: CountingMachine, addsResidual: Bool, hasWeight: Bool) {
      let (x, weight, dY, dR, roots) = (x, weight, outputGradient, residualGradient, roots)
      let dX = formats.tensor("dX", .activations, \.residual, rows, width)
      for row in 0..<rows {
        let root = machine.load(roots, row)
        let cube = machine.multiply(machine.multiply(root, root), root)
        var (scaled, sum) = ([Double](), 0.0)
        for column in 0..<width {
          let gradient = machine.load(dY, row, column)
          let product = hasWeight ? machine.multiply(gradient, machine.load(weight, column)) : gradient
          scaled.append(machine.multiply(product, root))
          let term = machine.multiply(machine.multiply(product, machine.load(x, row, column)), cube)
          sum = machine.add(sum, term)
        }
        for column in 0..<width {
          let share = machine.divide(machine.load(x, row, column), Double(width))
          var element = machine.subtract(scaled[column], machine.multiply(share, sum))
          if addsResidual { element = machine.add(element, machine.load(dR, row, column)) }
          machine.store(element, in: dX, row, column)
        }
      }
      let weights = hasWeight ? weight.flattened : Array(repeating: 1, count: width)
      check(dX, NumericalGradient.of({ loss($0, weights, addsResidual: addsResidual) }, at: x.flattened))
    }

    func weightGradient(_ machine: CountingMachine) {
      let (x, dY, roots) = (x, outputGradient, roots)
      let dWeight = formats.tensor("dγ", .activations, \.residual, width)
      for column in 0..<width {
        var sum = 0.0
        for row in 0..<rows {
          let scaled = machine.multiply(machine.load(dY, row, column), machine.load(roots, row))
          sum = machine.add(sum, machine.multiply(scaled, machine.load(x, row, column)))
        }
        machine.store(sum, in: dWeight, column)
      }
      check(
        dWeight, NumericalGradient.of({ loss(x.flattened, $0, addsResidual: false) }, at: weight.flattened))
    }
  }
}
