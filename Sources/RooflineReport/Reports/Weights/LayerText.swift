import RooflineCore

/// A layer in words.
enum LayerText {
  /// What a layer of equal ones is made of.
  static func kind(_ dense: DenseDimensions) -> String {
    let group = dense.model.groups[0]
    let behind =
      switch group.residual {
      case .sandwich: ["norms behind attention and MLP"]
      case .postNorm: ["norms behind attention and MLP, none in front"]
      case .preNorm, .parallel, .parallelWithOneNorm, .scaled, .bank, .hyper: [String]()
      }
    return
      ([dense.model.norm == .rms ? "RMSNorm" : "LayerNorm"] + [positions(dense.attention, dense.model)]
      + attention(dense.attention) + [feedForward(dense.feedForward, isBeside: group.residual.isParallel)]
      + behind).joined(separator: ", ")
  }

  /// The same with dimensions, of one group among several.
  static func description(_ group: LayerGroup, _ model: DecoderModel) -> String {
    var parts: [String] = []
    parts += group.mixer.map(mixer) ?? ["no attention"]
    if let feedForward = group.feedForward {
      parts.append(self.feedForward(feedForward, isBeside: group.residual.isParallel) + width(of: feedForward))
    } else {
      parts.append("no MLP")
    }
    return parts.joined(separator: ", ")
  }

  private static func mixer(_ mixer: Mixer) -> [String] {
    switch mixer {
    case .groupedQuery(let attention):
      ["\(attention.numHeads) query and \(attention.numKeyValueHeads) KV heads of \(attention.headDim)"]
        + self.attention(attention)
    case .gatedDeltaNet(let net):
      [
        "gated delta net of \(net.numKeyHeads) key heads of \(net.keyDim) and \(net.numValueHeads) value heads of \(net.valueDim)"
      ]
    case .kimiDelta(let attention): ["Kimi delta attention of \(attention.numHeads) heads of \(attention.headDim)"]
    case .mamba2(let mixer):
      ["Mamba-2 of \(mixer.numHeads) heads of \(mixer.headDim) in \(mixer.numGroups) groups, state \(mixer.stateSize)"]
    case .mamba(let mixer): ["Mamba of \(mixer.innerWidth) channels, state \(mixer.stateSize)"]
    case .lightning(let mixer): ["lightning attention of \(mixer.numHeads) heads of \(mixer.headDim)"]
    case .latent(let attention): latent(attention)
    case .compressed(let attention): compressed(attention)
    }
  }

  private static func compressed(_ attention: CompressedAttention) -> [String] {
    var parts = [
      "\(attention.numHeads) heads of \(attention.headDim) that share a row a token", "a window of \(attention.window)",
    ]
    if let compressor = attention.compressor {
      parts.append("an entry for \(compressor.tokensPerEntry) tokens before it")
      if let indexer = compressor.indexer {
        parts.append("an indexer of \(indexer.heads) heads of \(indexer.width) that chooses \(indexer.kept) entries")
      }
    }
    return parts
  }

  private static func latent(_ attention: LatentAttention) -> [String] {
    var parts = [
      "\(attention.numHeads) heads of \(attention.nopeDim) + \(attention.ropeDim), values of \(attention.valueDim)",
      "latents of \(attention.latentRank)\(attention.queryRank.map { " and, of queries, \($0)" } ?? "")",
    ]
    if let selection = attention.selection {
      parts.append(
        selection.indexer.map {
          "an indexer of \($0.heads) heads of \($0.width) that chooses \(selection.kept) keys"
        } ?? "the last indexer's \(selection.kept) keys")
    }
    return parts
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
    if let selection = attention.selection {
      parts.append(
        "an indexer of \(selection.heads) heads of \(selection.width) that chooses \(selection.kept) blocks of \(selection.block)"
      )
    }
    if let chunk = attention.chunk { parts.append("pieces of \(chunk)") }
    if attention.sinks != nil { parts.append("a sink a head") }
    if attention.headGate != nil { parts.append("a gate a head") }
    if attention.capsScores { parts.append("capped scores") }
    if attention.hasOutputGate { parts.append("a gate on the output") }
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
