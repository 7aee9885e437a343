extension QuantizationReader {
  /// NVIDIA's ModelOpt: one algorithm for all linear layers but those excluded, or (`MIXED_PRECISION`) a table of modules.
  mutating func modelOpt() throws(InputError) -> QuantizationScheme {
    var scheme = QuantizationScheme(object)
    scheme.ignored = try modules(["ignore", "exclude_modules"])
    // The groups say the same once more, where the algorithm says it.
    known.formUnion(["config_groups", "group_size"])
    scheme.cache = try cacheScheme()
    if let algorithm = try cacheAlgorithm() { scheme.cache = algorithm }
    if let value = value("quantized_layers") {
      let table = try JSONObject(value, file: object.file, path: object.keyPath("quantized_layers"))
      scheme.tableKey = "quantized_layers"
      for name in table.members.keys.sorted() {
        guard let entry = try table.object(name) else { continue }
        let algorithm = try entry.string("quant_algo")
        var format: TensorFormat?
        if let algorithm { format = try Self.format(algorithm, in: entry) }
        try scheme.table.add(name, format, key: "quantized_layers", in: object)
      }
    }
    guard let algorithm = try string("quant_algo") else {
      guard scheme.table.isEmpty, scheme.cache == nil else { return scheme }
      throw .missingKey(
        file: object.file, key: object.keyPath("quant_algo"), expected: Self.algorithmNames + " or \"MIXED_PRECISION\"")
    }
    if algorithm.uppercased() == "MIXED_PRECISION" {
      if scheme.table.isEmpty {
        guard has("config_groups") else {
          throw .missingKey(
            file: object.file, key: object.keyPath("quantized_layers"),
            expected: "the modules of quant_algo MIXED_PRECISION with their formats")
        }
        scheme.rules = try groups(names: Self.names(hasTensorScale:hasInputScale:))
      }
    } else {
      scheme.rules = [.init(reach: .linears(head: true), format: try Self.format(algorithm, in: object))]
    }
    return scheme
  }

  private mutating func cacheAlgorithm() throws(InputError) -> DType? {
    try choice("kv_cache_quant_algo", [("FP8", .fp8), ("INT8", .int8), ("none", nil), ("auto", nil)]) ?? nil
  }

  static func names(hasTensorScale: Bool, hasInputScale: Bool) -> TensorFormat.Names {
    .init(
      scales: "weight_scale", tensorScale: hasTensorScale ? "weight_scale_2" : nil,
      inputScale: hasInputScale ? "input_scale" : nil)
  }

  /// Formats by their names; the argument is the size of a group.
  private static let algorithms: [(name: String, format: @Sendable (UInt32?) -> TensorFormat)] = [
    (
      "FP8",
      { _ in
        TensorFormat(
          .fp8, in: StorageFormat(bits: 8, tensorScaleBytes: 8), input: .init(.fp8),
          names: .init(scales: "weight_scale", tensorScale: "weight_scale", inputScale: "input_scale"))
      }
    ),
    (
      "NVFP4",
      { group in
        let scale = StorageFormat.BlockScale(columns: group ?? 16, bits: 8)
        return TensorFormat(
          .fp4, in: StorageFormat(bits: 4, scale: scale, tensorScaleBytes: 8), input: .init(.fp4, scale: scale),
          names: names(hasTensorScale: true, hasInputScale: true))
      }
    ),
    (
      "MXFP4",
      { group in
        let scale = StorageFormat.BlockScale(columns: group ?? 32, bits: 8)
        return TensorFormat(
          .fp4, in: StorageFormat(bits: 4, scale: scale), input: .init(.fp4, scale: scale),
          names: .init(scales: "weight_scale"))
      }
    ),
    (
      "MXFP8",
      { group in
        let scale = StorageFormat.BlockScale(columns: group ?? 32, bits: 8)
        return TensorFormat(
          .fp8, in: StorageFormat(bits: 8, scale: scale), input: .init(.fp8, scale: scale),
          names: .init(scales: "weight_scale"))
      }
    ),
    (
      "FP8_PB_WO",
      { group in
        TensorFormat(
          .fp8, in: StorageFormat(bits: 8, scale: .init(rows: group ?? 128, columns: group ?? 128, bits: 32)),
          input: nil, names: .init(scales: "weight_scale"))
      }
    ),
    (
      "FP8_PER_CHANNEL_PER_TOKEN",
      { _ in
        let row = StorageFormat.BlockScale(columns: StorageFormat.BlockScale.whole, bits: 32)
        return TensorFormat(
          .fp8, in: StorageFormat(bits: 8, scale: row), input: .init(.fp8, scale: row),
          names: .init(scales: "weight_scale"))
      }
    ),
  ]

  private static var algorithmNames: String { algorithms.map { "\"\($0.name)\"" }.joined(separator: ", ") }

  private static func format(_ name: String, in object: JSONObject) throws(InputError) -> TensorFormat {
    guard let algorithm = algorithms.first(where: { $0.name == name.uppercased() }) else {
      throw object.wrong("quant_algo", .string(name), algorithmNames)
    }
    guard object["group_size"] != nil else { return algorithm.format(nil) }
    return algorithm.format(try group("group_size", in: object, assumed: 1))
  }
}
