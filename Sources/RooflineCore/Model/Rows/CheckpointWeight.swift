/// Which tensors of the checkpoint a row's weight and bias are.
///
/// Names are those of Hugging Face without `.weight` and `.bias`, and in a layer without the layer's prefix. The separate
/// operators state the checkpoint's tensors; the fused ones, of the same weights, name what they join. Of what each routed expert
/// has, a name with `.M.` is one expert's, `M` for its number; any other is a tensor of all of them.
package enum CheckpointWeight: Hashable, Sendable {
  /// The row has no weight.
  case none
  /// A tensor of its own.
  case tensor(StaticText)
  /// A part of the outputs of a tensor that other rows hold the other parts of.
  case part(of: StaticText)
  /// Two tensors, each with one half of the outputs.
  case halves(StaticText, StaticText)
  /// A tensor under its whole name, nothing behind it; a bias beside it has `_bias`.
  case whole(StaticText)
  /// The same of all experts, each with its inputs first: experts × inputs × outputs.
  case stacked(StaticText)
  /// A buffer under its whole name.
  case buffer(StaticText)
  /// Tensors that rows of the separate operators name, in one product; the first of them.
  case joined(StaticText)
  /// A tensor that another row has named: a tied head, the weight of a norm behind an addition.
  case shared

  /// The tensor whose format the row's matrix has.
  var tensor: StaticText? {
    switch self {
    case .tensor(let name), .part(let name), .halves(let name, _), .whole(let name), .stacked(let name),
      .joined(let name):
      name
    case .none, .buffer, .shared: nil
    }
  }

  /// What a product of this matrix and others states.
  var joining: CheckpointWeight { tensor.map { .joined($0) } ?? self }

  /// What the checkpoint calls the weight or bias, and into how many tensors its outputs are cut.
  func names(_ role: String) -> [String] {
    switch self {
    case .tensor(let name), .part(let name): ["\(name).\(role)"]
    case .halves(let first, let second): ["\(first).\(role)", "\(second).\(role)"]
    case .whole(let name), .stacked(let name): ["\(name)\(role == "bias" ? "_bias" : "")"]
    case .buffer(let name): ["\(name)"]
    case .none, .shared, .joined: []
    }
  }
}
