import RooflineCore
import XCTest

final class NormKernelTests: XCTestCase {
  private let epsilon = 1e-5

  func testRMSNormOfTheNotesCases() throws { try checkRMSNorm(RowShape.rmsNormCases) }
  func testRMSNormAtTheEdges() throws { try checkRMSNorm(RowShape.edges) }
  func testLayerNormOfTheNotesCases() throws { try checkLayerNorm(RowShape.layerNormCases) }
  func testLayerNormAtTheEdges() throws { try checkLayerNorm(RowShape.edges) }
  func testAddRMSNormOfTheNotesCases() throws { try checkAddRMSNorm(RowShape.rmsNormCases) }
  func testAddRMSNormAtTheEdges() throws { try checkAddRMSNorm(RowShape.edges) }

  /// A mean far above the deviations: the variance as a difference of two sums would be noise.
  func testLayerNormOfARowFarFromZero() throws {
    var random = RandomElements(seed: 4)
    let x = random.next(512, .f32, in: 1000...1001)
    try layerNorm(RowShape(rows: 1, width: 512, block: 64), .f32, x, absoluteError: 1e-3, &random).check()
  }

  private func checkRMSNorm(_ shapes: [RowShape], file: StaticString = #filePath, line: UInt = #line) throws {
    for (shape, format) in product(shapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.rows * 1000 + shape.width))
      let x = random.next(shape.rows * shape.width, format)
      let weight = random.next(shape.width, format, in: 0.5...1.5)
      let y = rmsNorm(x, weight)
      try KernelCase(
        kernel: "rmsnorm_\(format)", grid: (shape.rows, 1), block: shape.block,
        arguments: [
          .tensor(.input(.input, format, x, shift: shape.shift)),
          .tensor(.input(.weight, format, weight, shift: shape.shift)),
          .tensor(.output(.output, format, y, relativeError: 2e-6, shift: shape.shift)), .int32(shape.width),
          .float(epsilon),
        ],
        operands: RMSNorm(rows: Count(shape.rows), width: Count(shape.width), formats: NumberFormats(format.dtype))
          .operands
      ).check(file: file, line: line)
    }
  }

  private func checkLayerNorm(_ shapes: [RowShape], file: StaticString = #filePath, line: UInt = #line) throws {
    for (shape, format) in product(shapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.rows * 1000 + shape.width))
      let x = random.next(shape.rows * shape.width, format)
      try layerNorm(shape, format, x, absoluteError: 4e-6, &random).check(file: file, line: line)
    }
  }

  private func layerNorm(
    _ shape: RowShape, _ format: KernelFormat, _ x: [Double], absoluteError: Double, _ random: inout RandomElements
  ) -> KernelCase {
    let weight = random.next(shape.width, format, in: 0.5...1.5)
    let bias = random.next(shape.width, format)
    var y: [Double] = []
    for row in rows(x, shape.width) {
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let deviation = (variance + epsilon).squareRoot()
      for (column, value) in Array(row).enumerated() {
        y.append((value - mean) / deviation * weight[column] + bias[column])
      }
    }
    return KernelCase(
      kernel: "layernorm_\(format)", grid: (shape.rows, 1), block: shape.block,
      arguments: [
        .tensor(.input(.input, format, x, shift: shape.shift)),
        .tensor(.input(.weight, format, weight, shift: shape.shift)),
        .tensor(.input(.bias, format, bias, shift: shape.shift)),
        .tensor(
          .output(.output, format, y, relativeError: 2e-6, absoluteError: absoluteError, shift: shape.shift)),
        .int32(shape.width), .float(epsilon),
      ],
      operands: LayerNorm(rows: Count(shape.rows), width: Count(shape.width), formats: NumberFormats(format.dtype))
        .operands)
  }

  private func checkAddRMSNorm(_ shapes: [RowShape], file: StaticString = #filePath, line: UInt = #line) throws {
    for (shape, format) in product(shapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.rows * 1000 + shape.width))
      let x = random.next(shape.rows * shape.width, format)
      let residual = random.next(shape.rows * shape.width, format)
      let weight = random.next(shape.width, format, in: 0.5...1.5)
      // The norm is that of the stored sum.
      let sum = zip(x, residual).map { format.rounded($0 + $1) }
      let y = rmsNorm(sum, weight)
      let stored = KernelTensor(
        name: "sum", format: format, contents: nil, expected: sum, relativeError: 0, absoluteError: 0, reads: [],
        writes: [.residual], shift: shape.shift)
      try KernelCase(
        kernel: "add_rmsnorm_\(format)", grid: (shape.rows, 1), block: shape.block,
        arguments: [
          .tensor(.input(.input, format, x, shift: shape.shift)),
          .tensor(.input(.residual, format, residual, shift: shape.shift)),
          .tensor(.input(.weight, format, weight, shift: shape.shift)), .tensor(stored),
          .tensor(.output(.normalized, format, y, relativeError: 2e-6, shift: shape.shift)), .int32(shape.width),
          .float(epsilon),
        ],
        operands: AddRMSNorm(rows: Count(shape.rows), width: Count(shape.width), formats: NumberFormats(format.dtype))
          .operands
      ).check(file: file, line: line)
    }
  }

  private func rmsNorm(_ x: [Double], _ weight: [Double]) -> [Double] {
    rows(x, weight.count).flatMap { row in
      let root = (row.reduce(0) { $0 + $1 * $1 } / Double(row.count) + epsilon).squareRoot()
      return zip(row, weight).map { $0 / root * $1 }
    }
  }
}

/// A tensor's rows.
func rows(_ elements: [Double], _ width: Int) -> [ArraySlice<Double>] {
  stride(from: 0, to: elements.count, by: width).map { elements[$0..<$0 + width] }
}

/// Each of the first with each of the second.
func product<First, Second>(_ first: [First], _ second: [Second]) -> [(First, Second)] {
  first.flatMap { one in second.map { (one, $0) } }
}
