import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceElementwiseTests: XCTestCase {
  func testSiluAndMulCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.siluAndMulCases, .siluAndMul) }

  func testGeluCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.geluCases, .gelu) }

  func testGeluAndMulCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.geluAndMulCases, .geluAndMul) }

  func testQuantizationCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.quantizeCases, .quantize) }
  func testSoftcapCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.softcapCases, .softcap) }

  func testScaleCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.scaleCases, .scale) }

  func testResidualAddCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.residualAddCases, .residualAdd) }

  private static func cases(_ make: (_ elements: Int, _ formats: BruteForceFormats) -> BruteForceCase)
    -> [BruteForceCase]
  {
    [1, 2, 7, 13, 31].flatMap { elements in BruteForceFormats.all.map { make(elements, $0) } }
  }

  static var siluAndMulCases: [BruteForceCase] {
    cases { elements, formats in
      let described = GatedActivation<Count>(.silu, rows: Count(elements), width: 1, formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .gatedActivation(described)) { machine in
        let gate = formats.tensor("gate", .activations, \.residual, elements)
        let up = formats.tensor("up", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          let value = machine.load(gate, index)
          // The sign is a modifier of the exponent's operand, not an operation.
          let silu = machine.divide(value, machine.add(1, machine.special(exp, -value)))
          machine.store(machine.multiply(silu, machine.load(up, index)), in: output, index)
          // x·σ(x), with σ by way of tanh.
          XCTAssertEqual(output[index], value * (1 + tanh(value / 2)) / 2 * up[index], accuracy: 1e-12)
        }
      }
    }
  }

  static var geluCases: [BruteForceCase] {
    cases { elements, formats in
      let described = Gelu<Count>(elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .gelu(described)) { machine in
        let input = formats.tensor("input", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          let x = machine.load(input, index)
          let cube = machine.multiply(machine.multiply(x, x), x)
          let sum = machine.add(x, machine.multiply(0.044715, cube))
          let inner = machine.multiply((2 / Double.pi).squareRoot(), sum)
          let outer = machine.add(1, machine.special(tanh, inner))
          machine.store(machine.multiply(machine.multiply(0.5, x), outer), in: output, index)
          // x·Φ(x), which the tanh form approximates.
          XCTAssertEqual(output[index], x * (1 + erf(x / 2.squareRoot())) / 2, accuracy: 1e-3)
        }
      }
    }
  }

  static var geluAndMulCases: [BruteForceCase] {
    cases { elements, formats in
      let described = GatedActivation<Count>(.gelu, rows: 1, width: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .gatedActivation(described)) { machine in
        let gate = formats.tensor("gate", .activations, \.residual, elements)
        let up = formats.tensor("up", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          let x = machine.load(gate, index)
          let cube = machine.multiply(machine.multiply(x, x), x)
          let inner = machine.multiply(
            (2 / Double.pi).squareRoot(), machine.add(x, machine.multiply(0.044715, cube)))
          let gelu = machine.multiply(machine.multiply(0.5, x), machine.add(1, machine.special(tanh, inner)))
          machine.store(machine.multiply(gelu, machine.load(up, index)), in: output, index)
          XCTAssertEqual(output[index], x * (1 + erf(x / 2.squareRoot())) / 2 * up[index], accuracy: 1e-2)
        }
      }
    }
  }

  static var quantizeCases: [BruteForceCase] {
    cases { elements, formats in
      let described = Quantize<Count>(rows: 1, width: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .quantize(described)) { machine in
        let input = formats.tensor("input", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.activation, elements)
        for index in 0..<elements {
          machine.store(machine.multiply(1 / 0.25, machine.load(input, index)), in: output, index)
          XCTAssertEqual(output[index] * 0.25, input[index], accuracy: 1e-12)
        }
      }
    }
  }

  static var softcapCases: [BruteForceCase] {
    cases { elements, formats in
      let described = Softcap<Count>(elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .softcap(described)) { machine in
        let input = formats.tensor("input", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          let capped = machine.special(tanh, machine.multiply(machine.load(input, index), 1 / 50))
          machine.store(machine.multiply(50, capped), in: output, index)
          // Within the cap, and by the odd exponentials' quotient.
          let e = exp(2 * input[index] / 50)
          XCTAssertEqual(output[index], 50 * (e - 1) / (e + 1), accuracy: 1e-9)
        }
      }
    }
  }

  static var scaleCases: [BruteForceCase] {
    cases { elements, formats in
      let described = Scale<Count>(elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .scale(described)) { machine in
        let input = formats.tensor("input", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          machine.store(machine.multiply(48, machine.load(input, index)), in: output, index)
          XCTAssertEqual(output[index] / 48, input[index], accuracy: 1e-12)
        }
      }
    }
  }

  static var residualAddCases: [BruteForceCase] {
    [false, true].flatMap { isScaled in
      cases { elements, formats in
        let described = ResidualAdd<Count>(elements: Count(elements), isScaled: isScaled, formats: formats.formats)
        return BruteForceCase("\(elements) scaled \(isScaled), \(formats.name)", .residualAdd(described)) { machine in
          let input = formats.tensor("input", .activations, \.residual, elements)
          let residual = formats.tensor("residual", .activations, \.residual, elements)
          let output = formats.tensor("output", .activations, \.residual, elements)
          for index in 0..<elements {
            var (x, y) = (machine.load(input, index), machine.load(residual, index))
            if isScaled { (x, y) = (machine.multiply(x, 0.5), machine.multiply(y, 3.5)) }
            machine.store(machine.add(x, y), in: output, index)
          }
        }
      }
    }
  }
}
