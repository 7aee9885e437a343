extension QuantizationReader {
  /// `compressed-tensors`: groups of modules, each with a format of weights and of inputs.
  mutating func compressedTensors() throws(InputError) -> QuantizationScheme {
    var scheme = QuantizationScheme(object)
    scheme.ignored = try modules(["ignore"])
    scheme.cache = try cacheScheme()
    known.insert("transform_config")
    if let sparsity = try object.object("sparsity_config"), let format = sparsity["format"], format != .string("dense")
    {
      throw sparsity.wrong("format", format, "\"dense\": sparse checkpoints are not counted")
    }
    known.insert("sparsity_config")
    scheme.rules = try groups { hasTensorScale, hasInputScale in
      .init(
        elements: "weight_packed", scales: "weight_scale", zeroPoints: "weight_zero_point",
        tensorScale: hasTensorScale ? "weight_global_scale" : nil,
        inputScale: hasInputScale ? "input_global_scale" : nil)
    }
    return scheme
  }

  /// `config_groups`: those that name modules before those of all linear layers.
  mutating func groups(
    names: (_ hasTensorScale: Bool, _ hasInputScale: Bool) -> TensorFormat.Names
  ) throws(InputError) -> [QuantizationScheme.Rule] {
    let format = try string("format")
    known.insert("config_groups")
    guard let groups = try object.object("config_groups"), !groups.members.isEmpty else {
      throw .missingKey(
        file: object.file, key: object.keyPath("config_groups"), expected: "groups of modules with their formats")
    }
    var named: [QuantizationScheme.Rule] = []
    var general: [QuantizationScheme.Rule] = []
    for name in groups.members.keys.sorted() {
      guard let group = try groups.object(name) else { continue }
      let own = try group.string("format") ?? format
      let tensor = try GroupFormat(group, format: own, model: model, names: names).tensor
      let targets = try group.require(try group.strings("targets"), "targets", "a list of modules, or [\"Linear\"]")
      let modules = targets.filter { $0 != "Linear" }
      if modules.count < targets.count { general.append(.init(reach: .linears(head: true), format: tensor)) }
      // A class of another name than Linear has no dot and begins with a capital.
      if let other = modules.first(where: { !$0.hasPrefix("re:") && !$0.contains(".") && $0.first?.isUppercase == true }
      ) {
        throw group.wrong("targets", .string(other), "\"Linear\", module names or regular expressions behind re:")
      }
      if !modules.isEmpty {
        named.append(
          .init(reach: .modules(try ModuleNames(modules, key: "targets", in: group)), format: tensor))
      }
    }
    return named + general
  }
}
