/// How mixer and feed-forward join the residual stream.
package enum ResidualForm: Hashable, Sendable {
  /// x + mixer(norm x), then the same with the feed-forward.
  case preNorm
  /// x + mixer(norm x) + feedForward(norm′ x): both read the stream that enters the layer.
  case parallel
  /// x + mixer(norm x) + feedForward(norm x): one norm, whose result both read.
  case parallelWithOneNorm
  /// x + norm′(mixer(norm x)), then the same with the feed-forward: four norms.
  case sandwich
  /// x + norm′(mixer(x)), then the same with the feed-forward: branches read the stream itself.
  case postNorm
  /// α·x + β·mixer(norm x), then the same with the feed-forward: both tensors of an addition are scaled.
  case scaled
  /// mixer(norm(mix of the stream and its snapshots)) is added to the stream, then the same with the feed-forward.
  case bank(StreamBank)
  /// Several streams, which a block reads one sum of, and which its output joins.
  case hyper(HyperConnections)

  /// Whether the fused set's additions apply the norm that follows.
  var fusesNorms: Bool {
    switch self {
    case .preNorm, .parallel, .parallelWithOneNorm, .sandwich: true
    case .postNorm, .scaled, .bank, .hyper: false
    }
  }

  /// Whether mixer and feed-forward stand side by side.
  package var isParallel: Bool { self == .parallel || self == .parallelWithOneNorm }

  /// Whether norms stand behind mixer and feed-forward.
  package var hasNormsBehind: Bool { self == .sandwich || self == .postNorm }

  var bank: StreamBank? { if case .bank(let bank) = self { bank } else { nil } }

  var hyper: HyperConnections? { if case .hyper(let connections) = self { connections } else { nil } }
}

/// How many snapshots of the stream a group's mixes have in all of its layers together.
package struct StreamBank: Hashable, Sendable {
  /// In front of mixers and of feed-forwards.
  package var mixer, feedForward: UInt64

  package init(mixer: UInt64, feedForward: UInt64) {
    self.mixer = mixer
    self.feedForward = feedForward
  }
}

/// The checkpoint's names of a layer's norms.
package struct LayerNormNames: Hashable, Sendable {
  package var mixer, feedForward: StaticText
  /// Of norms behind mixer and feed-forward, where the residual form has them.
  package var afterMixer, afterFeedForward: StaticText

  package init(
    mixer: StaticText = "input_layernorm", feedForward: StaticText = "post_attention_layernorm",
    afterMixer: StaticText = "", afterFeedForward: StaticText = ""
  ) {
    self.mixer = mixer
    self.feedForward = feedForward
    self.afterMixer = afterMixer
    self.afterFeedForward = afterFeedForward
  }
}

extension LayerGroup {
  /// The rows of a layer. In the fused set the last addition applies the norm that follows, of the next layer or of the head.
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, norm: NormKind, into sink: inout Sink
  ) {
    let branches = Branches(self, pass, place, norm)
    formats.state(into: &sink) { sink in
      switch residual {
      case .preNorm, .sandwich, .postNorm, .scaled, .bank, .hyper:
        if let mixer { branches.emit(mixer, into: &sink) }
        if let feedForward { branches.emit(feedForward, into: &sink) }
      case .parallel, .parallelWithOneNorm:
        if let mixer, let feedForward { branches.emitParallel(mixer, feedForward, into: &sink) }
      }
    }
  }
}

/// A layer's branches on one device of a pass.
private struct Branches<Scalar: Term> {
  // Of the layer what is no object: to count references to its blocks takes as long as to state a row.
  let residual: ResidualForm
  let norms: LayerNormNames
  let hasMixer, hasFeedForward, scalesOutput: Bool
  let pass: PassShape<Scalar>
  let place: RowPlace<Scalar>
  let norm: NormKind

  init(_ group: LayerGroup, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, _ norm: NormKind) {
    residual = group.residual
    norms = group.norms
    (hasMixer, hasFeedForward) = (group.mixer != nil, group.feedForward != nil)
    scalesOutput = group.scalesOutput
    self.pass = pass
    self.place = place
    self.norm = norm
  }

  /// Whether a norm stands in front of each branch.
  private var hasNormsInFront: Bool { residual != .postNorm }

  private var isSeparate: Bool { pass.operatorSet == .separate || !residual.fusesNorms }

  /// The stream between mixer and feed-forward; where the layer has but one of them, the stream that leaves it.
  private var middle: ActivationTensor { hasFeedForward ? .residualAfterAttention : .nextResidual }

  /// The stream that enters the feed-forward.
  private var entersFeedForward: ActivationTensor { hasMixer ? .residualAfterAttention : .residual }

  func emit<Sink: RowSink<Scalar>>(_ mixer: Mixer, into sink: inout Sink) {
    var stream = StreamMix<Scalar>.attention.emit(
      of: .residual, snapshots: residual.bank?.mixer, pass, place, norm, into: &sink)
    if let hyper = residual.hyper {
      stream = hyper.emitCollapse(.attention, of: .residual, pass, place, into: &sink)
    }
    if isSeparate, hasNormsInFront {
      norm.emit(
        .attnNorm, place, pass, reads: stream, writes: pass.normalized, weight: .tensor(norms.mixer),
        into: &sink)
    }
    let own = hasNormsInFront ? pass : pass.reading(stream)
    own.gather(.attention, "attn_all_gather", place, &sink)
    mixer.emit(own, place.inside(.mixer), output: .partialSum, into: &sink)
    pass.complete(
      .attention, .attnAllReduce, .attnReduceScatter, place, (.partialSum, .partialSum, .reducedSum), &sink)
    let sum = emitPostNorm("attn_post_norm", of: pass.reducedSum, norms.afterMixer, into: &sink)
    let reads = Activations(sum, .residual)
    if let hyper = residual.hyper {
      hyper.emitExpand(.attention, of: .residual, with: sum, to: middle, pass, place, into: &sink)
    } else if isSeparate {
      emitAdd(.attnAdd, reads: reads, writes: middle, into: &sink)
    } else {
      norm.emitAddition(.attnAddNorm, place, pass, reads: reads, writes: middle, weight: .shared, into: &sink)
    }
  }

