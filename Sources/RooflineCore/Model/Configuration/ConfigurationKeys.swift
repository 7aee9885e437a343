/// A config.json as a family reads it: each key that is asked for is remembered, each default that is used is noted.
struct ConfigurationKeys {
  /// The language model's part: the whole file, or its `text_config`.
  let text: JSONObject
  /// The file's top level.
  let outer: JSONObject
  /// What the class is called in messages.
  let architecture: String
  /// Keys that were asked for, by their paths in the language model's part.
  private(set) var asked: Set<String> = []
  private(set) var defaults: [AssumedDefault] = []

  init(text: JSONObject, outer: JSONObject, architecture: String) {
    self.text = text
    self.outer = outer
    self.architecture = architecture
  }

  /// The value, or nil where the key is absent or null.
  mutating func value(_ key: String) -> JSONValue? {
    asked.insert(key)
    return text[key]
  }

  /// Whether the key is there, be it as null.
  mutating func isStated(_ key: String) -> Bool {
    asked.insert(key)
    return text.members[key] != nil
  }

  mutating func integer(_ key: String) throws(InputError) -> UInt64? {
    asked.insert(key)
    return try text.positiveInteger(key)
  }

  mutating func required(_ key: String, _ expected: String) throws(InputError) -> UInt64 {
    try text.require(try integer(key), key, "\(expected), a whole number of at least 1")
  }

  /// A whole number, or a documented default that is noted.
  mutating func integer(_ key: String, assumed: UInt64) throws(InputError) -> UInt64 {
    if let value = try integer(key) { return value }
    assume(key, String(assumed))
    return assumed
  }

  mutating func number(_ key: String) throws(InputError) -> Double? {
    asked.insert(key)
    return try text.positiveNumber(key)
  }

  mutating func string(_ key: String) throws(InputError) -> String? {
    asked.insert(key)
    return try text.string(key)
  }

  mutating func strings(_ key: String) throws(InputError) -> [String]? {
    asked.insert(key)
    return try text.strings(key)
  }

  mutating func bool(_ key: String) throws(InputError) -> Bool? {
    asked.insert(key)
    return try text.bool(key)
  }

  mutating func flag(_ key: String, assumed: Bool) throws(InputError) -> Bool {
    if let value = try bool(key) { return value }
    assume(key, "\(assumed)")
    return assumed
  }

  mutating func object(_ key: String) throws(InputError) -> JSONObject? {
    asked.insert(key)
    return try text.object(key)
  }

