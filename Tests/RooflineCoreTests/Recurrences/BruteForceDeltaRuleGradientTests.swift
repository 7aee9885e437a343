import RooflineCore
import TestSupport
import XCTest

final class BruteForceDeltaRuleGradientTests: XCTestCase {
  /// Also: what chunks compute are the derivatives of what steps compute.
  func testADeltaRulesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.cases, .deltaRuleGradient)
  }

  static var cases: [BruteForceCase] {
    DeltaRuleShape.all.flatMap { shape in
      BruteForceFormats.all.enumerated().flatMap { index, formats in
        [1, 3, 4].flatMap { chunk in
          [DeltaRule<Count>.Decay.head, .channel].flatMap { decay in
            [false, true].compactMap {
              make(shape, chunk: chunk, decay, isFused: $0, formats, checksValues: index == 0)
            }
          }
        }
      }
    }
  }

  private static func make(
    _ shape: DeltaRuleShape, chunk: Int, _ decay: DeltaRule<Count>.Decay, isFused: Bool, _ formats: BruteForceFormats,
    checksValues: Bool
  ) -> BruteForceCase? {
    let rule = DeltaRule<Count>(
      Recurrence(
        batch: Count(shape.batch), queryTokens: Count(shape.tokens), form: .chunks(of: Count(chunk)), state: .dropped),
      keyHeads: Count(shape.keyHeads), valueHeads: Count(shape.valueHeads), keyDim: Count(shape.keyDim),
      valueDim: Count(shape.valueDim), decay: decay, isFused: isFused, keepsChunks: true, formats: formats.formats)
    guard let described = DeltaRuleGradient(rule) else { return nil }
    let scene = DeltaRuleScene(shape, chunk: chunk, isByChannel: decay == .channel, isFused: isFused, formats)
    return BruteForceCase(
      "\(shape) chunk \(chunk) \(decay) fused \(isFused), \(formats.name)", .deltaRuleGradient(described),
      matrixUnit: formats.formats.residual
    ) { machine in
      scene.forward()
      scene.backward(machine)
      if checksValues { scene.check() }
    }
  }

  /// Token after token nobody trains.
  func testStepsHaveNoGradient() {
    let rule = DeltaRule<Count>(
      Recurrence(batch: 1, queryTokens: 1, form: .steps, state: .dropped), keyHeads: 1, valueHeads: 1, keyDim: 2,
      valueDim: 2, decay: .head, formats: NumberFormats(.bf16))
    guard case .unknown = rule.gradients else { return XCTFail("steps have a gradient") }
  }
}