  func emit<Sink: RowSink<Scalar>>(_ feedForward: FeedForward, into sink: inout Sink) {
    var stream = StreamMix<Scalar>.feedForward.emit(
      of: entersFeedForward, snapshots: residual.bank?.feedForward, pass, place, norm, into: &sink)
    if let hyper = residual.hyper {
      stream = hyper.emitCollapse(.feedForward, of: entersFeedForward, pass, place, into: &sink)
    }
    if isSeparate, hasNormsInFront {
      norm.emit(
        .mlpNorm, place, pass, reads: stream, writes: pass.normalized,
        weight: .tensor(norms.feedForward), into: &sink)
    }
    let own = hasNormsInFront ? pass : pass.reading(stream)
    own.gather(.feedForward, "mlp_all_gather", place, &sink)
    feedForward.emit(own, place.inside(.feedForward), norm: norm, stream: entersFeedForward, into: &sink)
    if !feedForward.completesItself {
      pass.complete(
        .feedForward, .mlpAllReduce, .mlpReduceScatter, place, (.partialSum, .partialSum, .reducedSum), &sink)
    }
    let sum = emitPostNorm(
      "mlp_post_norm", of: feedForward.completesItself ? .bothSums : pass.reducedSum, norms.afterFeedForward,
      into: &sink)
    let reads = Activations(sum, entersFeedForward)
    if let hyper = residual.hyper {
      hyper.emitExpand(.feedForward, of: entersFeedForward, with: sum, to: .nextResidual, pass, place, into: &sink)
    } else if isSeparate {
      emitAdd(.mlpAdd, reads: reads, writes: .nextResidual, into: &sink)
    } else {
      norm.emitAddition(.mlpAddNorm, place, pass, reads: reads, writes: .nextResidual, weight: .shared, into: &sink)
    }
    if scalesOutput {
      sink.row(
        "layer_scale", place, Scale(elements: pass.residualRows * pass.hidden, formats: pass.formats),
        reads: Activations(.nextResidual), writes: Activations(.nextResidual))
    }
  }

  /// Both norms, or the one that both read, read the stream that enters; the attention's output waits until the feed-forward's is there, then both are
  /// added to each other and to the stream.
  func emitParallel<Sink: RowSink<Scalar>>(_ mixer: Mixer, _ feedForward: FeedForward, into sink: inout Sink) {
    if isSeparate {
      norm.emit(
        .attnNorm, place, pass, reads: .residual, writes: pass.normalized, weight: .tensor(norms.mixer),
        into: &sink)
    }
    pass.gather(.attention, "attn_all_gather", place, &sink)
    mixer.emit(pass, place.inside(.mixer), output: pass.isSequenceParallel ? .partialSum : .attentionSum, into: &sink)
    pass.complete(
      .attention, .attnAllReduce, .attnReduceScatter, place, (.partialSum, .attentionSum, .attentionSum), &sink)
    if residual == .parallel {
      norm.emit(
        .mlpNorm, place, pass, reads: .residual, writes: pass.normalized, weight: .tensor(norms.feedForward),
        into: &sink)
      pass.gather(.feedForward, "mlp_all_gather", place, &sink)
    }
    feedForward.emit(pass, place.inside(.feedForward), norm: norm, stream: .residual, into: &sink)
    pass.complete(
      .feedForward, .mlpAllReduce, .mlpReduceScatter, place, (.partialSum, .partialSum, .reducedSum), &sink)
    emitAdd(.attnAdd, reads: Activations(pass.reducedSum, .attentionSum), writes: .branchSum, into: &sink)
    let reads = Activations(.branchSum, .residual)
    if isSeparate {
      emitAdd(.mlpAdd, reads: reads, writes: .nextResidual, into: &sink)
    } else {
      norm.emitAddition(.mlpAddNorm, place, pass, reads: reads, writes: .nextResidual, weight: .shared, into: &sink)
    }
  }

  /// The norm behind a branch, in a sandwich; gives what is then added to the stream.
  private func emitPostNorm<Sink: RowSink<Scalar>>(
    _ name: OperatorName, of sum: ActivationTensor, _ weight: StaticText, into sink: inout Sink
  ) -> ActivationTensor {
    guard residual.hasNormsBehind else { return sum }
    norm.emit(
      name, place, pass, reads: sum, writes: .normalizedSum, weight: .tensor(weight), into: &sink)
    return .normalizedSum
  }

  private func emitAdd<Sink: RowSink<Scalar>>(
    _ name: OperatorName, reads: Activations, writes: ActivationTensor, into sink: inout Sink
  ) {
    sink.row(
      name, place,
      ResidualAdd(
        elements: pass.residualRows * pass.hidden, isScaled: residual == .scaled, formats: pass.formats),
      reads: reads, writes: Activations(writes))
  }
}
