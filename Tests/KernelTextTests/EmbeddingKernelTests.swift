import RooflineCore
import XCTest

final class EmbeddingKernelTests: XCTestCase {
  /// One token; odd and huge widths; a part of the vocabulary, of which some tokens, or none, are.
  func testGatheredRows() throws {
    let cases = [
      (ids: [0], width: 1, firstRow: 0, rows: 1, block: 32),
      (ids: [4, 0, 2], width: 77, firstRow: 0, rows: 5, block: 64),
      (ids: [9, 3, 5, 12, 0], width: 128, firstRow: 4, rows: 7, block: 32),
      (ids: [1, 2], width: 64, firstRow: 10, rows: 3, block: 48),
      (ids: [2], width: 16_384, firstRow: 0, rows: 3, block: 256),
    ]
    for (shape, format) in product(cases, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.width))
      let table = random.next(shape.rows * shape.width, format)
      let own = shape.ids.map { (shape.firstRow..<shape.firstRow + shape.rows).contains($0) }
      let gathered = zip(shape.ids, own).flatMap { id, isOwn -> [Double] in
        guard isOwn else { return [Double](repeating: 0, count: shape.width) }
        return Array(table[(id - shape.firstRow) * shape.width..<(id - shape.firstRow + 1) * shape.width])
      }
      // Tokens differ: the operator counts a repeated one's row again, a set of bytes does not.
      XCTAssertEqual(Set(shape.ids).count, shape.ids.count)
      try KernelCase(
        kernel: "embedding_\(format)", grid: (shape.ids.count, 1), block: shape.block,
        arguments: [
          .tensor(.input(.tokenIDs, .int32, shape.ids.map(Double.init))), .tensor(.input(.rows, format, table)),
          .tensor(.output(.output, format, gathered, relativeError: 0)), .int32(shape.width), .int32(shape.firstRow),
          .int32(shape.rows),
        ],
        operands: Embedding(
          tokens: Count(shape.ids.count), ownRows: Count(own.filter { $0 }.count), width: Count(shape.width),
          formats: NumberFormats(format.dtype)
        ).operands
      ).check()
    }
  }
}
