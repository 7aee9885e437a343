/// Layers that are equal: what mixes tokens, what follows, and how both join the residual stream.
package struct LayerGroup: Hashable, Sendable {
  /// What tells the group from the model's others, e.g. `sliding`; empty where all layers are equal.
  package var name: StaticText
  /// nil: the layer mixes no tokens.
  package var mixer: Mixer?
  /// nil: the layer ends with its mixer.
  package var feedForward: FeedForward?
  package var residual: ResidualForm
  package var norms: LayerNormNames
  /// Whether the stream that leaves the layer is multiplied by a learned number, which checkpoints hold as a buffer.
  package var scalesOutput = false
  /// Matrices that the checkpoint holds in formats of their own.
  package var formats = TensorFormats()

  package init(
    name: StaticText = "", mixer: Mixer?, feedForward: FeedForward?, residual: ResidualForm, norms: LayerNormNames
  ) {
    self.name = name
    self.mixer = mixer
    self.feedForward = feedForward
    self.residual = residual
    self.norms = norms
  }

  /// - Parameter expertRanks: ranks that divide each routed expert; nil: all of them.
  package func isLegal(tensorParallel degree: UInt64, expertRanks: UInt64? = nil) -> Bool {
    mixer?.isLegal(tensorParallel: degree) != false
      && feedForward?.isLegal(tensorParallel: degree, expertRanks: expertRanks ?? degree) != false
  }

  /// A number that every legal degree divides; nil where the layer divides nothing.
  var dividedByRanks: UInt64? { mixer?.dividedByRanks ?? feedForward?.dividedByRanks }
}

/// What mixes a sequence's tokens.
package indirect enum Mixer: Hashable, Sendable {
  case groupedQuery(GroupedQueryAttention)
  case gatedDeltaNet(GatedDeltaNet)
  case kimiDelta(KimiDeltaAttention)
  case mamba2(Mamba2Mixer)
  case mamba(MambaMixer)
  case lightning(LightningMixer)
  case latent(LatentAttention)
  case compressed(CompressedAttention)

  func isLegal(tensorParallel degree: UInt64) -> Bool {
    switch self {
    case .groupedQuery(let attention): attention.isLegal(tensorParallel: degree)
    case .gatedDeltaNet(let net): net.isLegal(tensorParallel: degree)
    case .kimiDelta(let attention): attention.isLegal(tensorParallel: degree)
    case .mamba2(let mixer): mixer.isLegal(tensorParallel: degree)
    case .mamba(let mixer): mixer.isLegal(tensorParallel: degree)
    case .lightning(let mixer): mixer.isLegal(tensorParallel: degree)
    case .latent(let attention): attention.isLegal(tensorParallel: degree)
    case .compressed(let attention): attention.isLegal(tensorParallel: degree)
    }
  }

  var dividedByRanks: UInt64 {
    switch self {
    case .groupedQuery(let attention): attention.numHeads
    case .gatedDeltaNet(let net): net.numKeyHeads
    case .kimiDelta(let attention): attention.numHeads
    case .mamba2(let mixer): mixer.numHeads
    case .mamba(let mixer): mixer.innerWidth
    case .lightning(let mixer): mixer.numHeads
    case .latent(let attention): attention.numHeads
    case .compressed(let attention): attention.numHeads
    }
  }

  /// What it keeps for later tokens.
  package var cache: CacheShape {
    switch self {
    case .groupedQuery(let attention): attention.cache
    case .gatedDeltaNet(let net): net.cache
    case .kimiDelta(let attention): attention.cache
    case .mamba2(let mixer): mixer.cache
    case .mamba(let mixer): mixer.cache
    case .lightning(let mixer): mixer.cache
    case .latent(let attention): attention.cache
    case .compressed(let attention): attention.cache
    }
  }

  /// Elements of all heads' keys and values that a query meets in a token: h·(d + d_v).
  package var pairWidth: Count {
    switch self {
    case .groupedQuery(let attention):
      Count(attention.numHeads) * (Count(attention.headDim) + Count(attention.valueDim ?? attention.headDim))
    case .compressed(let attention): 2 * Count(attention.numHeads) * Count(attention.headDim)
    case .latent(let attention):
      Count(attention.numHeads) * (Count(attention.nopeDim) + Count(attention.ropeDim) + Count(attention.valueDim))
    case .gatedDeltaNet, .kimiDelta, .mamba2, .mamba, .lightning: 0
    }
  }

  /// Whether it carries a state from token to token instead of attending to those before.
  var isRecurrent: Bool {
    switch self {
    case .groupedQuery, .latent, .compressed: false
    case .gatedDeltaNet, .kimiDelta, .mamba2, .mamba, .lightning: true
    }
  }

  /// The grouped-query attention that it is.
  package var groupedQuery: GroupedQueryAttention? {
    if case .groupedQuery(let attention) = self { attention } else { nil }
  }

  /// The compressed attention that it is.
  package var compressed: CompressedAttention? { if case .compressed(let attention) = self { attention } else { nil } }

  /// The latent attention that it is.
  package var latent: LatentAttention? { if case .latent(let attention) = self { attention } else { nil } }

  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, output: ActivationTensor, into sink: inout Sink
  ) {
    switch self {
    case .groupedQuery(let attention): attention.emit(pass, place, output: output, into: &sink)
    case .gatedDeltaNet(let net): net.emit(pass, place, output: output, into: &sink)
    case .kimiDelta(let attention): attention.emit(pass, place, output: output, into: &sink)
    case .mamba2(let mixer): mixer.emit(pass, place, output: output, into: &sink)
    case .mamba(let mixer): mixer.emit(pass, place, output: output, into: &sink)
    case .lightning(let mixer): mixer.emit(pass, place, output: output, into: &sink)
    case .latent(let attention): attention.emit(pass, place, output: output, into: &sink)
    case .compressed(let attention): attention.emit(pass, place, output: output, into: &sink)
    }
  }
}

