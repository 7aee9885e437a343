import RooflineCore

/// What `shapes --layout` prints: a line for each tensor, as a PyTorch program of that layout prints its own.
package enum WeightLines {
  /// - Throws: `InputError.usage` where the layout has no name for a tensor, or a shape is not known.
  package static func text(
    _ tensors: [(name: WeightName, dimensions: [UInt64]?)], in layout: WeightLayout
  ) throws(InputError) -> String {
    var lines = ""
    for tensor in layout.sorted(tensors, by: \.name) {
      guard let name = layout.name(of: tensor.name) else {
        throw .usage("\(layout.title) has no name for \(tensor.name.full); --layout huggingface has")
      }
      guard let dimensions = tensor.dimensions else {
        throw .usage("the shape of \(tensor.name.full) is not known: its file is not beside the index")
      }
      lines += "\(name) torch.Size([\(dimensions.map(String.init).joined(separator: ", "))])\n"
    }
    return lines
  }
}
