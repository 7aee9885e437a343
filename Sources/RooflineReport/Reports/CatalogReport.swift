import RooflineCore

/// What `show` prints about a model: what the file says, what follows from it, and which defaults were used.
public enum ModelReport {
  public static func text(_ configuration: ModelConfiguration) -> String {
    let model = configuration.model
    let shape = ParameterShape<Count>(model)
    let elements = shape.keyValueElementsPerToken
    var lines = [
      "\(configuration.name)  (\(configuration.path))", "",
      "architecture             \(configuration.architecture)",
      "hidden_size              \(model.hiddenSize)",
      "intermediate_size        \(model.intermediateSize)",
      "num_hidden_layers        \(model.numHiddenLayers)",
      "num_attention_heads      \(model.numAttentionHeads)",
      "num_key_value_heads      \(model.numKeyValueHeads)",
      "head_dim                 \(model.headDim)",
      "layer                    \(layer(model))",
      "vocab_size               \(model.vocabSize)",
      "tie_word_embeddings      \(model.tieWordEmbeddings)",
      "biases                   \(biases(model))",
      "dtype                    \(configuration.dtype.rawValue)",
      "max_position_embeddings  \(configuration.maxPositionEmbeddings.map(String.init) ?? "not stated")",
      "",
      "parameters               \(Numbers.grouped(shape.count.value))",
      "weights                  \(Numbers.grouped(bytes(shape.count, configuration.dtype).value)) bytes in \(configuration.dtype.rawValue)",
      "KV cache per token       \(Numbers.grouped(bytes(elements, configuration.dtype).value)) bytes in \(configuration.dtype.rawValue): \(ParameterShape<Symbol>(model).keyValueElementsPerToken.expression.symbolic) elements",
      "legal --tp               \(model.legalTensorParallelDegrees.map(String.init).joined(separator: ", "))",
    ]
    if !configuration.defaults.isEmpty {
      lines += ["", "not in the file, assumed:"]
      lines += configuration.defaults.map { "  \($0.key) = \($0.value)  (\($0.reason))" }
    }
    lines += ["", "parameters by tensor:"]
    let tensors = zip(shape.tensors, ParameterShape<Symbol>(model).tensors)
    let width = shape.tensors.map(\.name.count).max() ?? 0
    for (counted, symbolic) in tensors {
      let name = counted.name + String(repeating: " ", count: width - counted.name.count)
      let formula = symbolic.total.expression
      lines.append("  \(name)  \(formula.symbolic) = \(formula.substituted) = \(Numbers.grouped(counted.total.value))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func bytes(_ elements: Count, _ dtype: DType) -> Count {
    elements.bytes(ElementFormat(.weightBytes, dtype))
  }

  private static func layer(_ model: DecoderModel) -> String {
    guard case .plain(let layer) = model.layout else { return "RMSNorm, rotary embedding, gated silu MLP" }
    let positions =
      switch layer.positions {
      case .learned(let rows): "\(rows) learned positions"
      case .rotary(let dim): "rotary embedding of \(dim) of \(model.headDim)"
      }
    return
      "LayerNorm, \(positions), \(layer.activation.rawValue) MLP of two matrices\(layer.isParallel ? " beside the attention" : "")"
  }

  private static func biases(_ model: DecoderModel) -> String {
    var names: [String] = []
    if model.hasQueryKeyValueBias { names.append("q, k, v") }
    if model.hasOutputBias { names.append("o") }
    if model.hasMLPBias { names.append(model.layout == .gated ? "gate, up, down" : "up, down") }
    return names.isEmpty ? "none" : names.joined(separator: ", ")
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
