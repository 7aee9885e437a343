/// The format of one of `config_groups`.
struct GroupFormat {
  let tensor: TensorFormat

  init(
    _ group: JSONObject, format: String?, model: DType,
    names: (_ hasTensorScale: Bool, _ hasInputScale: Bool) -> TensorFormat.Names
  ) throws(InputError) {
    let formats = [
      "pack-quantized", "int-quantized", "float-quantized", "naive-quantized", "nvfp4-pack-quantized",
      "mxfp4-pack-quantized", "mxfp8-quantized", "mixed-precision", "dense",
    ]
    if let format, !formats.contains(format) {
      throw group.wrong("format", .string(format), formats.map { "\"\($0)\"" }.joined(separator: ", "))
    }
    guard let weights = try group.object("weights") else {
      throw .missingKey(file: group.file, key: group.keyPath("weights"), expected: "num_bits, type and strategy")
    }
    if let outputs = group["output_activations"], KnownKeys.isActive(outputs) {
      throw .unsupportedKey(
        file: group.file, key: group.keyPath("output_activations"), value: outputs.summary,
        reason: "products leave their results in the model's format here")
    }
    let dtype = try Self.dtype(weights)
    let isMX = format?.hasPrefix("mx") == true
    let columns = try Self.columns(weights, dtype)
    let isNVFP4 = dtype == .fp4 && !isMX && columns == 16
    let bits = try Self.scaleBits(weights, isByte: isMX || isNVFP4, model)
    var inputs = try group.object("input_activations")
    if inputs?.members.isEmpty == true { inputs = nil }
    let isStatic = inputs.map { $0["dynamic"] == nil || $0["dynamic"] == .bool(false) } ?? false
    var scalars: UInt8 = 0
    var scale: StorageFormat.BlockScale?
    if let block = try Self.block(weights) {
      scale = .init(rows: block.rows, columns: block.columns, bits: bits)
    } else if let columns {
      let isSymmetric = try weights.bool("symmetric") ?? true
      scale = .init(columns: columns, bits: bits, zeroPointBits: isSymmetric ? 0 : UInt8(dtype.bits))
    } else {
      scalars += bits / 8
    }
    // NVFP4 has a scale of its tensor and one of its input in fp32; other static inputs have one in the model's format.
    if isNVFP4 { scalars += inputs == nil ? 4 : 8 } else if isStatic { scalars += bits / 8 }
    let isPacked = dtype.bits < 8
    let hasInputScale = isNVFP4 ? inputs != nil : isStatic
    var tensorNames = names(isNVFP4, hasInputScale)
    tensorNames = .init(
      elements: isPacked ? tensorNames.elements : "weight", scales: tensorNames.scales,
      zeroPoints: (scale?.zeroPointBits ?? 0) > 0 ? tensorNames.zeroPoints : nil,
      tensorScale: scale == nil ? tensorNames.scales : tensorNames.tensorScale,
      inputScale: isNVFP4 || !hasInputScale ? tensorNames.inputScale : "input_scale")
    var input: TensorFormat.Input?
    if let inputs { input = try Self.input(inputs, isStatic: isStatic) }
    tensor = TensorFormat(
      dtype, in: StorageFormat(bits: UInt8(dtype.bits), scale: scale, tensorScaleBytes: scalars),
      input: input,
      names: tensorNames)
  }

  private static func dtype(_ arguments: JSONObject) throws(InputError) -> DType {
    let bits = try arguments.require(try arguments.positiveInteger("num_bits"), "num_bits", "4 or 8")
    let type = try arguments.string("type") ?? "int"
    switch (type, bits) {
    case ("float", 4): return .fp4
    case ("float", 8): return .fp8
    case ("int", 4): return .int4
    case ("int", 8): return .int8
    case ("float", _), ("int", _): throw arguments.wrong("num_bits", .integer(Int64(bits)), "4 or 8")
    default: throw arguments.wrong("type", .string(type), "\"float\" or \"int\"")
    }
  }

  private static let strategies = ["tensor", "channel", "group", "tensor_group", "block", "token"]

  private static func strategy(_ arguments: JSONObject) throws(InputError) -> String? {
    guard let strategy = try arguments.string("strategy") else { return nil }
    guard strategies.contains(strategy) else {
      throw arguments.wrong("strategy", .string(strategy), strategies.map { "\"\($0)\"" }.joined(separator: ", "))
    }
    return strategy
  }

  /// Columns that share a scale; nil: the tensor has one.
  private static func columns(_ arguments: JSONObject, _ dtype: DType) throws(InputError) -> UInt32? {
    let hasGroup = arguments["group_size"] != nil
    switch try strategy(arguments) ?? (hasGroup ? "group" : "tensor") {
    case "group", "tensor_group", "block":
      guard hasGroup || arguments["block_structure"] != nil else {
        throw .missingKey(
          file: arguments.file, key: arguments.keyPath("group_size"),
          expected: "the number of elements that share a scale")
      }
      return try QuantizationReader.group("group_size", in: arguments, assumed: StorageFormat.BlockScale.whole)
    case "channel", "token": return StorageFormat.BlockScale.whole
    default: return nil
    }
  }

  private static func block(_ arguments: JSONObject) throws(InputError) -> (rows: UInt32, columns: UInt32)? {
    guard try strategy(arguments) == "block" else { return nil }
    guard let block = try QuantizationReader.block("block_structure", in: arguments) else {
      throw .missingKey(
        file: arguments.file, key: arguments.keyPath("block_structure"), expected: "rows and columns of a block")
    }
    return block
  }

  private static func scaleBits(_ arguments: JSONObject, isByte: Bool, _ model: DType) throws(InputError) -> UInt8 {
    guard let name = try arguments.string("scale_dtype") else { return isByte ? 8 : UInt8(model.bits) }
    let widths: [(name: String, bits: UInt8)] = [
      ("uint8", 8), ("float8_e4m3fn", 8), ("float8_e8m0fnu", 8), ("bfloat16", 16), ("float16", 16), ("float32", 32),
    ]
    guard let width = widths.first(where: { name == $0.name || name == "torch.\($0.name)" }) else {
      throw arguments.wrong("scale_dtype", .string(name), widths.map(\.name).joined(separator: ", "))
    }
    return width.bits
  }

  /// What products read: scales that are found at run time come with the input, stated ones lie beside the weights.
  private static func input(_ arguments: JSONObject, isStatic: Bool) throws(InputError) -> TensorFormat.Input {
    let dtype = try dtype(arguments)
    switch try strategy(arguments) ?? (arguments["group_size"] == nil ? "tensor" : "group") {
    case "group", "tensor_group", "block":
      let columns = try QuantizationReader.group("group_size", in: arguments, assumed: 128)
      return .init(dtype, scale: .init(columns: columns, bits: dtype == .fp4 || columns == 32 ? 8 : 32))
    default: return .init(dtype, scale: isStatic ? nil : .init(columns: StorageFormat.BlockScale.whole, bits: 32))
    }
  }
}
