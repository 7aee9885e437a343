/// A decoder as the formulas need it: an embedding, groups of equal layers, and a head.
///
/// Every pass of a search hands it on, so it lies behind one reference; who changes a part gets a model of his own.
package struct DecoderModel: Hashable, Sendable {
  private struct Parts: Hashable, Sendable {
    var hiddenSize: UInt64
    var embedding: EmbeddingBlock
    var groups: [LayerGroup] {
      didSet { traits = Traits(groups) }
    }
    var runs: [LayerRun]
    var norm: NormKind
    var head: HeadBlock
    var layerPrefix: StaticText
    var draftEntry: DraftEntry?
    private(set) var traits: Traits

    init(
      hiddenSize: UInt64, embedding: EmbeddingBlock, groups: [LayerGroup], runs: [LayerRun], norm: NormKind,
      head: HeadBlock, layerPrefix: StaticText
    ) {
      self.hiddenSize = hiddenSize
      self.embedding = embedding
      self.groups = groups
      self.runs = runs
      self.norm = norm
      self.head = head
      self.layerPrefix = layerPrefix
      traits = Traits(groups)
    }
  }

  /// What a search asks of every pass and what its layers alone decide.
  private struct Traits: Hashable, Sendable {
    let keepsStates, hasCompressedAttention, fusesNorms: Bool

    init(_ groups: [LayerGroup]) {
      keepsStates = groups.contains { group in
        group.mixer.map { $0.cache.state != nil || $0.cache.convolution != nil } ?? false
      }
      hasCompressedAttention = groups.contains { $0.mixer?.compressed != nil }
      fusesNorms = groups.allSatisfy(\.residual.fusesNorms)
    }
  }

  private var parts: Shared<Parts>

  package init(
    hiddenSize: UInt64, embedding: EmbeddingBlock, groups: [LayerGroup], runs: [LayerRun], norm: NormKind,
    head: HeadBlock, layerPrefix: StaticText
  ) {
    parts = Shared(
      Parts(
        hiddenSize: hiddenSize, embedding: embedding, groups: groups, runs: runs, norm: norm, head: head,
        layerPrefix: layerPrefix))
  }

  package var hiddenSize: UInt64 { parts.value.hiddenSize }

  package var embedding: EmbeddingBlock {
    get { parts.value.embedding }
    set { parts.value.embedding = newValue }
  }

  /// The kinds of layers, in the order in which each first appears.
  package var groups: [LayerGroup] {
    get { parts.value.groups }
    set { parts.value.groups = newValue }
  }

  /// Which group each layer is of, in the model's order.
  package var runs: [LayerRun] {
    get { parts.value.runs }
    set { parts.value.runs = newValue }
  }

  package var norm: NormKind { parts.value.norm }

  package var head: HeadBlock {
    get { parts.value.head }
    set { parts.value.head = newValue }
  }

  /// What a layer's tensors begin with in the checkpoint, `N` for the layer's number.
  package var layerPrefix: StaticText {
    get { parts.value.layerPrefix }
    set { parts.value.layerPrefix = newValue }
  }

  /// Of a draft module: what stands between its embedding and its layers.
  package var draftEntry: DraftEntry? {
    get { parts.value.draftEntry }
    set { parts.value.draftEntry = newValue }
  }

  /// Whether some layers send each token to a few of many experts.
  package var hasRoutedExperts: Bool { groups.contains { $0.feedForward?.routed != nil } }

  /// Whether the fused set's additions apply the norms that follow them.
  var fusesNorms: Bool { parts.value.traits.fusesNorms }

  package var vocabSize: UInt64 { embedding.vocabSize }
  package var tieWordEmbeddings: Bool { head.isTied }

  /// Saturates where a file's layers do not fit in 64 bits.
  package var numHiddenLayers: UInt64 {
    runs.reduce(0) { sum, run in
      let (total, isOverflow) = sum.addingReportingOverflow(run.layers)
      return isOverflow ? .max : total
    }
  }

  /// Whether any layer carries a state from token to token.
  var keepsStates: Bool { parts.value.traits.keepsStates }

  /// Whether any layer attends to compressed entries.
  package var hasCompressedAttention: Bool { parts.value.traits.hasCompressedAttention }

  /// Whether any layer has latent attention.
  package var hasLatentAttention: Bool { groups.contains { $0.mixer?.latent != nil } }

  /// Whether any layer has Kimi delta attention.
  package var hasKimiDeltaAttention: Bool {
    groups.contains { if case .kimiDelta = $0.mixer { true } else { false } }
  }

  /// How many layers of a group there are among all layers.
  package func layers(of group: Int) -> UInt64 { runs.reduce(0) { $1.group == group ? $0 &+ $1.layers : $0 } }

  /// What the groups are called, each differently: `sliding`, `full`, `full 2`.
  package var groupNames: [String] {
    var counts: [StaticText: Int] = [:]
    return groups.map { group in
      let number = counts[group.name, default: 0] + 1
      counts[group.name] = number
      return number == 1 ? "\(group.name)" : "\(group.name) \(number)"
    }
  }

  /// How many layers of each group there are in one stage of a pipeline that deals the layers out evenly, in order.
  package func layers(ofStage stage: UInt64, of stages: UInt64) -> [UInt64] {
    let each = numHiddenLayers / stages
    var counts = [UInt64](repeating: 0, count: groups.count)
    var start: UInt64 = 0
    for run in runs {
      let end = start + run.layers
      let (low, high) = (max(start, stage * each), min(end, (stage + 1) * each))
      if low < high { counts[run.group] += high - low }
      start = end
    }
    return counts
  }

  /// Whether every layer can be divided among `degree` ranks.
  package func isLegal(tensorParallel degree: UInt64) -> Bool {
    degree > 0 && groups.allSatisfy { $0.isLegal(tensorParallel: degree) }
  }

  /// Legal degrees, ascending. They divide what a layer's heads or columns are, so its divisors (up to 2²⁰ and their
  /// counterparts) are tried.
  package var legalTensorParallelDegrees: [UInt64] {
    guard let whole = groups.lazy.compactMap(\.dividedByRanks).first else { return [1] }
    var degrees: [UInt64] = []
    var low: UInt64 = 1
    // The bound keeps a nonsensical number of heads from costing more than a moment.
    while low <= whole / low, low <= 1 << 20 {
      if whole.isMultiple(of: low) {
        degrees.append(low)
        if low != whole / low { degrees.append(whole / low) }
      }
      low += 1
    }
    return degrees.filter(isLegal).sorted()
  }
}

