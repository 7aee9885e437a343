/// What a model's file says about the formats of its tensors, as a run that may state others takes it.
struct CheckpointFormats {
  let model: DecoderModel
  let draft: DraftPart
  /// The KV cache's; nil: the model's own.
  let cache: DType?
  /// Keys whose formats the run's stand instead of.
  let overridden: [String]
  /// Keys of the formats' description that nobody here knows.
  let unknown: [String]

  private static let keys = ["quantization_config", "compression_config"]

  /// - Parameters:
  ///   - beside: `quantization` of the `hf_quant_config.json` beside the file; the file's own description stands before it.
  init(
    _ model: DecoderModel, draft: DraftPart, _ keys: inout ConfigurationKeys, family: any ArchitectureFamily.Type,
    dtype: DType,
    beside: JSONObject?, stated: StatedFormats
  ) throws(InputError) {
    let draft = draft.copyingTables(family.checkpoints.draftCopiesTables)
    let (found, names) = try Self.description(&keys, isRead: !stated.contains(.weights))
    guard let description = found ?? beside else {
      self.init(model: model, draft: draft, cache: nil, overridden: [], unknown: [])
      return
    }
    let name = found == nil ? [JSONObject.besideName] : names
    guard !stated.contains(.weights) else {
      self.init(model: model, draft: draft, cache: nil, overridden: name, unknown: [])
      return
    }
    var expertDType: (String, JSONObject)?
    if family.checkpoints.hasExpertDType, let value = try keys.string("expert_dtype") {
      expertDType = (value, keys.text)
    }
    let (scheme, unknown) = try QuantizationReader.read(
      description, habits: family.checkpoints, model: dtype, expertDType: expertDType)
    let isFree = !stated.contains(.activations)
    let whole = family.checkpoints.whole
    var used: Set<String> = []
    let quantized = try model.quantized(scheme, whole: whole, used: &used)
    try scheme.requireUsed(used, layers: model.numHiddenLayers)
    var modules = draft
    if let own = draft.modules {
      // Layers of drafts are numbered behind the text's, or by themselves under a name of their own.
      let first = own.decoder.layerPrefix == model.layerPrefix ? model.numHiddenLayers : 0
      let decoder = try own.decoder.quantized(scheme, whole: whole, firstLayer: first, used: &used)
      modules = .modules(
        DraftModules(
          count: own.count, decoder: isFree ? decoder : decoder.readingStatedActivations(),
          copiesTables: own.copiesTables))
    }
    self.init(
      model: isFree ? quantized : quantized.readingStatedActivations(), draft: modules,
      cache: stated.contains(.cache) ? nil : scheme.cache,
      overridden: stated.contains(.cache) && scheme.cache != nil ? name : [], unknown: unknown)
  }

  private init(model: DecoderModel, draft: DraftPart, cache: DType?, overridden: [String], unknown: [String]) {
    self.model = model
    self.draft = draft
    self.cache = cache
    self.overridden = overridden
    self.unknown = unknown
  }

  /// The description in force in the text part or at the file's top level.
  private static func description(
    _ keys: inout ConfigurationKeys, isRead: Bool
  ) throws(InputError) -> (JSONObject?, [String]) {
    var found: JSONObject?
    var names: [String] = []
    for key in Self.keys {
      for holder in keys.outer.path == keys.text.path ? [keys.text] : [keys.text, keys.outer] {
        guard let value = holder[key], KnownKeys.isActive(value) else { continue }
        let object = try JSONObject(value, file: holder.file, path: holder.keyPath(key))
        if let found, found.members != object.members {
          throw holder.wrong(key, value, "the same as \(found.path), or only one of the two")
        }
        found = found ?? object
        names.append(key)
      }
      if isRead { _ = keys.value(key) }
    }
    return (found, names)
  }
}

extension DraftPart {
  fileprivate func copyingTables(_ copies: Bool) -> DraftPart {
    modules.map { .modules(DraftModules(count: $0.count, decoder: $0.decoder, copiesTables: copies)) } ?? self
  }
}

extension JSONObject {
  /// The file that ModelOpt writes beside a config.json.
  package static let besideName = "hf_quant_config.json"

  /// `quantization` of such a file.
  static func quantization(besideIn file: String) throws(InputError) -> JSONObject {
    let root = try JSONObject(JSONValue.read(file: file), file: file)
    guard let quantization = try root.object("quantization") else {
      throw .missingKey(file: file, key: "quantization", expected: "an object with a quant_algo")
    }
    return quantization
  }
}
