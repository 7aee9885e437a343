/// Modules that guess further tokens (multi-token prediction): small decoders that use the text part's embedding and head.
package struct DraftModules: Hashable, Sendable {
  /// How many there are, all of the same shape.
  package let count: UInt64
  /// One of them: an entry, layers, a norm; its embedding and head are the text's.
  package let decoder: DecoderModel
  /// Whether the checkpoint copies the text's embedding and head into each.
  package let copiesTables: Bool

  package init(count: UInt64, decoder: DecoderModel, copiesTables: Bool = false) {
    self.count = count
    self.decoder = decoder
    self.copiesTables = copiesTables
  }

  /// Parameters of all modules that are their own, what one token uses of them, and their buffers.
  package var parameters: (total: Count, active: Count, buffers: Count) {
    let shape = ParameterShape<Count>(decoder)
    return (Count(count) * shape.count, Count(count) * shape.active, Count(count) * shape.buffers)
  }
}

/// What a file says of draft modules.
package enum DraftPart: Hashable, Sendable {
  case modules(DraftModules)
  /// There are none, or none that can be counted, for a reason.
  case none(reason: String)

  package var modules: DraftModules? { if case .modules(let modules) = self { modules } else { nil } }
  package var reason: String? { if case .none(let reason) = self { reason } else { nil } }
}

extension DecoderModel {
  /// A module of layers that are like some of this model's, whose embedding and head are this model's.
  ///
  /// - Parameters:
  ///   - norm: the name of its own norm in front of the head.
  ///   - hasOwnEmbedding: whether it has a table of its own.
  func draft(
    _ entry: DraftEntry, layers: [LayerGroup], norm: StaticText, prefix: StaticText = "model.layers.",
    hasOwnEmbedding: Bool = false
  ) -> DecoderModel {
    var embedding = embedding
    embedding.isShared = !hasOwnEmbedding
    var head = head
    head.isTied = true
    head.normName = norm
    head.snapshots = nil
    var named = layers
    for index in named.indices { named[index].name = layers.count == 1 ? "" : named[index].name }
    var model = DecoderModel(
      hiddenSize: hiddenSize, embedding: embedding, layers: named, norm: self.norm, head: head, layerPrefix: prefix)
    model.draftEntry = entry
    return model
  }
}

extension ConfigurationKeys {
  /// How many draft layers the file states under one of several keys; the reason for none, where there are none.
  mutating func draftCount(_ names: [String]) throws(InputError) -> UInt64 {
    for name in names {
      guard value(name) != nil else { continue }
      let number = try count(name)
      guard number <= 1000 else {
        throw text.wrong(name, .integer(Int64(number)), "at most 1000 draft layers")
      }
      return number
    }
    return 0
  }
}

extension DraftPart {
  static let notStated = DraftPart.none(reason: "the file states no draft layers")

  /// Where a family's draft layers are not described by a known source; the key is looked at, not read.
  static func uncounted(_ keys: ConfigurationKeys) -> DraftPart {
    let names = [
      "num_nextn_predict_layers", "num_mtp_modules", "num_mtp_layers", "mtp_num_hidden_layers",
      "mtp_transformer_layers", "use_mtp",
    ]
    guard let name = names.first(where: { keys.text[$0].map(KnownKeys.isActive) == true }) else { return notStated }
    return .none(reason: "what the draft layers of \(keys.architecture) (\(name)) are made of is not known here")
  }

  /// Modules of DeepSeek's form: the concatenated norms of embedding and stream, projected, one layer, a norm.
  static func nextLayers(
    _ keys: inout ConfigurationKeys, _ model: DecoderModel, _ layer: LayerGroup?
  ) throws(InputError) -> DraftPart {
    let count = try keys.draftCount(["num_nextn_predict_layers"])
    guard count > 0, let layer else { return notStated }
    let isNested = "\(model.layerPrefix)".hasPrefix("language_model.")
    return .modules(
      DraftModules(
        count: count,
        decoder: model.draft(
          DraftEntry(
            .joined(.tensor(isNested ? "language_model.model.layers.N.eh_proj" : "model.layers.N.eh_proj")),
            embeddingNorm: isNested ? "language_model.model.layers.N.enorm" : "model.layers.N.enorm",
            hiddenNorm: isNested ? "language_model.model.layers.N.hnorm" : "model.layers.N.hnorm"),
          layers: [layer],
          norm: isNested ? "language_model.model.layers.N.shared_head.norm" : "model.layers.N.shared_head.norm",
          prefix: model.layerPrefix)))
  }
}

extension DecoderModel {
  /// A layer as a draft module has it: with routed experts and an indexer of its own, where the model has any.
  var draftLayer: LayerGroup? {
    groups.last { group in
      let isRouted = group.feedForward?.routed != nil || !hasRoutedExperts
      return isRouted && group.mixer?.latent?.selection.map { $0.indexer != nil } ?? true
    } ?? groups.last
  }
}
