/// How a tensor lies in memory: the width of an element, the scale that a block of elements may share, and what the tensor has
/// beside them.
///
/// A number format (`DType`) says what an element means and which matrix unit multiplies it; this says what it weighs.
/// MXFP4 and NVFP4 are both fp4: `StorageFormat(bits: 4, scale: .init(columns: 32, bits: 8))` and blocks of 16 with 8 more bytes a
/// tensor.
package struct StorageFormat: Hashable, Sendable {
  private let width: UInt8
  /// What a block shares; nil where elements stand alone.
  package let scale: BlockScale?
  /// Bytes of the scales that a whole tensor shares.
  package let tensorScaleBytes: UInt8

  /// Bits of one element, any number above 0: elements lie packed, without padding between them.
  package var bits: UInt64 { UInt64(width) }

  package init(bits: UInt8, scale: BlockScale? = nil, tensorScaleBytes: UInt8 = 0) {
    width = bits
    self.scale = scale
    self.tensorScaleBytes = tensorScaleBytes
  }

  /// One scale for each block of a matrix. A block that the matrix's edge cuts has a scale of its own.
  package struct BlockScale: Hashable, Sendable {
    /// Rows (outputs of a linear layer) and columns (its inputs) of a block.
    package let rows, columns: UInt32
    private let width, zeroPointWidth: UInt8

    /// As many columns as there are.
    package static let whole = UInt32.max

    /// Bits of one scale.
    package var bits: UInt64 { UInt64(width) }
    /// Bits of the zero point beside it; 0: none.
    package var zeroPointBits: UInt64 { UInt64(zeroPointWidth) }

    package init(rows: UInt32 = 1, columns: UInt32, bits: UInt8, zeroPointBits: UInt8 = 0) {
      self.rows = rows
      self.columns = columns
      width = bits
      zeroPointWidth = zeroPointBits
    }

    /// How many scales a matrix has: ⌈rows / block rows⌉ · ⌈columns / block columns⌉.
    package func count<Scalar: Term>(rows: Scalar, columns: Scalar) -> Scalar {
      func blocks(_ length: Scalar, of size: UInt32) -> Scalar {
        switch size {
        case 1: length
        case Self.whole: 1
        default: length.divided(roundingUpBy: Scalar(integerLiteral: UInt64(size)))
        }
      }
      return blocks(rows, of: self.rows) * blocks(columns, of: self.columns)
    }

    /// How the scales lie in memory: packed, and without scales of their own.
    package var storage: StorageFormat { StorageFormat(bits: width) }

    /// The same of the zero points; nil where there are none.
    var zeroPointStorage: StorageFormat? { zeroPointWidth == 0 ? nil : StorageFormat(bits: zeroPointWidth) }
  }

  /// Whether every element starts at a byte, so that no count of them needs rounding.
  package var isWholeBytes: Bool { bits.isMultiple(of: 8) }

  /// Whether it has scales of any kind.
  package var hasScales: Bool { scale != nil || tensorScaleBytes > 0 }

  /// Bytes of everything beside the elements of matrices of equal shape: scales and zero points of blocks, scales of tensors.
  ///
  /// - Parameters:
  ///   - matrices: how many there are beside each other.
  ///   - all: makes of what one set of them has what is moved or held.
  /// - Returns: nil where it has no scales.
  @inline(__always)
  func scaleBytes<Scalar: Term>(
    rows: Scalar, columns: Scalar, matrices: UInt64 = 1, of all: (Scalar) -> Scalar = { $0 }
  ) -> Scalar? {
    // Asked of every product, and most have none.
    hasScales ? sumOfScaleBytes(rows, columns, matrices, of: all) : nil
  }

  private func sumOfScaleBytes<Scalar: Term>(
    _ rows: Scalar, _ columns: Scalar, _ matrices: UInt64, of all: (Scalar) -> Scalar
  ) -> Scalar? {
    var bytes: Scalar?
    func add(_ part: Scalar) { bytes = bytes.map { $0 + part } ?? part }
    if let scale {
      let count = all(Scalar(integerLiteral: matrices) * scale.count(rows: rows, columns: columns))
      add(count.bytes(ElementFormat(.scaleBytes, in: scale.storage)))
      if let zeroPoints = scale.zeroPointStorage { add(count.bytes(ElementFormat(.zeroPointBytes, in: zeroPoints))) }
    }
    if tensorScaleBytes > 0 { add(all(Scalar(integerLiteral: matrices * UInt64(tensorScaleBytes)))) }
    return bytes
  }
}
