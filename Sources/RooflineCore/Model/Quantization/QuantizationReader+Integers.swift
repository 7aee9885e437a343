extension QuantizationReader {
  /// `awq`: groups of a row share a scale and, with `zero_point`, a zero point of the elements' width. The head stays as it is.
  mutating func awq() throws(InputError) -> QuantizationScheme {
    let bits = try bits(["bits", "w_bit"], known: [4])
    let hasZeroPoints = try bool("zero_point") ?? true
    var scheme = QuantizationScheme(object)
    scheme.ignored = try modules(["modules_to_not_convert"])
    scheme.rules = [
      .init(
        reach: .linears(head: false),
        format: try integers(bits, ["group_size", "q_group_size"], hasZeroPoints: hasZeroPoints))
    ]
    return scheme
  }

  /// `gptq`: the same; its files have zero points, symmetric or not. The order of the columns (`g_idx`) is not counted.
  mutating func gptq() throws(InputError) -> QuantizationScheme {
    let bits = try bits(["bits"], known: [4, 8])
    _ = try bool("sym")
    let convertsHead = try bool("lm_head") ?? false
    try requireOff(
      "dynamic", "formats of single modules are not read from it; --dtype states one for all tensors instead")
    try requireOff(
      "modules_in_block_to_quantize",
      "a choice of modules is not read; --dtype states one format for all tensors instead")
    var scheme = QuantizationScheme(object)
    scheme.ignored = try modules(["modules_to_not_convert"])
    scheme.rules = [
      .init(
        reach: .linears(head: convertsHead), format: try integers(bits, ["group_size"], hasZeroPoints: true))
    ]
    return scheme
  }

  private mutating func bits(_ keys: [String], known choices: [Int64]) throws(InputError) -> UInt8 {
    for key in keys {
      guard let value = value(key) else { continue }
      guard let number = value.wholeNumber, choices.contains(number) else {
        throw object.wrong(key, value, choices.map(String.init).joined(separator: " or "))
      }
      return UInt8(number)
    }
    throw .missingKey(
      file: object.file, key: object.keyPath(keys[0]),
      expected: "bits of an element, \(choices.map(String.init).joined(separator: " or "))")
  }

  private mutating func integers(
    _ bits: UInt8, _ groupKeys: [String], hasZeroPoints: Bool
  ) throws(InputError) -> TensorFormat {
    known.formUnion(groupKeys)
    guard let key = groupKeys.first(where: { object[$0] != nil }) else {
      throw .missingKey(
        file: object.file, key: object.keyPath(groupKeys[0]),
        expected: "the number of elements that share a scale, or -1 for a whole row")
    }
    let group = try Self.group(key, in: object, assumed: 128)
    return TensorFormat(
      bits == 4 ? .int4 : .int8,
      in: StorageFormat(
        bits: bits, scale: .init(columns: group, bits: 16, zeroPointBits: hasZeroPoints ? bits : 0)),
      input: nil,
      names: .init(elements: "qweight", scales: "scales", zeroPoints: hasZeroPoints ? "qzeros" : nil))
  }
}
