import Foundation
import RooflineCore
import XCTest

final class SoftmaxKernelTests: XCTestCase {
  func testTheNotesCases() throws {
    for (shape, format) in product(RowShape.layerNormCases, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.rows * 1000 + shape.width))
      try softmax(shape, format, random.next(shape.rows * shape.width, format, in: -8...8), scale: 0.5).check()
    }
  }

  func testTheEdges() throws {
    for (shape, format) in product(RowShape.edges, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.rows * 1000 + shape.width))
      try softmax(shape, format, random.next(shape.rows * shape.width, format, in: -8...8), scale: 1).check()
    }
  }

  /// A score whose exponential overflows unless the row's maximum is subtracted, in each lane of each warp in turn: every
  /// thread must learn the maximum of every other.
  func testTheMaximumReachesEveryThread() throws {
    let width = 64 * 4
    var random = RandomElements(seed: 9)
    var scores = random.next(width * width, .f32, in: -1...1)
    for row in 0..<width { scores[row * width + row] = 300 }
    // A pack of four elements a thread: each row's peak is another thread's.
    let everyFourth = stride(from: 0, to: width, by: 4).flatMap { Array(scores[$0 * width..<($0 + 1) * width]) }
    try softmax(RowShape(rows: width / 4, width: width, block: 64), .f32, everyFourth, scale: 1).check()
  }

  /// Masked scores are −∞: their probability is 0, also where a thread has no other.
  func testMaskedScores() throws {
    for (format, width) in product(KernelFormat.floatingPoint, [40, 2000]) {
      var random = RandomElements(seed: 10)
      var scores = random.next(2 * width, format, in: -8...8)
      for column in 1..<width { scores[column] = -.infinity }
      for column in stride(from: 0, to: width, by: 3) { scores[width + column] = -.infinity }
      try softmax(RowShape(rows: 2, width: width, block: 64), format, scores, scale: 1).check()
    }
  }

  /// One row as wide as a large vocabulary, and odd.
  func testAVocabularyOfScores() throws {
    let shape = RowShape(rows: 1, width: 128_257, block: 1024)
    var random = RandomElements(seed: 11)
    try softmax(shape, .f32, random.next(shape.width, .f32, in: -8...8), scale: 1).check(orders: [.shuffled(seed: 2)])
  }

  private func softmax(_ shape: RowShape, _ format: KernelFormat, _ scores: [Double], scale: Double) -> KernelCase {
    let probabilities = rows(scores, shape.width).flatMap { row -> [Double] in
      let top = row.max() ?? 0
      let powers = row.map { exp(scale * ($0 - top)) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
    return KernelCase(
      kernel: "softmax_\(format)", grid: (shape.rows, 1), block: shape.block,
      arguments: [
        .tensor(.input(.scores, format, scores, shift: shape.shift)),
        .tensor(.output(.probabilities, format, probabilities, relativeError: 5e-6, shift: shape.shift)),
        .int32(shape.width), .int32(shape.width), .float(scale),
      ],
      operands: Softmax(
        elements: Count(shape.rows) * Count(shape.width), width: Count(shape.width),
        formats: NumberFormats(format.dtype)
      ).operands
    )
  }
}
