import Foundation
import RooflineCore
import XCTest

final class ElementwiseKernelTests: XCTestCase {
  /// Elements, grid, block, and elements between a 256-byte boundary and the first: one element, an odd number in a grid that
  /// goes around several times, a block that is no multiple of a warp, tensors that start anywhere.
  private static let shapes = [
    (count: 1, grid: 1, block: 32, shift: 0), (count: 4097, grid: 3, block: 64, shift: 0),
    (count: 1000, grid: 8, block: 33, shift: 0), (count: 2048, grid: 2, block: 128, shift: 3),
    (count: 20_000, grid: 5, block: 256, shift: 0),
  ]

  func testResidualAdd() throws {
    for (shape, format) in product(Self.shapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.count))
      let x = random.next(shape.count, format)
      let residual = random.next(shape.count, format)
      try KernelCase(
        kernel: "residual_add_\(format)", grid: (shape.grid, 1), block: shape.block,
        arguments: [
          .tensor(.input(.input, format, x, shift: shape.shift)),
          .tensor(.input(.residual, format, residual, shift: shape.shift)),
          .tensor(.output(.output, format, zip(x, residual).map(+), relativeError: 0, shift: shape.shift)),
          .uint64(shape.count),
        ],
        operands: ResidualAdd(elements: Count(shape.count), formats: NumberFormats(format.dtype)).operands
      ).check()
    }
  }

  /// Ties go to the even neighbour, what is too large becomes infinite, what is tiny stays, NaN stays NaN.
  func testSumsRoundToTheNearestElement() throws {
    let cases: [(format: KernelFormat, sums: [(Double, Double, Double)])] = [
      (
        .f16,
        [
          (1, 0x1p-11, 1), (1 + 0x1p-10, 0x1p-11, 1 + 0x1p-9), (65504, 65504, .infinity), (65504, 8, 65504),
          (0x1p-24, 0x1p-24, 0x1p-23), (-65504, -65504, -.infinity), (.nan, 1, .nan), (.infinity, -1, .infinity),
        ]
      ),
      (
        .bf16,
        [
          (1, 0x1p-8, 1), (1 + 0x1p-7, 0x1p-8, 1 + 0x1p-6), (0x1p127, 0x1p127, .infinity), (1, 0x1.8p-8, 1 + 0x1p-7),
          (0x1.fep127, 0x1p119, .infinity), (-1, -0x1p-8, -1), (.nan, 1, .nan), (-.infinity, 1, -.infinity),
        ]
      ),
    ]
    for (format, sums) in cases {
      try KernelCase(
        kernel: "residual_add_\(format)", block: 32,
        arguments: [
          .tensor(.input(.input, format, sums.map(\.0))), .tensor(.input(.residual, format, sums.map(\.1))),
          .tensor(.output(.output, format, sums.map(\.2), relativeError: 0)), .uint64(sums.count),
        ],
        operands: ResidualAdd(elements: Count(sums.count), formats: NumberFormats(format.dtype)).operands
      ).check()
    }
  }

  func testGelu() throws {
    for (shape, format) in product(Self.shapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.count))
      let x = random.next(shape.count, format, in: -6...6)
      let y = x.map { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
      try KernelCase(
        kernel: "gelu_\(format)", grid: (shape.grid, 1), block: shape.block,
        arguments: [
          .tensor(.input(.input, format, x, shift: shape.shift)),
          // Far below zero the reference itself cancels.
          .tensor(.output(.output, format, y, relativeError: 8e-6, absoluteError: 1e-14, shift: shape.shift)),
          .uint64(shape.count),
        ],
        operands: Gelu(elements: Count(shape.count), formats: NumberFormats(format.dtype)).operands
      ).check()
    }
  }

  /// Where exponentials overflow.
  func testGeluOfLargeElements() throws {
    let x = [-1000.0, -50, -20, 0, 20, 50, 1000]
    try KernelCase(
      kernel: "gelu_f32", block: 32,
      arguments: [
        .tensor(.input(.input, .f32, x)),
        .tensor(.output(.output, .f32, x.map { max($0, 0) }, relativeError: 1e-6, absoluteError: 1e-12)), .uint64(7),
      ],
      operands: Gelu(elements: 7, formats: NumberFormats(.fp32)).operands
    ).check()
  }

  func testSiluAndMulOfTwoTensors() throws {
    for (shape, format) in product(Self.siluShapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.width))
      let gate = random.next(shape.rows * shape.width, format, in: -12...12)
      let up = random.next(shape.rows * shape.width, format)
      try KernelCase(
        kernel: "silu_and_mul_\(format)", grid: (shape.rows, shape.parts), block: shape.block,
        arguments: [
          .tensor(.input(.gate, format, gate)), .tensor(.input(.up, format, up)),
          .tensor(.output(.output, format, zip(gate, up).map(Self.siluAndMul), relativeError: 4e-6)),
          .int32(shape.width), .int32(shape.width),
        ],
        operands: Self.siluOperands(shape.rows, shape.width, format)
      ).check()
    }
  }

  /// One product wrote gate and up side by side: rows of 2w elements, of which `up` starts at w.
  func testSiluAndMulOfAFusedProjection() throws {
    let kernels = try CPUKernels.open()
    for (shape, format) in product(Self.siluShapes, KernelFormat.floatingPoint) {
      var random = RandomElements(seed: UInt64(shape.width))
      let (rows, width) = (shape.rows, shape.width)
      let projected = random.next(2 * rows * width, format)
      let input = try DeviceArray(kernels, format, count: projected.count)
      input.upload(format.encode(projected))
      let output = try DeviceArray(kernels, format, count: rows * width)
      XCTAssertEqual(
        kernels.launch(
          "silu_and_mul_\(format)", grid: (rows, shape.parts), block: shape.block,
          [
            .tensor(input), .uint64(Int(input.address) + width * format.bytes), .tensor(output), .int32(width),
            .int32(2 * width),
          ]), .finished)
      let y = (0..<rows * width).map { index in
        let start = index / width * 2 * width + index % width
        return Self.siluAndMul(projected[start], projected[start + width])
      }
      XCTAssertNil(KernelTensor.output(.output, format, y, relativeError: 4e-6).difference(from: output.download()))
      let operands = Self.siluOperands(rows, width, format)
      let loads = operands.filter { !$0.traffic.isStore }.reduce(0) { $0 + $1.bytes.value }
      XCTAssertEqual(input.distinctBytes(written: false), loads)
    }
  }

  private static let siluShapes = [
    (rows: 1, width: 1, parts: 1, block: 32), (rows: 3, width: 1001, parts: 2, block: 64),
    (rows: 5, width: 512, parts: 1, block: 48), (rows: 1, width: 14_336, parts: 4, block: 256),
  ]

  private static func siluAndMul(_ gate: Double, _ up: Double) -> Double { gate / (1 + exp(-gate)) * up }

  private static func siluOperands(_ rows: Int, _ width: Int, _ format: KernelFormat) -> [Operand<Count>] {
    GatedActivation(.silu, rows: Count(rows), width: Count(width), formats: NumberFormats(format.dtype)).operands
  }
}