  /// The elements of a list of objects; nil where the key is absent.
  mutating func objects(_ key: String) throws(InputError) -> [JSONObject]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else { throw text.wrong(key, value, "a list of objects") }
    var objects: [JSONObject] = []
    for (index, element) in elements.enumerated() {
      objects.append(try JSONObject(element, file: text.file, path: "\(text.keyPath(key))[\(index)]"))
    }
    return objects
  }

  mutating func assume(_ key: String, _ value: String, _ reason: String? = nil) {
    let assumed = AssumedDefault(key: key, value: value, reason: reason ?? architecture)
    if !defaults.contains(assumed) { defaults.append(assumed) }
  }

  // MARK: facts of many families

  /// `tie_word_embeddings` of the file's top level, else of the text part.
  mutating func tiesWordEmbeddings(assumed: Bool) throws(InputError) -> Bool {
    if outer.path != text.path, let value = try outer.bool("tie_word_embeddings") {
      asked.insert("tie_word_embeddings")
      return value
    }
    return try flag("tie_word_embeddings", assumed: assumed)
  }

  /// - Parameters:
  ///   - mayOmit: a file may leave the key out, meaning one KV head per query head; null always means that.
  ///   - key: what the file calls it.
  mutating func keyValueHeads(
    of heads: UInt64, mayOmit: Bool, key: String = "num_key_value_heads"
  ) throws(InputError) -> UInt64 {
    if let stated = try integer(key) {
      guard heads.isMultiple(of: stated) else {
        throw text.wrong(
          key, .integer(Int64(stated)), "a divisor of num_attention_heads (\(heads))")
      }
      return stated
    }
    guard mayOmit || text.members[key] == .null else {
      throw .missingKey(
        file: text.file, key: text.keyPath(key),
        expected: "the number of KV heads, a whole number")
    }
    assume(key, String(heads), "\(architecture): num_attention_heads")
    return heads
  }

  /// `head_dim` where it is stated, else hidden_size / num_attention_heads, which must divide.
  mutating func headDim(hidden: UInt64, heads: UInt64) throws(InputError) -> UInt64 {
    if let headDim = try integer("head_dim") { return headDim }
    guard hidden.isMultiple(of: heads) else {
      throw .missingKey(
        file: text.file, key: text.keyPath("head_dim"),
        expected: "the width of a head (num_attention_heads \(heads) does not divide hidden_size \(hidden))")
    }
    assume("head_dim", String(hidden / heads), "\(architecture): hidden_size / num_attention_heads")
    return hidden / heads
  }

  /// Rotary embedding turns pairs: a head's elements, all of which it turns, are even in number.
  func requireEven(_ headDim: UInt64) throws(InputError) -> UInt64 {
    guard headDim.isMultiple(of: 2) else {
      throw text.wrong("head_dim", .integer(Int64(headDim)), "an even number: rotary embedding turns pairs of elements")
    }
    return headDim
  }

  /// The activation of a gated MLP.
  mutating func requireSilu() throws(InputError) {
    var isStated = false
    for key in ["hidden_act", "hidden_activation"] {
      guard let value = value(key) else { continue }
      isStated = true
      guard value == .string("silu") || value == .string("swish") else {
        throw .unsupportedKey(
          file: text.file, key: text.keyPath(key), value: value.summary,
          reason: "only the gated silu MLP is counted for this architecture")
      }
    }
    if !isStated { assume("hidden_act", "silu") }
  }

  /// Rotary embedding of a part of each head, which a class of whole heads does not have.
  mutating func requireWholeRotary() throws(InputError) {
    for holder in [text, try object("rope_parameters"), try object("rope_scaling")] {
      asked.insert("partial_rotary_factor")
      guard let holder, let value = holder["partial_rotary_factor"], value.number != 1 else { continue }
      throw .unsupportedKey(
        file: text.file, key: holder.keyPath("partial_rotary_factor"), value: value.summary,
        reason: "rotary embedding of a part of a head is not counted for this architecture")
    }
  }

  /// Layers' kinds where a file lists them, each of the known ones, one a layer.
  mutating func layerTypes(_ known: [String], layers: UInt64) throws(InputError) -> [String]? {
    guard let types = try strings("layer_types") else { return nil }
    let names = known.map { "\"\($0)\"" }.joined(separator: " or ")
    for type in types {
      guard known.contains(type) else { throw text.wrong("layer_types", .string(type), names) }
    }
    guard UInt64(types.count) == layers else {
      throw text.wrong("layer_types", .array(types.map { .string($0) }), "one entry for each of the \(layers) layers")
    }
    return types
  }

  /// A number of layers that a list of them may have: what no model comes near is a slip.
  func requireListable(_ layers: UInt64) throws(InputError) {
    guard layers <= 100_000 else {
      throw text.wrong("num_hidden_layers", .integer(Int64(layers)), "at most 100000 where layers differ")
    }
  }

  /// `torch_dtype`, in newer files `dtype`.
  ///
  /// - Parameter isFormatGiven: the run states formats of its own; one that is not known here then does no harm.
  mutating func dtype(isFormatGiven: Bool) throws(InputError) -> DType {
    let names = ["float32": DType.fp32, "float16": .fp16, "bfloat16": .bf16]
    var found: (key: String, dtype: DType)?
    for key in ["torch_dtype", "dtype"] {
      asked.insert(key)
      var stated = try text.string(key)
      if stated == nil { stated = try outer.string(key) }
      guard let name = stated else { continue }
      let bare = name.hasPrefix("torch.") ? String(name.dropFirst("torch.".count)) : name
      guard let dtype = names[bare] else {
        if isFormatGiven { continue }
        throw text.wrong(key, .string(name), "float32, float16 or bfloat16; other formats are given with --dtype")
      }
      if let found, found.dtype != dtype {
        throw text.wrong(key, .string(name), "the same as \(found.key), or only one of the two keys")
      }
      found = (key, dtype)
    }
    if let found { return found.dtype }
    assume("torch_dtype", "bfloat16", "the file names no format; --dtype states one")
    return .bf16
  }
}
