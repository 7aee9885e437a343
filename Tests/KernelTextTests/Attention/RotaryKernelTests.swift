import Foundation
import RooflineCore
import XCTest

final class RotaryKernelTests: XCTestCase {
  /// All of a head's elements or a part, heads whose halves are no whole packs, one token, an empty and a filled cache.
  private static let cases = [
    RotaryCase(batch: 1, tokens: 1, heads: 1, keyHeads: 1, headDim: 2, turned: 2, capacity: 1, past: 0, block: 32),
    RotaryCase(batch: 2, tokens: 3, heads: 4, keyHeads: 2, headDim: 64, turned: 64, capacity: 9, past: 5, block: 64),
    RotaryCase(batch: 1, tokens: 5, heads: 2, keyHeads: 1, headDim: 128, turned: 128, capacity: 5, past: 0, block: 128),
    RotaryCase(batch: 2, tokens: 2, heads: 3, keyHeads: 3, headDim: 80, turned: 32, capacity: 4, past: 1, block: 96),
    RotaryCase(batch: 3, tokens: 1, heads: 3, keyHeads: 1, headDim: 10, turned: 6, capacity: 20, past: 17, block: 32),
    RotaryCase(batch: 1, tokens: 2, heads: 71, keyHeads: 1, headDim: 64, turned: 64, capacity: 2, past: 0, block: 33),
  ]

  /// The projections wrote keys into the cache, where they turn.
  func testInTheCache() throws {
    for (shape, format) in product(Self.cases, KernelFormat.floatingPoint) {
      var tensors = RotaryTensors(shape, format)
      try tensors.inPlace(keySource: .keyValueCache).check()
    }
  }

  /// In a training step keys are an activation: a cache that the sequence fills.
  func testOfActivations() throws {
    for (shape, format) in product(Self.cases, KernelFormat.floatingPoint) {
      var tensors = RotaryTensors(shape.withoutCache, format)
      try tensors.inPlace(keySource: .activation).check()
    }
  }

  func testOnTheWayToTheCache() throws {
    for (shape, format) in product(Self.cases, KernelFormat.floatingPoint) {
      var tensors = RotaryTensors(shape, format)
      try tensors.cacheWrite().check()
    }
  }
}