/// Equal layers one after another.
package struct LayerRun: Hashable, Sendable {
  /// The group's place in `DecoderModel.groups`.
  package let group: Int
  package let layers: UInt64

  package init(group: Int, layers: UInt64) {
    self.group = group
    self.layers = layers
  }
}

extension DecoderModel {
  /// A model whose layers follow a list: equal layers become one group.
  package init(
    hiddenSize: UInt64, embedding: EmbeddingBlock, layers: [LayerGroup], norm: NormKind, head: HeadBlock,
    layerPrefix: StaticText
  ) {
    let (groups, runs) = Self.grouped(layers)
    self.init(
      hiddenSize: hiddenSize, embedding: embedding, groups: groups, runs: runs, norm: norm, head: head,
      layerPrefix: layerPrefix)
  }

  /// Equal layers as one group, and which layers are of which.
  static func grouped(_ layers: [LayerGroup]) -> (groups: [LayerGroup], runs: [LayerRun]) {
    var groups: [LayerGroup] = []
    var runs: [LayerRun] = []
    for layer in layers {
      let group = groups.firstIndex(of: layer) ?? groups.count
      if group == groups.count { groups.append(layer) }
      if let last = runs.last, last.group == group {
        runs[runs.count - 1] = LayerRun(group: group, layers: last.layers + 1)
      } else {
        runs.append(LayerRun(group: group, layers: 1))
      }
    }
    return (groups, runs)
  }
}
