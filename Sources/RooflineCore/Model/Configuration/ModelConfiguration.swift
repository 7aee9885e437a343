/// A model as its config.json describes it: what the file says, what was derived, and which documented defaults were used.
public struct ModelConfiguration: Hashable, Sendable {
  /// Its name in the catalog, or what its file or folder is called.
  public let name: String
  /// The config.json that it was read from.
  public let path: String
  /// The class's name.
  public let architecture: String
  package let model: DecoderModel
  /// How many parameters the text part has.
  public let parameters: ParameterCounts
  /// Modules beside the text part that guess further tokens; none of its totals has them.
  package let draft: DraftPart
  /// The tower that turns images into tokens; none of the text part's totals has it.
  package let vision: VisionPart
  /// The format of the tensors that are not quantised.
  public let dtype: DType
  /// The format of the KV cache, where the file states one.
  package let cacheDType: DType?
  /// The longest sequence that the model was made for, tokens; nil where the file does not say.
  public let maxPositionEmbeddings: UInt64?
  /// Facts the file leaves out, and what the architecture's documentation says instead.
  public let defaults: [AssumedDefault]
  /// Values that were set on the command line instead of the file's.
  package let overrides: [ConfigurationOverride]
  /// What became of the file's keys.
  public let keys: KeyReport
  /// Whether the checkpoint brings code of its own (`auto_map`), which may compute something else.
  public let hasOwnCode: Bool
}

/// A value the file does not state.
public struct AssumedDefault: Hashable, Sendable {
  /// The key of config.json that is not there.
  public let key: String
  /// What is assumed in its place.
  public let value: String
  /// Why: who documents it.
  public let reason: String
}

/// A value given with `--set key=value`.
package struct ConfigurationOverride: Hashable, Sendable {
  package let key: String
  package let value: JSONValue

  package init(key: String, value: JSONValue) {
    self.key = key
    self.value = value
  }
}

extension ModelConfiguration {
  /// Reads a decoded config.json.
  ///
  /// - Parameters:
  ///   - quantization: what the `hf_quant_config.json` beside the file says.
  ///   - stated: formats that the run states itself.
  /// - Throws: `InputError` for an architecture that is not counted, for a key in force that would change a count and is not
  ///   understood, and for a missing, mistyped, negative or fractional value.
  package init(
    _ value: JSONValue, name: String, file: String, overrides: [ConfigurationOverride] = [],
    quantization: JSONObject? = nil, stated: StatedFormats = []
  ) throws(InputError) {
    var outer = try JSONObject(value, file: file)
    var text = try outer.object("text_config")
    for override in overrides {
      if text != nil {
        text?.set(override.key, to: override.value)
      } else {
        outer.set(override.key, to: override.value)
      }
    }
    let (family, architecture) = try ArchitectureFamilies.family(of: outer, text: text)
    var keys = ConfigurationKeys(text: text ?? outer, outer: outer, architecture: architecture)
    self.name = name
    self.path = file
    self.architecture = architecture
    self.overrides = overrides
    let decoder = try family.model(&keys)
    let drafts = try family.draft(&keys, decoder)
    vision = family.vision(keys, decoder)
    dtype = try keys.dtype(isFormatGiven: stated == .all)
    maxPositionEmbeddings = try keys.integer(family.positionsKey)
    let formats = try CheckpointFormats(
      decoder, draft: drafts, &keys, family: family, dtype: dtype, beside: quantization, stated: stated)
    model = formats.model
    draft = formats.draft
    cacheDType = formats.cache
    self.keys = try KeyReport(keys, family: family, formats: formats, isFormatGiven: stated.contains(.weights))
    // A key that would shape a graph was refused by its own name just now.
    for override in overrides where !self.keys.settable.contains(override.key) {
      throw .unknownKey(
        file: architecture, key: override.key,
        nearest: KeySynonyms.instead(of: override.key, among: self.keys.settable))
    }
    defaults = keys.defaults
    hasOwnCode = outer["auto_map"] != nil
    parameters = ParameterCounts(model)
    if let modules = draft.modules, modules.parameters.total.isOverflow {
      throw .overflow(what: "the draft modules' parameters")
    }
    guard !(4 * parameters.total).isOverflow else { throw .overflow(what: "\(name)'s parameters") }
  }
}

extension ModelConfiguration {
  /// A draft module in the model's place; nil where the file has none that is counted.
  package var drafting: ModelConfiguration? {
    guard let module = draft.modules?.decoder else { return nil }
    return ModelConfiguration(
      name: name, path: path, architecture: architecture, model: module,
      parameters: ParameterCounts(module), draft: draft, vision: vision, dtype: dtype,
      cacheDType: cacheDType,
      maxPositionEmbeddings: maxPositionEmbeddings, defaults: defaults, overrides: overrides, keys: keys,
      hasOwnCode: hasOwnCode)
  }
}

extension ModelConfiguration {
  /// Whoever wants no key passed over that may mean something asks for this.
  ///
  /// - Throws: `InputError.unknownKeys` where nobody here knows a key of the file.
  public func requireKnownKeys() throws(InputError) {
    guard keys.unknown.isEmpty else { throw .unknownKeys(file: path, keys: keys.unknown) }
  }

  /// The checkpoint's own formats; matrices with formats of their own keep them.
  public var formats: NumberFormats {
    NumberFormats(weight: dtype, activation: dtype, keyValueCache: cacheDType ?? dtype, model: dtype)
  }
}
