/// Which tensors of the checkpoint a row's weight and bias are.
///
/// Names are those of Hugging Face without `.weight` and `.bias`, and in a layer without the layer's prefix. The separate
/// operators state the checkpoint's tensors; the fused ones, of the same weights, name what they join.
public enum CheckpointWeight: Hashable, Sendable {
  /// The row has no weight.
  case none
  /// A tensor of its own.
  case tensor(StaticText)
  /// A part of the outputs of a tensor that other rows hold the other parts of.
  case part(of: StaticText)
  /// A tensor that another row has named: a tied head, weights of several rows in one product.
  case shared

  var name: StaticText? {
    switch self {
    case .tensor(let name), .part(let name): name
    case .none, .shared: nil
    }
  }
}
