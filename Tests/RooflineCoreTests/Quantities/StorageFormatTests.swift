import RooflineCore
import XCTest

final class StorageFormatTests: XCTestCase {
  private static func format(bits: UInt64) -> ElementFormat {
    ElementFormat(.weightBytes, .fp8, in: StorageFormat(bits: UInt8(bits)))
  }

  /// Lays the elements one behind the other and asks which bytes they touch.
  func testElementsOfAnyWidthOccupyTheBytesThatTheyTouch() {
    for bits: UInt64 in 1...33 {
      for elements: UInt64 in 0...40 {
        var touched: Set<UInt64> = []
        for bit in 0..<elements * bits { touched.insert(bit / 8) }
        XCTAssertEqual(
          Count(elements).bytes(Self.format(bits: bits)), Count(UInt64(touched.count)), "\(elements) × \(bits) bits")
      }
    }
  }

  func testNoFormatWeighsNothing() {
    for dtype in DType.allCases {
      XCTAssertGreaterThan(Count(1).bytes(ElementFormat(.weightBytes, dtype)), 0, dtype.rawValue)
    }
  }

  func testBytesThatFitAreExactWhereElementsTimesBitsDoNotFit() {
    // 2⁶² elements of 6 bits are 3 · 2⁶⁰ bytes, of 66 bits in all.
    XCTAssertEqual(Count(1 << 62).bytes(Self.format(bits: 6)), Count(3 << 60))
    XCTAssertEqual(Count((1 << 62) + 1).bytes(Self.format(bits: 6)), Count((3 << 60) + 1))
    XCTAssertEqual(Count(UInt64.max).bytes(Self.format(bits: 6)), Count(UInt64.max), "saturated stays saturated")
    XCTAssertEqual(Count(1 << 62).bytes(Self.format(bits: 36)), Count(UInt64.max), "18 · 2⁶⁰ bytes do not fit")
  }

  func testAStraightLineOfElementsIsAStraightLineOfBytesOrSaysThatItIsNot() {
    for bits: UInt64 in 1...17 {
      for slope: UInt64 in 1...16 {
        let format = Self.format(bits: bits)
        func elements(_ keys: UInt64) -> Count { Count(slope * (5 + keys)) }
        let line = (LinearCount.input(.attendedKeys, 5) * LinearCount(Count(slope))).bytes(format)
        // Eight bits to a byte: each further key adds whole bytes, or the line bends.
        XCTAssertEqual(line.isLinear, (slope * bits).isMultiple(of: 8), "\(slope) × \(bits) bits")
        for keys: UInt64 in 0..<9 where line.isLinear {
          XCTAssertEqual(line.start + line.slope * Count(keys), elements(keys).bytes(format), "\(slope) × \(bits) bits")
        }
      }
    }
  }

  /// Walks the cells of a matrix and collects the blocks that they lie in.
  func testEveryBlockThatAMatrixTouchesHasAScale() {
    let scales: [StorageFormat.BlockScale] = [
      .init(columns: 1, bits: 16), .init(columns: 4, bits: 8), .init(rows: 3, columns: 5, bits: 32),
      .init(rows: 4, columns: 1, bits: 8),
    ]
    for scale in scales {
      for rows: UInt64 in 1...9 {
        for columns: UInt64 in 1...11 {
          var blocks: Set<[UInt64]> = []
          for row in 0..<rows {
            for column in 0..<columns { blocks.insert([row / UInt64(scale.rows), column / UInt64(scale.columns)]) }
          }
          XCTAssertEqual(
            scale.count(rows: Count(rows), columns: Count(columns)), Count(UInt64(blocks.count)),
            "\(rows) × \(columns) in \(scale)")
        }
      }
    }
  }

  /// An expert of DeepSeek-V4-Flash in MXFP4: its file has 13,369,344 bytes for three matrices of 2048 × 4096.
  func testAPublishedExpertInMXFP4WeighsWhatItsFileDoes() throws {
    let mxfp4 = StorageFormat(bits: 4, scale: .init(columns: 32, bits: 8))
    let scale = try XCTUnwrap(mxfp4.scale)
    func bytes(rows: Count, columns: Count) -> Count {
      (rows * columns).bytes(ElementFormat(.weightBytes, .fp4, in: mxfp4))
        + scale.count(rows: rows, columns: columns).bytes(ElementFormat(.weightBytes, .fp8, in: scale.storage))
    }
    XCTAssertEqual(2 * bytes(rows: 2048, columns: 4096) + bytes(rows: 4096, columns: 2048), 13_369_344)
  }

  func testEveryFormatHasARateOfItsOwn() {
    var rates = DeviceRates()
    for dtype in DType.allCases { XCTAssertTrue(rates[tensor: dtype].isNaN, dtype.rawValue) }
    for (index, dtype) in DType.allCases.enumerated() { rates[tensor: dtype] = Double(index + 1) }
    for (index, dtype) in DType.allCases.enumerated() {
      XCTAssertEqual(rates[tensor: dtype], Double(index + 1), dtype.rawValue)
    }
  }
}
