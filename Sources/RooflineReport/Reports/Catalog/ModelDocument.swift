import RooflineCore

/// The JSON of `show MODEL`, schema version 1: counts of the whole model, one copy of its weights.
struct ModelDocument: Encodable {
  let schemaVersion = 1
  let model: ModelEntry
  let parameters: ParameterEntry
  let cache: CacheEntry
  /// All tensors of the checkpoint, scales and buffers included.
  let checkpointBytes: UInt64
  let checkpointElements: [ContentsEntry]
  /// The sum's parts; a vision tower or draft modules that are not counted are not in it.
  let checkpointParts: ContentsParts

  struct ContentsParts: Encodable {
    let textBytes, draftBytes, visionBytes: UInt64
  }
  let keys: KeyEntry

  /// Elements of one format.
  struct ContentsEntry: Encodable {
    let format: String
    let elements: UInt64
  }

  struct ModelEntry: Encodable {
    let name, path, architecture, dtype: String
    @Nullable var maxPositionEmbeddings: UInt64?
    let hiddenSize, vocabSize, layers: UInt64
    let tiedEmbeddings: Bool
    let layerGroups: [GroupEntry]
    let legalTensorParallel: [UInt64]
    /// Whether the checkpoint brings code of its own.
    let ownCode: Bool
  }

  /// Layers that are equal.
  struct GroupEntry: Encodable {
    /// Empty where all layers are equal.
    let name: String
    let layers: UInt64
    let description: String
  }

  struct ParameterEntry: Encodable {
    let total: UInt64
    /// What a token uses: of routed experts, those that it is sent to.
    let active: UInt64
    /// The same without tables of which a token reads rows.
    let activeWithoutEmbedding: UInt64
    /// Beside the parameters: correction biases of routers.
    let buffers: UInt64
    /// Of the vision tower and of draft modules, which none of the figures above has; null with a reason where there are none, or none that are known.
    @Nullable var vision: UInt64?
    @Nullable var visionReason: String?
    @Nullable var draft: UInt64?
    @Nullable var draftActive: UInt64?
    @Nullable var draftBuffers: UInt64?
    @Nullable var draftReason: String?
  }

  struct CacheEntry: Encodable {
    let dtype: String
    /// Of layers that keep every token.
    let bytesPerToken: UInt64
    let windows: [WindowEntry]
    /// Keys of indexers.
    let indexBytesPerToken: UInt64
    /// Of recurrences and of causal convolutions, whatever a sequence's length.
    let stateBytesPerSequence, convolutionBytesPerSequence: UInt64

    init(_ growth: CacheGrowth, dtype: DType) {
      self.dtype = dtype.rawValue
      bytesPerToken = growth.bytesPerToken.value
      windows = growth.windows.map(WindowEntry.init)
      indexBytesPerToken = growth.indexBytesPerToken.value
      stateBytesPerSequence = growth.stateBytesPerSequence.value
      convolutionBytesPerSequence = growth.convolutionBytesPerSequence.value
    }
  }

  struct WindowEntry: Encodable {
    /// `window` or `chunk`.
    let kind: String
    /// While the window is not full.
    let bytesPerToken: UInt64
    /// The most that it keeps of a sequence.
    let tokens: UInt64

    init(_ window: CacheGrowth.Window) {
      kind = if case .chunk = window.span { "chunk" } else { "window" }
      bytesPerToken = window.bytesPerToken.value
      tokens = window.tokens
    }
  }

  struct KeyEntry: Encodable {
    let read, ignored, unknown: [String]
    let assumed: [AssumedEntry]
  }

  struct AssumedEntry: Encodable {
    let key, value, reason: String
  }

  init(_ configuration: ModelConfiguration, formats: NumberFormats, contents: CheckpointContents) {
    let decoder = configuration.model
    model = ModelEntry(
      name: configuration.name, path: configuration.path, architecture: configuration.architecture,
      dtype: configuration.dtype.rawValue, maxPositionEmbeddings: configuration.maxPositionEmbeddings,
      hiddenSize: decoder.hiddenSize, vocabSize: decoder.vocabSize, layers: decoder.numHiddenLayers,
      tiedEmbeddings: decoder.tieWordEmbeddings,
      layerGroups: zip(decoder.groupNames, decoder.groups.indices).map { name, index in
        GroupEntry(
          name: name, layers: decoder.layers(of: index),
          description: LayerText.description(decoder.groups[index], decoder))
      }, legalTensorParallel: decoder.legalTensorParallelDegrees, ownCode: configuration.hasOwnCode)
    let shape = ParameterShape<Count>(decoder)
    let draft = configuration.draft.modules?.parameters
    parameters = ParameterEntry(
      total: shape.count.value, active: shape.active.value,
      activeWithoutEmbedding: shape.activeWithoutGatheredTables.value, buffers: shape.buffers.value,
      vision: configuration.vision.tower?.parameters.value, visionReason: configuration.vision.reason,
      draft: draft?.total.value, draftActive: draft?.active.value, draftBuffers: draft?.buffers.value,
      draftReason: configuration.draft.reason)
    cache = CacheEntry(
      CacheGrowth(decoder, formats), dtype: formats.keyValueCache)
    checkpointBytes = contents.bytes.value
    checkpointParts = ContentsParts(
      textBytes: contents.textBytes.value, draftBytes: contents.draftBytes.value,
      visionBytes: contents.visionBytes.value)
    checkpointElements = contents.parts.map { ContentsEntry(format: $0.format, elements: $0.elements.value) }
    keys = KeyEntry(
      read: configuration.keys.read, ignored: configuration.keys.ignored, unknown: configuration.keys.unknown,
      assumed: configuration.defaults.map { AssumedEntry(key: $0.key, value: $0.value, reason: $0.reason) })
  }
}
