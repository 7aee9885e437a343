import RooflineCore

/// A layer in words.
enum LayerText {
  /// What a layer of equal ones is made of.
  static func kind(_ dense: DenseDimensions) -> String {
    let group = dense.model.groups[0]
    return
      ([dense.model.norm == .rms ? "RMSNorm" : "LayerNorm"] + [positions(dense.attention, dense.model)]
      + attention(dense.attention) + [feedForward(dense.feedForward, isBeside: group.residual == .parallel)]
      + (group.residual == .sandwich ? ["norms behind attention and MLP"] : [])).joined(separator: ", ")
  }

  /// The same with dimensions, of one group among several.
  static func description(_ group: LayerGroup, _ model: DecoderModel) -> String {
    var parts: [String] = []
    if let attention = group.mixer?.groupedQuery {
      parts.append(
        "\(attention.numHeads) query and \(attention.numKeyValueHeads) KV heads of \(attention.headDim)")
      parts += self.attention(attention)
    } else {
      parts.append("no attention")
    }
    if let feedForward = group.feedForward {
      parts.append(self.feedForward(feedForward, isBeside: group.residual == .parallel) + width(of: feedForward))
    } else {
      parts.append("no MLP")
    }
    return parts.joined(separator: ", ")
  }

  private static func positions(_ attention: GroupedQueryAttention, _ model: DecoderModel) -> String {
    if let positions = model.embedding.positions { return "\(positions.rows) learned positions" }
    guard let dim = attention.rotaryDim else { return "no positions" }
    return dim == attention.headDim ? "rotary embedding" : "rotary embedding of \(dim) of \(attention.headDim)"
  }

  private static func attention(_ attention: GroupedQueryAttention) -> [String] {
    var parts: [String] = []
    if attention.hasQueryKeyNorm { parts.append("norms of queries and keys") }
    if let width = attention.valueDim { parts.append("values of \(width)") }
    if let window = attention.window { parts.append("a window of \(window)") }
    if let chunk = attention.chunk { parts.append("pieces of \(chunk)") }
    if attention.sinks != nil { parts.append("a sink a head") }
    if attention.headGate != nil { parts.append("a gate a head") }
    if attention.capsScores { parts.append("capped scores") }
    return parts
  }

  private static func width(of feedForward: FeedForward) -> String {
    feedForward.intermediateSize.map { ", \($0) wide" } ?? ""
  }

  private static func feedForward(_ feedForward: FeedForward, isBeside: Bool) -> String {
    switch feedForward {
    case .gated(let mlp): "gated \(mlp.activation.rawValue) MLP"
    case .routed(let block): experts(block)
    case .denseBesideRouted(let block):
      "gated \(block.dense.activation.rawValue) MLP, \(block.dense.intermediateSize) wide, beside \(experts(block.experts))"
    case .twoMatrix(let mlp): "\(mlp.activation.rawValue) MLP of two matrices\(isBeside ? " beside the attention" : "")"
    }
  }

  private static func experts(_ block: RoutedExperts) -> String {
    let kind =
      switch block.form {
      case .gated(let activation): "gated \(activation.rawValue)"
      case .twoMatrix(let activation): "\(activation.rawValue) two-matrix"
      }
    var parts = ["\(block.experts) \(kind) experts, \(block.width) wide, \(block.chosen) a token"]
    if let latent = block.latent { parts.append("on \(latent.size) latent elements") }
    if let shared = block.shared {
      parts.append("a shared expert, \(shared.width) wide\(shared.hasGate ? ", with a gate" : "")")
    }
    return parts.joined(separator: ", ")
  }
}
