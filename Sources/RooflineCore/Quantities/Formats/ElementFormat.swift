/// How the elements of an operand lie in memory, and the letter its width has in formulas.
package struct ElementFormat: Hashable, Sendable {
  package let letter: Letter
  package let storage: StorageFormat
  /// nil for token ids (32-bit integers) and for scales.
  package let dtype: DType?

  /// - Parameter storage: how the tensor lies in memory where that is not how its number format lies without scales.
  package init(_ letter: Letter, _ dtype: DType, in storage: StorageFormat? = nil) {
    self.letter = letter
    self.storage = storage ?? dtype.storage
    self.dtype = dtype
  }

  /// Of what no matrix unit multiplies.
  init(_ letter: Letter, in storage: StorageFormat) {
    self.letter = letter
    self.storage = storage
    self.dtype = nil
  }

  package static let tokenID = ElementFormat(.tokenIDBytes, in: StorageFormat(bits: 32))
}
