/// What a checkpoint's files hold: elements by their formats, and bytes.
package struct CheckpointContents: Hashable, Sendable {
  /// Elements of one format.
  package struct Part: Hashable, Sendable {
    /// A number format, or a scale of so many bits.
    package let format: String
    package let elements: Count
  }

  /// Of all tensors, in the order in which each format first appears.
  package private(set) var parts: [Part] = []
  /// The text part, with its scales and buffers.
  package let textBytes: Count
  /// Draft modules, with the copies of embedding and head that they may bring; 0 without any that are counted.
  package let draftBytes: Count
  /// The vision tower; 0 without one that is counted.
  package let visionBytes: Count
  /// The text part's buffers alone.
  package let bufferBytes: Count

  /// All tensors that are counted.
  package var bytes: Count { textBytes + draftBytes + visionBytes }

  /// - Parameter formats: what is not in a format of its own; nil: what the file says.
  /// - Throws: `InputError.overflow` where the bytes do not fit in 63 bits.
  package init(_ configuration: ModelConfiguration, formats: NumberFormats? = nil) throws(InputError) {
    let formats = formats ?? configuration.formats
    let model = configuration.model
    let tensors = ParameterShape<Count>(model).tensors
    textBytes = tensors.reduce(0) { $0 + $1.bytes(formats) }
    bufferBytes = tensors.reduce(0) { $1.isBuffer ? $0 + $1.bytes(formats) : $0 }
    let modules = configuration.draft.modules
    let count = Count(modules?.count ?? 0)
    let draft = modules.map { ParameterShape<Count>($0.decoder).tensors } ?? []
    let table = Count(model.vocabSize) * Count(model.hiddenSize)
    let copies = modules?.copiesTables == true ? count * 2 * table : 0
    draftBytes = draft.reduce(copies.bytes(formats.weightFormat)) { $0 + count * $1.bytes(formats) }
    let vision = configuration.vision.tower?.parameters ?? 0
    visionBytes = vision.bytes(formats.weightFormat)
    guard !bytes.isOverflow else { throw .overflow(what: "\(configuration.name)'s checkpoint") }
    for tensor in tensors { add(tensor, 1, formats) }
    for tensor in draft { add(tensor, count, formats) }
    add(formats.weight.rawValue, copies + vision)
  }

  private mutating func add(_ tensor: WeightTensor<Count>, _ times: Count, _ formats: NumberFormats) {
    add(tensor.format(formats).dtype?.rawValue ?? "", times * tensor.total)
    for companion in tensor.quantized?.companions ?? [] {
      add(companion.format, times * tensor.copies * companion.elements)
    }
  }

  private mutating func add(_ format: String, _ elements: Count) {
    guard elements > 0 else { return }
    if let index = parts.firstIndex(where: { $0.format == format }) {
      parts[index] = Part(format: format, elements: parts[index].elements + elements)
    } else {
      parts.append(Part(format: format, elements: elements))
    }
  }
}
