/// How a tensor lies in memory: the width of an element, and the scale that a block of elements may share.
///
/// A number format (`DType`) says what an element means and which matrix unit multiplies it; this says what it weighs.
/// MXFP4 and NVFP4 are both fp4: `StorageFormat(bits: 4, scale: .init(columns: 32, bits: 8))` and blocks of 16.
package struct StorageFormat: Hashable, Sendable {
  /// Bits of one element, any number above 0: elements lie packed, without padding between them.
  package let bits: UInt64
  /// What a block shares; nil where elements stand alone.
  package let scale: BlockScale?

  package init(bits: UInt64, scale: BlockScale? = nil) {
    self.bits = bits
    self.scale = scale
  }

  /// One scale for each block of a matrix. A block that the matrix's edge cuts has a scale of its own.
  package struct BlockScale: Hashable, Sendable {
    /// Rows (outputs of a linear layer) and columns (its inputs) of a block.
    package let rows, columns: UInt64
    /// Bits of one scale.
    package let bits: UInt64

    package init(rows: UInt64 = 1, columns: UInt64, bits: UInt64) {
      self.rows = rows
      self.columns = columns
      self.bits = bits
    }

    /// How many scales a matrix has: ⌈rows / block rows⌉ · ⌈columns / block columns⌉.
    package func count<Scalar: Term>(rows: Scalar, columns: Scalar) -> Scalar {
      func blocks(_ length: Scalar, of size: UInt64) -> Scalar {
        size == 1 ? length : length.divided(roundingUpBy: Scalar(integerLiteral: size))
      }
      return blocks(rows, of: self.rows) * blocks(columns, of: self.columns)
    }

    /// How the scales lie in memory: packed, and without scales of their own.
    package var storage: StorageFormat { StorageFormat(bits: bits) }
  }

  /// Whether every element starts at a byte, so that no count of them needs rounding.
  package var isWholeBytes: Bool { bits.isMultiple(of: 8) }
}
