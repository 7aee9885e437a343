/// Reads what says how a checkpoint is quantised: `quantization_config` of a config.json, or `quantization` of a
/// `hf_quant_config.json`.
///
/// What is not understood is refused by file, key and value: bytes that are guessed are worse than none.
struct QuantizationReader {
  let object: JSONObject
  let habits: CheckpointHabits
  /// The format of tensors that are not quantised, and of most scales.
  let model: DType
  /// `expert_dtype`, where the family has it.
  let expertDType: (value: String, object: JSONObject)?
  /// Keys that somebody read or knows; the others are news.
  var known: Set<String> = QuantizationReader.harmless

  /// Keys that change no byte.
  private static let harmless: Set<String> = [
    "producer", "version", "quantization_status", "global_compression_ratio", "packed_modules_mapping", "quant_method",
    "provider", "dequantize", "moe_quant_algo", "is_mx", "use_exllama", "max_input_length", "exllama_config",
    "cache_block_outputs", "batch_size", "dataset", "tokenizer", "damp_percent", "true_sequential", "model_seqlen",
    "block_name_to_quantize", "module_name_preceding_first_block", "pad_token_id", "backend", "do_fuse",
    "fuse_max_seq_len",
    "modules_to_fuse", "static_groups", "desc_act", "model_name_or_path", "model_file_base_name", "meta",
    "checkpoint_format",
    "quantizer", "uri", "damp_auto_increment", "format_version", "has_zero_point", "awq_block_size",
  ]

  /// What `quant_method` says.
  private enum Method: String, CaseIterable {
    case fp8, mxfp4, modelopt, awq, gptq
    case compressedTensors = "compressed-tensors"
  }

  init(
    _ object: JSONObject, habits: CheckpointHabits, model: DType, expertDType: (value: String, object: JSONObject)?
  ) {
    self.object = object
    self.habits = habits
    self.model = model
    self.expertDType = expertDType
  }

  /// - Returns: the scheme, and the keys that nobody here knows.
  static func read(
    _ object: JSONObject, habits: CheckpointHabits, model: DType, expertDType: (value: String, object: JSONObject)?
  ) throws(InputError) -> (scheme: QuantizationScheme, unknown: [String]) {
    var reader = QuantizationReader(object, habits: habits, model: model, expertDType: expertDType)
    let scheme = try reader.scheme()
    var unknown: [String] = []
    for (key, value) in object.members.sorted(by: { $0.key < $1.key })
    where !reader.known.contains(key) && KnownKeys.isActive(value) {
      if let meant = reader.known.sorted().first(where: { object.members[$0] == nil && Spelling.isSlip(key, of: $0) }) {
        throw .unknownKey(file: object.file, key: object.keyPath(key), nearest: [meant])
      }
      unknown.append(object.keyPath(key))
    }
    return (scheme, unknown)
  }

  private mutating func scheme() throws(InputError) -> QuantizationScheme {
    guard let name = try object.string("quant_method") else {
      if has("quant_algo") { return try modelOpt() }
      if has("config_groups") { return try compressedTensors() }
      if let key = ["load_in_4bit", "load_in_8bit", "_load_in_4bit", "_load_in_8bit"].first(where: has) {
        throw notRead(key)
      }
      throw .missingKey(
        file: object.file, key: object.keyPath("quant_method"), expected: "\(Self.methodNames), or a quant_algo")
    }
    switch Method(rawValue: name.lowercased()) {
    case .fp8: return try blockFP8()
    case .mxfp4: return try mxfp4()
    case .modelopt: return try modelOpt()
    case .awq: return try awq()
    case .gptq: return try gptq()
    case .compressedTensors: return try compressedTensors()
    case nil: throw notRead("quant_method")
    }
  }

  private static var methodNames: String { Method.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ") }

  private func notRead(_ key: String) -> InputError {
    .unsupportedKey(
      file: object.file, key: object.keyPath(key), value: object[key]?.summary ?? "",
      reason: "known methods are \(Self.methodNames); --dtype states one format for all tensors instead")
  }

  // MARK: values

  func has(_ key: String) -> Bool { object[key].map(KnownKeys.isActive) ?? false }

  mutating func value(_ key: String) -> JSONValue? {
    known.insert(key)
    return object[key]
  }

  mutating func string(_ key: String) throws(InputError) -> String? {
    known.insert(key)
    return try object.string(key)
  }

  mutating func bool(_ key: String) throws(InputError) -> Bool? {
    known.insert(key)
    return try object.bool(key)
  }

  /// A value that must be one of those known.
  mutating func choice<T>(_ key: String, _ choices: [(name: String, value: T)]) throws(InputError) -> T? {
    guard let name = try string(key) else { return nil }
    guard let choice = choices.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw object.wrong(key, .string(name), choices.map { "\"\($0.name)\"" }.joined(separator: ", "))
    }
    return choice.value
  }

  /// A key that is understood only where it is switched off.
  mutating func requireOff(_ key: String, _ reason: String) throws(InputError) {
    known.insert(key)
    guard let value = object[key], KnownKeys.isActive(value) else { return }
    throw .unsupportedKey(file: object.file, key: object.keyPath(key), value: value.summary, reason: reason)
  }

  /// Lists of modules under any of some keys, together.
  mutating func modules(_ keys: [String]) throws(InputError) -> ModuleNames {
    var names: [String] = []
    var used = keys[0]
    for key in keys {
      known.insert(key)
      guard let list = try object.strings(key), !list.isEmpty else { continue }
      names += list
      used = key
    }
    return try ModuleNames(names, key: used, in: object)
  }

  /// A number of elements that share a scale; −1 and null: a whole row.
  static func group(_ key: String, in object: JSONObject, assumed: UInt32) throws(InputError) -> UInt32 {
    guard let value = object[key] else { return assumed }
    if value.wholeNumber == -1 { return StorageFormat.BlockScale.whole }
    guard let number = value.wholeNumber, number > 0, let size = UInt32(exactly: number), size < 1 << 20 else {
      throw object.wrong(key, value, "the number of elements that share a scale, or -1 for a whole row")
    }
    return size
  }

  /// Rows and columns of a block, as a list of two numbers.
  static func block(_ key: String, in object: JSONObject) throws(InputError) -> (rows: UInt32, columns: UInt32)? {
    guard let value = object[key] else { return nil }
    guard case .array(let sizes) = value, sizes.count == 2,
      let rows = sizes[0].wholeNumber.flatMap({ UInt32(exactly: $0) }), rows > 0, rows < 1 << 20,
      let columns = sizes[1].wholeNumber.flatMap({ UInt32(exactly: $0) }), columns > 0, columns < 1 << 20
    else { throw object.wrong(key, value, "rows and columns of a block, e.g. [128, 128]") }
    return (rows, columns)
  }

  /// `kv_cache_scheme`: {"num_bits": 8, "type": "float"}.
  mutating func cacheScheme() throws(InputError) -> DType? {
    known.insert("kv_cache_scheme")
    guard let scheme = try object.object("kv_cache_scheme"), !scheme.members.isEmpty else { return nil }
    let bits = try scheme.require(try scheme.positiveInteger("num_bits"), "num_bits", "8")
    let type = try scheme.require(try scheme.string("type"), "type", "\"float\" or \"int\"")
    switch (type, bits) {
    case ("float", 8): return .fp8
    case ("int", 8): return .int8
    case ("float", _), ("int", _): throw scheme.wrong("num_bits", .integer(Int64(bits)), "8")
    default: throw scheme.wrong("type", .string(type), "\"float\" or \"int\"")
    }
  }
}
