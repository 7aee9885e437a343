import Foundation
import RooflineCore
import TestSupport
import XCTest

/// The gradients of Mamba-2's scan by all that it reads.
final class BruteForceStateSpaceGradientTests: XCTestCase {
  /// Also: what chunks compute from their end is what the steps' derivatives are.
  func testAMamba2ScansGradientsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.cases, .stateSpaceScanGradient)
  }

  /// A scan that goes token after token has no gradient: no training step has one.
  func testStepsHaveNoGradient() {
    let scan = StateSpaceScan<Count>(
      Recurrence(batch: 1, queryTokens: 3, form: .steps, state: .dropped), heads: 2, headDim: 3, groups: 1,
      stateSize: 4, formats: NumberFormats(.bf16))
    XCTAssertNil(StateSpaceScanGradient(scan))
  }

  /// A layer of Nemotron-3-Nano over 4096 tokens, on paper: 32 chunks of 64 heads, two squares of 128 and two rows of
  /// decays in bf16, a state of 64 × 128 in fp32; products are twice the published forward ones.
  func testWhatALayerKeepsAndMultiplies() throws {
    func scan(keeps: Bool) -> StateSpaceScan<Count> {
      StateSpaceScan(
        Recurrence(batch: 1, queryTokens: 4096, form: .chunks(of: 128), state: .dropped), heads: 64, headDim: 64,
        groups: 8, stateSize: 128, isFused: true, keepsScores: keeps, formats: NumberFormats(.bf16))
    }
    let kept = scan(keeps: true).traffic.storeActivation.value - scan(keeps: false).traffic.storeActivation.value
    XCTAssertEqual(kept, 32 * 64 * ((2 * 16_384 + 256) * 2 + 8192 * 4) + 4096 * 64 * 2)
    XCTAssertEqual(
      try XCTUnwrap(StateSpaceScanGradient(scan(keeps: true))).flops.tensor.value, 2 * 13_958_643_712)
  }

  static var cases: [BruteForceCase] {
    let shapes = [(1, 1, 1, 3, 1, 2), (2, 5, 4, 2, 2, 3), (1, 7, 3, 2, 1, 4)]
    return shapes.flatMap { shape in
      BruteForceFormats.all.enumerated().flatMap { index, formats in
        [2, 3].map { chunk in
          let loop = StateSpaceGradientLoop(
            batch: shape.0, tokens: shape.1, heads: shape.2, headDim: shape.3, groups: shape.4, stateSize: shape.5,
            chunk: chunk, isFused: index.isMultiple(of: 2), formats: formats)
          return BruteForceCase(
            "\(shape) chunk \(chunk) fused \(loop.isFused), \(formats.name)", loop.described,
            matrixUnit: formats.formats.residual, execute: loop.execute)
        }
      }
    }
  }
}
