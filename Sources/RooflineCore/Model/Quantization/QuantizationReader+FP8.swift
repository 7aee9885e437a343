extension QuantizationReader {
  /// `fp8`: one scale a block of the matrix or, without blocks, one a matrix; DeepSeek-V3's and its followers' own format.
  ///
  /// No list names the head in these files, which the code never quantises.
  mutating func blockFP8() throws(InputError) -> QuantizationScheme {
    _ = try choice("fmt", [("e4m3", ()), ("float8_e4m3fn", ()), ("float8_e4m3", ())])
    let isRounded = try choice("scale_fmt", [("ue8m0", true), ("float32", false), ("float", false)]) ?? false
    known.insert("weight_block_size")
    let block = try Self.block("weight_block_size", in: object)
    let isStatic = try choice("activation_scheme", [("dynamic", false), ("static", true)]) ?? false
    let bits = isRounded ? habits.roundedScaleBits ?? habits.blockScaleBits : habits.blockScaleBits
    let input: TensorFormat.Input
    let format: TensorFormat
    if let block {
      guard !isStatic else {
        throw object.wrong("activation_scheme", .string("static"), "\"dynamic\" beside weight_block_size")
      }
      input = .init(.fp8, scale: .init(columns: block.columns, bits: 32))
      format = TensorFormat(
        .fp8, in: StorageFormat(bits: 8, scale: .init(rows: block.rows, columns: block.columns, bits: bits)),
        input: input, names: .init(scales: "weight_scale_inv"))
    } else {
      // Each product's input has a scale as well: stated, or found token by token.
      input = .init(.fp8, scale: isStatic ? nil : .init(columns: StorageFormat.BlockScale.whole, bits: 32))
      format = TensorFormat(
        .fp8, in: StorageFormat(bits: 8, tensorScaleBytes: isStatic ? 8 : 4), input: input,
        names: .init(
          scales: "weight_scale", tensorScale: "weight_scale", inputScale: isStatic ? "input_scale" : nil))
    }
    var scheme = QuantizationScheme(object)
    if has("quant_algo") {
      // Another tool has quantised some modules further; what its own list leaves out stays as it was.
      scheme = try modelOpt()
      scheme.ignored = ModuleNames()
      scheme.rules = []
      known.insert("ignore")
      known.insert("config_groups")
    }
    let lists = ["modules_to_not_convert", "ignored_layers"]
    scheme.ignored = try modules(has("quant_algo") ? lists : lists + ["ignore"])
    if let experts = try expertFormat(input: input) {
      scheme.rules.append(.init(reach: .routedExperts, format: experts))
    }
    scheme.rules.append(.init(reach: .linears(head: false), format: format))
    if let cache = try cacheScheme() { scheme.cache = cache }
    return scheme
  }

  /// DeepSeek-V4's experts: `expert_dtype` "fp4" is MXFP4.
  private func expertFormat(input: TensorFormat.Input) throws(InputError) -> TensorFormat? {
    guard let expertDType else { return nil }
    switch expertDType.value {
    case "fp4": return Self.mxfp4(input: input, names: .init(scales: "scale"))
    case "fp8": return nil
    default:
      throw expertDType.object.wrong("expert_dtype", .string(expertDType.value), "\"fp4\" or \"fp8\"")
    }
  }

  static func mxfp4(input: TensorFormat.Input?, names: TensorFormat.Names) -> TensorFormat {
    TensorFormat(.fp4, in: StorageFormat(bits: 4, scale: .init(columns: 32, bits: 8)), input: input, names: names)
  }

  /// `mxfp4`: gpt-oss's experts; everything else stays as it is.
  mutating func mxfp4() throws(InputError) -> QuantizationScheme {
    var scheme = QuantizationScheme(object)
    scheme.ignored = try modules(["modules_to_not_convert"])
    scheme.rules = [
      .init(
        reach: .routedExperts, format: Self.mxfp4(input: nil, names: .init(elements: "blocks", scales: "scales")))
    ]
    return scheme
  }
}
