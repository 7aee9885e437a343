import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of what stands around a recurrence: convolution, gated norm, scaled additions.
final class BruteForceMixerGradientTests: XCTestCase {
  func testAConvolutionsGradientsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.convolutionCases, .causalConvolutionGradient)
  }

  func testAGatedNormsGradientsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.normCases, .gatedRMSNormGradient)
  }

  func testAScaledAdditionsGradientsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.scaledAddCases, .scaledAddGradient)
  }

  /// What a training step's forward pass stores beside its results: a sum an element, a root a row.
  func testTheForwardPassStoresWhatTheGradientsRead() {
    let formats = NumberFormats(.bf16)
    let stored = [false, true].map { keeps in
      (
        CausalConvolution<Count>(
          batch: 2, queryTokens: 5, channels: 6, taps: 4, keepsSums: keeps, state: .dropped, formats: formats
        ).traffic.storeActivation.value,
        GatedRMSNorm<Count>(
          rows: 6, width: 10, weightElements: 20, gate: .silu, keepsRoot: keeps, formats: formats
        ).traffic.storeActivation.value
      )
    }
    XCTAssertEqual(stored[0].0, 2 * 5 * 6 * 2)
    XCTAssertEqual(stored[1].0, 2 * 2 * 5 * 6 * 2)
    XCTAssertEqual(stored[0].1, 6 * 10 * 2)
    XCTAssertEqual(stored[1].1, 6 * 10 * 2 + 6 * 2)
  }

  static func check(_ gradient: DeviceTensor, _ expected: [Double], _ name: String) {
    XCTAssertEqual(gradient.flattened.count, expected.count, name)
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: 1e-5 * max(1, abs(right)), name)
    }
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  // MARK: convolution

  static var convolutionCases: [BruteForceCase] {
    [(1, 1, 5, 4), (2, 3, 4, 4), (3, 5, 2, 2), (1, 9, 3, 3), (2, 2, 3, 1)].flatMap { shape in
      BruteForceFormats.all.enumerated().map { index, formats in
        let loop = ConvolutionLoop(
          batch: shape.0, tokens: shape.1, channels: shape.2, taps: shape.3, hasBias: index.isMultiple(of: 2),
          formats: formats)
        let described = CausalConvolution<Count>(
          batch: Count(loop.batch), queryTokens: Count(loop.tokens), channels: Count(loop.channels),
          taps: Count(loop.taps), hasBias: loop.hasBias, state: .dropped, formats: formats.formats)
        return BruteForceCase(
          "\(shape) bias \(loop.hasBias), \(formats.name)",
          .causalConvolutionGradient(CausalConvolutionGradient(described)), execute: loop.execute)
      }
    }
  }

  private struct ConvolutionLoop {
    let batch, tokens, channels, taps: Int
    let hasBias: Bool
    let formats: BruteForceFormats

    private func tensor(_ name: String) -> DeviceTensor {
      formats.tensor(name, .activations, \.residual, batch, tokens, channels)
    }

    /// What silu is taken of: the tap K − 1 meets the token itself, the one before it the token before.
    private func sums(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> [Double] {
      var sums: [Double] = []
      for sequence in 0..<batch {
        for token in 0..<tokens {
          for channel in 0..<channels {
            var sum = hasBias ? bias[channel] : 0
            for tap in 0..<taps where token - (taps - 1) + tap >= 0 {
              let place = (sequence * tokens + token - (taps - 1) + tap) * channels + channel
              sum += x[place] * weight[channel * taps + tap]
            }
            sums.append(sum)
          }
        }
      }
      return sums
    }

    func execute(_ machine: CountingMachine) {
      let (x, dY, dX, kept) = (tensor("x"), tensor("dY"), tensor("dX"), tensor("sums"))
      let weight = formats.tensor("weight", .weights, \.residual, channels, taps)
      let bias = formats.tensor("bias", .weights, \.residual, channels)
      let dWeight = formats.tensor("dWeight", .activations, \.residual, channels, taps)
      let dBias = formats.tensor("dBias", .activations, \.residual, channels)
      for (index, sum) in sums(x.flattened, weight.flattened, bias.flattened).enumerated() {
        kept[[index / channels / tokens, index / channels % tokens, index % channels]] = sum
      }
      for channel in 0..<channels {
        var ofTaps = Array(repeating: 0.0, count: taps)
        var ofBias = 0.0
        for sequence in 0..<batch {
          // Zeros lie before the inputs, and behind the outputs.
          var inputs = Array(repeating: 0.0, count: taps - 1)
          var outputs: [Double] = []
          for token in 0..<tokens {
            inputs.append(machine.load(x, sequence, token, channel))
            let u = machine.load(kept, sequence, token, channel)
            let share = machine.divide(1, machine.add(1, machine.special(exp, -u)))
            let own = machine.multiply(machine.load(dY, sequence, token, channel), share)
            outputs.append(
              machine.multiply(own, machine.add(1, machine.multiply(u, machine.subtract(1, share)))))
          }
          outputs += Array(repeating: 0, count: taps - 1)
          for token in 0..<tokens {
            var sum = 0.0
            for tap in 0..<taps {
              sum = machine.add(
                sum, machine.multiply(outputs[token + taps - 1 - tap], machine.load(weight, channel, tap)))
              ofTaps[tap] = machine.add(ofTaps[tap], machine.multiply(outputs[token], inputs[token + tap]))
            }
            if hasBias { ofBias = machine.add(ofBias, outputs[token]) }
            machine.store(sum, in: dX, sequence, token, channel)
          }
        }
        for tap in 0..<taps { machine.store(ofTaps[tap], in: dWeight, channel, tap) }
        if hasBias { machine.store(ofBias, in: dBias, channel) }
      }
      func loss(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> Double {
        zip(sums(x, weight, bias), dY.flattened).reduce(0) { $0 + $1.0 * sigmoid($1.0) * $1.1 }
      }
      let point = (x.flattened, weight.flattened, bias.flattened)
      check(dX, NumericalGradient.of({ loss($0, point.1, point.2) }, at: point.0), "convolution's input")
      check(dWeight, NumericalGradient.of({ loss(point.0, $0, point.2) }, at: point.1), "taps")
      if hasBias { check(dBias, NumericalGradient.of({ loss(point.0, point.1, $0) }, at: point.2), "bias") }
    }
  }

  // MARK: scaled addition

  static var scaledAddCases: [BruteForceCase] {
    [1, 2, 7].flatMap { elements in
      BruteForceFormats.all.map { formats in
        let described = ScaledAddGradient<Count>(elements: Count(elements), formats: formats.formats)
        return BruteForceCase("\(elements), \(formats.name)", .scaledAddGradient(described)) { machine in
          func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, elements) }
          let (dY, dX, dR) = (tensor("dY"), tensor("dX"), tensor("dR"))
          for index in 0..<elements {
            let d = machine.load(dY, index)
            machine.store(machine.multiply(0.3, d), in: dX, index)
            machine.store(machine.multiply(0.7, d), in: dR, index)
          }
          func loss(_ x: [Double], _ r: [Double]) -> Double {
            x.indices.reduce(0) { $0 + dY[$1] * (0.3 * x[$1] + 0.7 * r[$1]) }
          }
          let (x, r) = (tensor("x").flattened, tensor("r").flattened)
          check(dX, NumericalGradient.of({ loss($0, r) }, at: x), "branch")
          check(dR, NumericalGradient.of({ loss(x, $0) }, at: r), "stream")
        }
      }
    }
  }

  // MARK: gated norm

  /// A gate behind the norm, and one in front of it, cost the same.
  static var normCases: [BruteForceCase] {
    [(1, 7, 1), (6, 3, 2), (4, 5, 4)].flatMap { rows, width, groups in
      BruteForceFormats.all.flatMap { formats in
        [(GatedRMSNorm<Count>.Gate.silu, false), (.silu, true), (.sigmoid, false), (.sigmoid, true)].map {
          gate, isBefore in
          let loop = GatedNormGradientLoop(
            rows: rows, width: width, groups: groups, isSilu: gate == .silu, isBefore: isBefore, formats: formats)
          let described = GatedRMSNorm<Count>(
            rows: Count(rows), width: Count(width), weightElements: Count(groups * width), gate: gate,
            formats: formats.formats)
          return BruteForceCase(
            "\(rows)×\(width) of \(groups) \(gate) before \(isBefore), \(formats.name)",
            .gatedRMSNormGradient(GatedRMSNormGradient(described)), execute: loop.execute)
        }
      }
    }
  }
}