/// What works on each token by itself.
package indirect enum FeedForward: Hashable, Sendable {
  case gated(GatedMLP)
  case twoMatrix(TwoMatrixMLP)
  case routed(RoutedExperts)
  case denseBesideRouted(DenseBesideExperts)

  /// The width of the one MLP that every token goes through; nil of routed experts.
  package var intermediateSize: UInt64? {
    switch self {
    case .gated(let block): block.intermediateSize
    case .twoMatrix(let block): block.intermediateSize
    case .routed, .denseBesideRouted: nil
    }
  }

  package var hasBias: Bool {
    switch self {
    case .gated(let block): block.hasBias
    case .twoMatrix(let block): block.hasBias
    case .routed(let block): block.hasBias
    case .denseBesideRouted(let block): block.dense.hasBias
    }
  }

  func isLegal(tensorParallel degree: UInt64, expertRanks: UInt64) -> Bool {
    switch self {
    case .gated(let block): block.intermediateSize.isMultiple(of: degree)
    case .twoMatrix(let block): block.intermediateSize.isMultiple(of: degree)
    case .routed(let block): block.isLegal(tensorParallel: degree, expertRanks: expertRanks)
    case .denseBesideRouted(let block): block.isLegal(tensorParallel: degree, expertRanks: expertRanks)
    }
  }

  var dividedByRanks: UInt64 {
    switch self {
    case .gated(let block): block.intermediateSize
    case .twoMatrix(let block): block.intermediateSize
    case .routed(let block): block.width
    case .denseBesideRouted(let block): block.dense.intermediateSize
    }
  }

  /// Whether what it leaves is whole on every rank already.
  var completesItself: Bool { if case .denseBesideRouted = self { true } else { false } }

  /// The routed experts that it is, or has.
  package var routed: RoutedExperts? {
    switch self {
    case .gated, .twoMatrix: nil
    case .routed(let block): block
    case .denseBesideRouted(let block): block.experts
    }
  }

  /// - Parameters:
  ///   - norm: what the model's norms are; of blocks with norms of their own.
  ///   - stream: what enters the feed-forward.
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, norm: NormKind, stream: ActivationTensor,
    into sink: inout Sink
  ) {
    switch self {
    case .gated(let block): block.emit(pass, place, into: &sink)
    case .twoMatrix(let block): block.emit(pass, place, into: &sink)
    case .routed(let block): block.emit(pass, place, into: &sink)
    case .denseBesideRouted(let block):
      block.emit(pass, place, norm: norm, stream: stream, sum: .bothSums, into: &sink)
    }
  }
}
