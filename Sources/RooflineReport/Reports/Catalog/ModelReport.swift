import RooflineAnalysis
import RooflineCore

/// What `show` prints about a model: what the file says, what follows from it, and which defaults were used.
package struct ModelReport {
  package let configuration: ModelConfiguration
  private let formats: NumberFormats
  private let contents: CheckpointContents

  /// - Parameter formats: what is not in a format of its own; nil: what the file says.
  package init(_ configuration: ModelConfiguration, formats: NumberFormats? = nil) throws(InputError) {
    self.configuration = configuration
    self.formats = formats ?? configuration.formats
    contents = try CheckpointContents(configuration, formats: self.formats)
  }

  package var report: Report {
    Report(
      title: ["\(configuration.name)  (\(configuration.path))"],
      sections: [.facts(Facts(stated)), .facts(Facts(derived)), assumed, keys, notes, .listing(tensors)].compactMap {
        $0
      },
      records: .init(key: "model", [Facts(stated + derived + keyFacts).records(title: configuration.name)]),
      document: ModelDocument(configuration, formats: formats, contents: contents))
  }

  private var stated: [Facts.Entry] {
    let model = configuration.model
    var entries: [Facts.Entry] = [
      .init("architecture", configuration.architecture, key: "architecture"),
      ModelReport.count("hidden_size", model.hiddenSize),
    ]
    entries += dimensions(model)
    entries += [
      ModelReport.count("vocab_size", model.vocabSize),
      .init("tie_word_embeddings", "\(model.tieWordEmbeddings)", key: "tie_word_embeddings"),
    ]
    if let dense = DenseDimensions(model) { entries.append(.init("biases", ModelReport.biases(dense), key: "biases")) }
    let positions = configuration.maxPositionEmbeddings
    return entries + [
      .init("dtype", configuration.dtype.rawValue, key: "dtype"),
      .init(
        "max_position_embeddings", positions.map(String.init) ?? "not stated", key: "max_position_embeddings",
        .integer(positions)),
    ]
  }

  private var derived: [Facts.Entry] {
    let model = configuration.model
    let count = configuration.parameters.total
    let weights = model.isQuantized ? contents.textBytes : count.bytes(formats.weightFormat)
    let cache = ParameterShape<Count>.keyValueElementsPerToken(model).bytes(formats.keyValueFormat)
    let elements = ParameterShape<Symbol>.keyValueElementsPerToken(model).expression.symbolic
    return [
      .init("parameters", Numbers.grouped(count.value), key: "parameters", .count(count)),
      .init(
        "weights", "\(Numbers.grouped(weights.value)) bytes in \(weightFormats)", key: "weight_bytes", .count(weights)),
      .init(
        "KV cache per token",
        "\(Numbers.grouped(cache.value)) bytes in \(formats.keyValueCache.rawValue): \(elements) elements",
        key: "kv_cache_bytes_per_token", .count(cache)),
    ] + checkpoint + ModelReport.kept(CacheGrowth(model, formats)) + [
      .init(
        "legal --tp", model.legalTensorParallelDegrees.map(String.init).joined(separator: ", "),
        key: "legal_tensor_parallel")
    ]
  }

  /// What the checkpoint holds, where that is not the text part's weights in one format.
  private var checkpoint: [Facts.Entry] {
    let others = [("draft modules", contents.draftBytes), ("a vision tower", contents.visionBytes)].filter { $0.1 > 0 }
    guard configuration.model.isQuantized || !others.isEmpty else { return [] }
    let elements = contents.parts.map { "\(Numbers.grouped($0.elements.value)) \($0.format)" }.joined(separator: "; ")
    let shares = others.map { ", of them \(Numbers.grouped($0.1.value)) of \($0.0)" }.joined()
    return [
      .init(
        "checkpoint", "\(Numbers.grouped(contents.bytes.value)) bytes\(shares): \(elements)", key: "checkpoint_bytes",
        .count(contents.bytes))
    ]
  }

  /// What the weights are in.
  private var weightFormats: String {
    configuration.model.isQuantized ? "the checkpoint's formats" : formats.weight.rawValue
  }

  /// What is kept beside keys and values.
  private static func kept(_ growth: CacheGrowth) -> [Facts.Entry] {
    [
      ("index keys per token", "index_bytes_per_token", growth.indexBytesPerToken),
      ("state per sequence", "state_bytes_per_sequence", growth.stateBytesPerSequence),
      ("convolution state per sequence", "convolution_bytes_per_sequence", growth.convolutionBytesPerSequence),
    ].filter { $0.2 > 0 }.map { name, key, bytes in
      .init(name, "\(Numbers.grouped(bytes.value)) bytes", key: key, .count(bytes))
    }
  }

  /// The layers' dimensions, or those of each group where layers differ.
  private func dimensions(_ model: DecoderModel) -> [Facts.Entry] {
    guard let dense = DenseDimensions(model) else {
      return [ModelReport.count("num_hidden_layers", model.numHiddenLayers)]
        + model.groups.indices.map { index in
          let name = model.groupNames[index]
          return .init(
            "  \(model.layers(of: index)) \(name.isEmpty ? "equal" : name)",
            LayerText.description(model.groups[index], model),
            key: "layers_\(name)")
        }
    }
    return [
      ModelReport.count("intermediate_size", dense.intermediateSize),
      ModelReport.count("num_hidden_layers", dense.numHiddenLayers),
      ModelReport.count("num_attention_heads", dense.numAttentionHeads),
      ModelReport.count("num_key_value_heads", dense.numKeyValueHeads),
      ModelReport.count("head_dim", dense.headDim),
      .init("layer", LayerText.kind(dense), key: "layer"),
    ]
  }

  private var assumed: Report.Section? {
    guard !configuration.defaults.isEmpty else { return nil }
    return .listing(
      Listing(
        title: "not in the file, assumed:",
        configuration.defaults.map { "  \($0.key) = \($0.value)  (\($0.reason))" }))
  }

  /// What became of the file's keys.
  private var keyLists: [(name: String, key: String, keys: [String])] {
    let keys = configuration.keys
    return [
      ("keys read", "keys_read", keys.read),
      (
        "keys that change nothing", "keys_ignored", keys.ignored.filter { !keys.quantizing.contains($0) }
      ),
      ("keys of quantised formats, overridden by --dtype", "keys_quantizing", keys.quantizing),
      ("keys nobody here knows", "keys_unknown", keys.unknown),
    ]
  }

  private var notes: Report.Section? {
    let notices = configuration.notices.filter { if case .nameSaysFormat = $0 { true } else { false } }
    return notices.isEmpty ? nil : .notes(Notes(notices.map { "note: \($0.sentence)" }, indent: 2))
  }

  private var keys: Report.Section {
    .notes(
      Notes(
        keyLists.filter { !$0.keys.isEmpty }.map { "\($0.name): \($0.keys.joined(separator: ", "))" }, indent: 2))
  }

  private var keyFacts: [Facts.Entry] {
    let assumed = configuration.defaults.map { "\($0.key)=\($0.value)" }
    return (keyLists + [("", "keys_assumed", assumed)]).map {
      Facts.Entry($0.name, $0.keys.joined(separator: " "), key: $0.key)
    }
  }

  private var tensors: Listing {
    let model = configuration.model
    let counted = ParameterShape<Count>(model).tensors
    let groups = model.groupNames
    let names = counted.map { tensor in
      guard model.groups.count > 1, let group = tensor.scope.group else { return tensor.name }
      return "\(tensor.name) (\(groups[group]))"
    }
    let formulas = ParameterShape<Symbol>(model).tensors.map(\.total.expression)
    let width = names.map(\.count).max() ?? 0
    let lines = counted.indices.map { index in
      let padded = names[index] + String(repeating: " ", count: width - names[index].count)
      let formula = formulas[index]
      return
        "  \(padded)  \(formula.symbolic) = \(formula.substituted) = \(Numbers.grouped(counted[index].total.value))"
    }
    return Listing(
      title: "parameters by tensor:", lines,
      table: Table(
        title: "parameters by tensor",
        columns: [
          .init("tensor", key: "tensor", isText: true), .init("formula", key: "symbolic", isText: true),
          .init("with numbers", key: "substituted", isText: true), .init("parameters", key: "parameters"),
        ],
        rows: counted.indices.map { index in
          .cells([
            .text(names[index]), .text(formulas[index].symbolic), .text(formulas[index].substituted),
            .integer(counted[index].total.value),
          ])
        }))
  }

  /// A number that the file states under this name.
  private static func count(_ key: String, _ value: UInt64) -> Facts.Entry {
    .init(key, "\(value)", key: key, .integer(value))
  }

  private static func biases(_ model: DenseDimensions) -> String {
    var names: [String] = []
    if model.hasQueryKeyValueBias { names.append("q, k, v") }
    if model.hasOutputBias { names.append("o") }
    if model.hasMLPBias { names.append(model.gatedMLP != nil ? "gate, up, down" : "up, down") }
    return names.isEmpty ? "none" : names.joined(separator: ", ")
  }
}
