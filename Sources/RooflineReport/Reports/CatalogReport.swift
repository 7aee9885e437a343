import RooflineCore

/// What `show` prints about a model: what the file says, what follows from it, and which defaults were used.
public enum ModelReport {
  public static func text(_ configuration: ModelConfiguration) -> String {
    let model = configuration.model
    let shape = ParameterShape<Count>(model)
    let elements: Count = ParameterShape.keyValueElementsPerToken(model)
    let formula: Symbol = ParameterShape.keyValueElementsPerToken(model)
    var lines = [
      "\(configuration.name)  (\(configuration.path))", "",
      "architecture             \(configuration.architecture)",
      "hidden_size              \(model.hiddenSize)",
    ]
    lines += dimensions(model)
    lines += [
      "vocab_size               \(model.vocabSize)",
      "tie_word_embeddings      \(model.tieWordEmbeddings)",
    ]
    if let dense = DenseDimensions(model) { lines.append("biases                   \(biases(dense))") }
    lines += [
      "dtype                    \(configuration.dtype.rawValue)",
      "max_position_embeddings  \(configuration.maxPositionEmbeddings.map(String.init) ?? "not stated")",
      "",
      "parameters               \(Numbers.grouped(shape.count.value))",
      "weights                  \(Numbers.grouped(bytes(shape.count, configuration.dtype).value)) bytes in \(configuration.dtype.rawValue)",
      "KV cache per token       \(Numbers.grouped(bytes(elements, configuration.dtype).value)) bytes in \(configuration.dtype.rawValue): \(formula.expression.symbolic) elements",
      "legal --tp               \(model.legalTensorParallelDegrees.map(String.init).joined(separator: ", "))",
    ]
    if !configuration.defaults.isEmpty {
      lines += ["", "not in the file, assumed:"]
      lines += configuration.defaults.map { "  \($0.key) = \($0.value)  (\($0.reason))" }
    }
    lines += keys(configuration.keys)
    lines += ["", "parameters by tensor:"]
    let tensors = zip(shape.tensors, ParameterShape<Symbol>(model).tensors)
    let groups = model.groupNames
    let names = shape.tensors.map { tensor in
      guard model.groups.count > 1, let group = tensor.scope.group else { return tensor.name }
      return "\(tensor.name) (\(groups[group]))"
    }
    let width = names.map(\.count).max() ?? 0
    for (name, (counted, symbolic)) in zip(names, tensors) {
      let padded = name + String(repeating: " ", count: width - name.count)
      let formula = symbolic.total.expression
      lines.append(
        "  \(padded)  \(formula.symbolic) = \(formula.substituted) = \(Numbers.grouped(counted.total.value))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The layers' dimensions, or those of each group where layers differ.
  private static func dimensions(_ model: DecoderModel) -> [String] {
    guard let dense = DenseDimensions(model) else {
      return ["num_hidden_layers        \(model.numHiddenLayers)"]
        + model.groups.indices.map { index in
          let group = model.groups[index]
          let name = "  \(model.layers(of: index)) \(model.groupNames[index])"
          return name + String(repeating: " ", count: max(2, 25 - name.count)) + LayerText.description(group, model)
        }
    }
    return [
      "intermediate_size        \(dense.intermediateSize)",
      "num_hidden_layers        \(dense.numHiddenLayers)",
      "num_attention_heads      \(dense.numAttentionHeads)",
      "num_key_value_heads      \(dense.numKeyValueHeads)",
      "head_dim                 \(dense.headDim)",
      "layer                    \(LayerText.kind(dense))",
    ]
  }

  /// What became of the file's keys.
  private static func keys(_ keys: KeyReport) -> [String] {
    let lists = [
      ("keys read", keys.read), ("keys that change nothing", keys.ignored), ("keys nobody here knows", keys.unknown),
    ]
    return [""]
      + lists.filter { !$0.1.isEmpty }.map { name, list in
        TextFormat.wrapped("\(name): \(list.joined(separator: ", "))", indent: 2)
      }
  }

  private static func bytes(_ elements: Count, _ dtype: DType) -> Count {
    elements.bytes(ElementFormat(.weightBytes, dtype))
  }

  private static func biases(_ model: DenseDimensions) -> String {
    var names: [String] = []
    if model.hasQueryKeyValueBias { names.append("q, k, v") }
    if model.hasOutputBias { names.append("o") }
    if model.hasMLPBias { names.append(model.gatedMLP != nil ? "gate, up, down" : "up, down") }
    return names.isEmpty ? "none" : names.joined(separator: ", ")
  }
}

/// A layer in words.
enum LayerText {
  /// What a layer of equal ones is made of.
  static func kind(_ dense: DenseDimensions) -> String {
    let group = dense.model.groups[0]
    return
      ([dense.model.norm == .rms ? "RMSNorm" : "LayerNorm"] + [positions(dense.attention, dense.model)]
      + attention(dense.attention) + [feedForward(dense.feedForward, isBeside: group.residual == .parallel)]
      + (group.residual == .sandwich ? ["norms behind attention and MLP"] : [])).joined(separator: ", ")
  }

  /// The same with dimensions, of one group among several.
  static func description(_ group: LayerGroup, _ model: DecoderModel) -> String {
    var parts: [String] = []
    if let attention = group.mixer?.groupedQuery {
      parts.append(
        "\(attention.numHeads) query and \(attention.numKeyValueHeads) KV heads of \(attention.headDim)")
      parts += self.attention(attention)
    } else {
      parts.append("no attention")
    }
    if let feedForward = group.feedForward {
      parts.append(
        "\(self.feedForward(feedForward, isBeside: group.residual == .parallel)), \(feedForward.intermediateSize) wide")
    } else {
      parts.append("no MLP")
    }
    return parts.joined(separator: ", ")
  }

  private static func positions(_ attention: GroupedQueryAttention, _ model: DecoderModel) -> String {
    if let positions = model.embedding.positions { return "\(positions.rows) learned positions" }
    guard let dim = attention.rotaryDim else { return "no positions" }
    return dim == attention.headDim ? "rotary embedding" : "rotary embedding of \(dim) of \(attention.headDim)"
  }

  private static func attention(_ attention: GroupedQueryAttention) -> [String] {
    var parts: [String] = []
    if attention.hasQueryKeyNorm { parts.append("norms of queries and keys") }
    if let window = attention.window { parts.append("a window of \(window)") }
    if attention.capsScores { parts.append("capped scores") }
    return parts
  }

  private static func feedForward(_ feedForward: FeedForward, isBeside: Bool) -> String {
    switch feedForward {
    case .gated(let mlp): "gated \(mlp.activation.rawValue) MLP"
    case .twoMatrix(let mlp): "\(mlp.activation.rawValue) MLP of two matrices\(isBeside ? " beside the attention" : "")"
    }
  }
}

/// What `show` prints about a GPU: the file's facts with their sources, and what follows from them.
public enum HardwareReport {
  public static func text(_ spec: HardwareSpec) -> String {
    var lines = ["\(spec.name)  (\(spec.path))", ""]
    func fact(_ name: String, _ value: String?) {
      lines.append(name + String(repeating: " ", count: 25 - name.count) + (value ?? "not known"))
    }
    fact("product", spec.product)
    if let parent = spec.parent { fact("slice of", parent) }
    fact("compute capability", spec.computeCapability)
    fact("SMs", spec.compute?.streamingMultiprocessors.map(String.init))
    fact("tensor clock", spec.compute?.tensorClock.map { "\(Numbers.scaled($0))Hz" })
    fact("boost clock", spec.compute?.boostClock.map { "\(Numbers.scaled($0))Hz" })
    fact("memory", spec.memory?.capacity.map { "\(Numbers.grouped($0)) bytes" })
    fact("bandwidth", spec.memory?.bandwidth.map { "\(Numbers.scaled($0))B/s" })
    fact("L2", spec.memory?.l2.map { "\(Numbers.grouped($0)) bytes" })
    fact("link, one direction", spec.link?.bandwidth.map { "\(Numbers.scaled($0))B/s" })
    if let link = spec.link { fact("", link.kind + (link.maximumPeers.map { ", \($0) GPUs" } ?? "")) }
    lines += ["", "unit          rate            ridge, FLOP/B"]
    for dtype in DType.allCases where dtype.runsOnTensorCores {
      guard let rate = spec.compute?.tensor[dtype] else { continue }
      unit("\(dtype.rawValue) tensor", rate, spec.ridge(dtype), &lines)
    }
    if let vector = spec.compute?.vector { unit("fp32 vector", vector, spec.ridge(.fp32), &lines) }
    if let special = spec.specialRate {
      unit("special", special, spec.memory?.bandwidth.map { FLOPsPerSecond(special) / BytesPerSecond($0) }, &lines)
    }
    let sources = [("compute", spec.compute?.source), ("memory", spec.memory?.source), ("link", spec.link?.source)]
    lines.append("")
    for case (let name, .some(let source)) in sources {
      lines.append(TextFormat.wrapped("\(name): \(source)", indent: 2))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func unit(_ name: String, _ rate: Double, _ ridge: ArithmeticIntensity?, _ lines: inout [String]) {
    let rateText = "\(Numbers.scaled(rate))FLOP/s"
    lines.append(
      name + String(repeating: " ", count: max(1, 14 - name.count)) + rateText
        + String(repeating: " ", count: max(1, 16 - rateText.count))
        + (ridge.map { Numbers.fixed($0.value, decimals: 2) } ?? Numbers.unknown))
  }
}
