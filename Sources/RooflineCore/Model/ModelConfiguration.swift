/// A model as its config.json describes it: what the file says, what was derived, and which documented defaults were used.
public struct ModelConfiguration: Hashable, Sendable {
  public let name: String
  public let path: String
  public let architecture: String
  public let model: DecoderModel
  /// The format of the weights in the checkpoint.
  public let dtype: DType
  public let maxPositionEmbeddings: UInt64?
  /// Facts the file leaves out, and what the architecture's documentation says instead.
  public let defaults: [AssumedDefault]
  /// Values that were set on the command line instead of the file's.
  public let overrides: [ConfigurationOverride]
  /// Whether the checkpoint brings code of its own (`auto_map`), which may compute something else.
  public let hasOwnCode: Bool
}

/// A value the file does not state.
public struct AssumedDefault: Hashable, Sendable {
  public let key: String
  public let value: String
  public let reason: String
}

/// A value given with `--set key=value`.
public struct ConfigurationOverride: Hashable, Sendable {
  public let key: String
  public let value: JSONValue

  public init(key: String, value: JSONValue) {
    self.key = key
    self.value = value
  }
}

extension ModelConfiguration {
  /// Keys that decide counts; the others of a file are ignored.
  public static let readKeys = [
    "architectures", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "vocab_size", "tie_word_embeddings", "attention_bias", "mlp_bias", "hidden_act",
    "torch_dtype", "dtype", "max_position_embeddings", "sliding_window", "use_sliding_window", "layer_types",
    "ffn_dim", "activation_function", "enable_bias", "word_embed_proj_dim", "do_layer_norm_before",
    "layer_norm_elementwise_affine", "_remove_final_layer_norm", "rotary_pct", "use_parallel_residual",
  ]

  /// Reads a decoded config.json.
  ///
  /// - Throws: `InputError` for an architecture that is not counted, for a key in force that would change a count and is not
  ///   understood, and for a missing, mistyped, negative or fractional value.
  public init(
    _ value: JSONValue, name: String, file: String, overrides: [ConfigurationOverride] = [],
    isFormatGiven: Bool = false
  )
    throws(InputError)
  {
    var config = try JSONObject(value, file: file)
    for override in overrides {
      let known = ModelConfiguration.readKeys
      // A key that is refused may be set too: it is then refused by its own name.
      guard known.contains(override.key) || config.members[override.key] != nil || RefusedKeys.knows(override.key)
      else {
        throw .unknownKey(
          file: file, key: override.key,
          nearest: Spelling.nearest(to: override.key, among: known + config.members.keys.sorted()))
      }
      config.set(override.key, to: override.value)
    }
    let architecture = try ModelConfiguration.architecture(of: config)
    for override in overrides {
      guard let nearest = architecture.insteadOf(override.key, set: override.value) else { continue }
      throw .unknownKey(file: architecture.name, key: override.key, nearest: nearest)
    }
    try RefusedKeys.check(config, architecture)
    try MisreadKeys.check(config, architecture)
    var reader = ConfigurationReader(config: config, architecture: architecture)
    self.name = name
    self.path = file
    self.architecture = architecture.name
    self.overrides = overrides
    hasOwnCode = config["auto_map"] != nil
    model = try reader.model()
    dtype = try reader.dtype(isFormatGiven: isFormatGiven)
    maxPositionEmbeddings = try config.positiveInteger("max_position_embeddings")
    defaults = reader.defaults
    let parameters = ParameterShape<Count>(model).count
    guard !parameters.isOverflow, !(4 * parameters).isOverflow else { throw .overflow(what: "\(name)'s parameters") }
  }

  private static func architecture(of config: JSONObject) throws(InputError) -> Architecture {
    let supported = Architecture.all.map(\.name)
    guard let names = try config.strings("architectures"), let first = names.first else {
      throw .missingKey(
        file: config.file, key: "architectures", expected: "a list with one of \(supported.joined(separator: ", "))")
    }
    guard names.count == 1, let architecture = Architecture.all.first(where: { $0.name == first }) else {
      throw .unsupportedArchitecture(file: config.file, found: names.joined(separator: ", "), supported: supported)
    }
    return architecture
  }
}
