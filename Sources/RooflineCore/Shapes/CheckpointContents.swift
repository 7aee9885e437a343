/// What a checkpoint's files hold: elements by their formats, and bytes.
package struct CheckpointContents: Hashable, Sendable {
  /// Elements of one format.
  package struct Part: Hashable, Sendable {
    /// A number format, or a scale of so many bits.
    package let format: String
    package let elements: Count
  }

  /// In the order of the forward pass in which each format first appears.
  package private(set) var parts: [Part] = []
  /// All tensors, scales and buffers included.
  package let bytes: Count
  /// Those of buffers alone.
  package let bufferBytes: Count

  /// - Throws: `InputError.overflow` where the bytes do not fit in 63 bits.
  package init(_ model: DecoderModel, name: String, formats: NumberFormats) throws(InputError) {
    let tensors = ParameterShape<Count>(model).tensors
    bytes = tensors.reduce(0) { $0 + $1.bytes(formats) }
    bufferBytes = tensors.reduce(0) { $1.isBuffer ? $0 + $1.bytes(formats) : $0 }
    guard !bytes.isOverflow else { throw .overflow(what: "\(name)'s checkpoint") }
    for tensor in tensors {
      add(tensor.format(formats).dtype?.rawValue ?? "", tensor.total)
      for companion in tensor.quantized?.companions ?? [] {
        add(companion.format, tensor.copies * companion.elements)
      }
    }
  }

  private mutating func add(_ format: String, _ elements: Count) {
    if let index = parts.firstIndex(where: { $0.format == format }) {
      parts[index] = Part(format: format, elements: parts[index].elements + elements)
    } else {
      parts.append(Part(format: format, elements: elements))
    }
  }
}
