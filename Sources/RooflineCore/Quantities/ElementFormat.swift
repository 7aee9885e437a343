/// How the elements of an operand lie in memory, and the letter its width has in formulas.
public struct ElementFormat: Hashable, Sendable {
  public let letter: Letter
  public let storage: StorageFormat
  /// nil for token ids (32-bit integers).
  public let dtype: DType?

  /// - Parameter storage: how the tensor lies in memory where that is not how its number format lies without scales.
  public init(_ letter: Letter, _ dtype: DType, in storage: StorageFormat? = nil) {
    self.letter = letter
    self.storage = storage ?? dtype.storage
    self.dtype = dtype
  }

  init(tokenIDs letter: Letter) {
    self.letter = letter
    self.storage = StorageFormat(bits: 32)
    self.dtype = nil
  }

  public static let tokenID = ElementFormat(tokenIDs: .tokenIDBytes)
}
