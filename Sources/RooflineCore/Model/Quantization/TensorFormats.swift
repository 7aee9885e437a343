/// The matrices of a group of layers that a checkpoint holds in formats of their own, by the names that rows give them.
package struct TensorFormats: Hashable, Sendable {
  /// One matrix, or the parts of one.
  package struct Entry: Hashable, Sendable {
    package let tensor: StaticText
    package let format: TensorFormat
  }

  /// In the order of the layer's rows.
  package private(set) var entries: [Entry] = []

  package init() {}

  package var isEmpty: Bool { entries.isEmpty }

  /// nil: the matrix is in the run's format of weights.
  package subscript(tensor: StaticText) -> TensorFormat? {
    get { entries.first { $0.tensor == tensor }?.format }
    set {
      entries.removeAll { $0.tensor == tensor }
      if let newValue { entries.append(Entry(tensor: tensor, format: newValue)) }
    }
  }

  /// The same with products that read what the run states.
  func withoutInputs() -> TensorFormats {
    var formats = TensorFormats()
    for entry in entries {
      var format = entry.format
      format.input = nil
      formats[entry.tensor] = format
    }
    return formats
  }

  /// Hands the rows that `body` states to `sink`, each with the format of its own matrix.
  @inline(__always)
  func state<Sink: RowSink>(into sink: inout Sink, _ body: (inout FormattedRows<Sink>) -> Void) {
    withUnsafeMutablePointer(to: &sink) { base in
      var rows = FormattedRows(base: base, formats: self)
      body(&rows)
    }
  }
}
