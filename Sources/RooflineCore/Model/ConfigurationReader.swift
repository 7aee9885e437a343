/// Resolves a config.json to a `DecoderModel`, keeping a list of the defaults it had to use.
struct ConfigurationReader {
  let config: JSONObject
  let architecture: Architecture
  private(set) var defaults: [AssumedDefault] = []

  init(config: JSONObject, architecture: Architecture) {
    self.config = config
    self.architecture = architecture
  }

  mutating func model() throws(InputError) -> DecoderModel {
    let heads = try required("num_attention_heads", "the number of query heads")
    let hidden = try required("hidden_size", "the width of the residual stream")
    let keyValueHeads = try keyValueHeads(queryHeads: heads)
    guard heads.isMultiple(of: keyValueHeads) else {
      throw config.wrong(
        "num_key_value_heads", .integer(Int64(keyValueHeads)), "a divisor of num_attention_heads (\(heads))")
    }
    let headDim = try headDim(hidden: hidden, heads: heads)
    // OPT has learned positions, and GPT-NeoX turns a share that has a rule of its own.
    guard architecture.family != .gated || headDim.isMultiple(of: 2) else {
      throw config.wrong(
        "head_dim", .integer(Int64(headDim)), "an even number: rotary embedding turns pairs of elements")
    }
    if architecture.family == .gated, config["hidden_act"] == nil, config["hidden_activation"] == nil {
      assume("hidden_act", "silu", architecture.name)
    }
    if architecture.slidingWindow == .bySwitch, config["use_sliding_window"] == nil {
      assume("use_sliding_window", "false", architecture.name)
    }
    return DecoderModel(
      hiddenSize: hidden,
      intermediateSize: try required(architecture.intermediateKey, "the width of the MLP"),
      numHiddenLayers: try required("num_hidden_layers", "the number of layers"),
      numAttentionHeads: heads,
      numKeyValueHeads: keyValueHeads,
      headDim: headDim,
      vocabSize: try required("vocab_size", "the number of tokens"),
      tieWordEmbeddings: try flag("tie_word_embeddings", assumed: architecture.tiesWordEmbeddings),
      hasQueryKeyValueBias: try bias(architecture.queryKeyValueBias),
      hasOutputBias: try bias(architecture.outputBias),
      hasMLPBias: try bias(architecture.mlpBias),
      layout: architecture.family == .gated ? .gated : .plain(try plainLayer(headDim: headDim)))
  }

  /// `torch_dtype`, in newer files `dtype`.
  ///
  /// - Parameter isFormatGiven: the run states formats of its own; one that is not known here then does no harm.
  mutating func dtype(isFormatGiven: Bool) throws(InputError) -> DType {
    let names = ["float32": DType.fp32, "float16": .fp16, "bfloat16": .bf16]
    var found: (key: String, dtype: DType)?
    for key in ["torch_dtype", "dtype"] {
      guard let name = try config.string(key) else { continue }
      let bare = name.hasPrefix("torch.") ? String(name.dropFirst("torch.".count)) : name
      guard let dtype = names[bare] else {
        if isFormatGiven { continue }
        throw config.wrong(key, .string(name), "float32, float16 or bfloat16; other formats are given with --dtype")
      }
      if let found, found.dtype != dtype {
        throw config.wrong(key, .string(name), "the same as \(found.key), or only one of the two keys")
      }
      found = (key, dtype)
    }
    if let found { return found.dtype }
    assume("torch_dtype", "bfloat16", "the file names no format; --dtype states one")
    return .bf16
  }

  private mutating func keyValueHeads(queryHeads: UInt64) throws(InputError) -> UInt64 {
    if let heads = try config.positiveInteger("num_key_value_heads") { return heads }
    guard architecture.mayOmitKeyValueHeads || config.members["num_key_value_heads"] == .null else {
      throw .missingKey(
        file: config.file, key: config.keyPath("num_key_value_heads"),
        expected: "the number of KV heads, a whole number")
    }
    assume("num_key_value_heads", String(queryHeads), "\(architecture.name): num_attention_heads")
    return queryHeads
  }

  private mutating func headDim(hidden: UInt64, heads: UInt64) throws(InputError) -> UInt64 {
    if let headDim = try config.positiveInteger("head_dim") { return headDim }
    guard hidden.isMultiple(of: heads) else {
      throw .missingKey(
        file: config.file, key: config.keyPath("head_dim"),
        expected: "the width of a head (num_attention_heads \(heads) does not divide hidden_size \(hidden))")
    }
    assume("head_dim", String(hidden / heads), "\(architecture.name): hidden_size / num_attention_heads")
    return hidden / heads
  }

  private mutating func bias(_ rule: Architecture.Bias) throws(InputError) -> Bool {
    switch rule {
    case .never: false
    case .always: true
    case .key(let key, let assumed): try flag(key, assumed: assumed)
    }
  }

  mutating func flag(_ key: String, assumed: Bool) throws(InputError) -> Bool {
    if let value = try config.bool(key) { return value }
    assume(key, "\(assumed)", architecture.name)
    return assumed
  }

  func required(_ key: String, _ expected: String) throws(InputError) -> UInt64 {
    try config.require(try config.positiveInteger(key), key, "\(expected), a whole number of at least 1")
  }

  mutating func assume(_ key: String, _ value: String, _ reason: String) {
    let assumed = AssumedDefault(key: key, value: value, reason: reason)
    if !defaults.contains(assumed) { defaults.append(assumed) }
  }
}
