/// The parameter tensors of a model, or of one device's share of it under tensor parallelism: what the rows of the separate
/// operators say of their weights.
///
/// Projections and embeddings are sharded as their GEMMs are; norms are replicated, and so are biases of full-width outputs.
package struct ParameterShape<Scalar: Term>: Sendable {
  package let model: DecoderModel
  /// Every tensor of a layer of each group once, and those outside the layers, in the order of the forward pass.
  package let tensors: [WeightTensor<Scalar>]

  /// - Parameter tensorParallel: 1 counts the whole model.
  package init(_ model: DecoderModel, tensorParallel: UInt64 = 1, parallelism: Parallelism = Parallelism()) {
    self.init(model, tensorParallel: tensorParallel, parallelism: parallelism, stage: 0, of: 1)
  }

  /// The layers of one stage of a pipeline, and what stands outside the layers.
  init(
    _ model: DecoderModel, tensorParallel: UInt64, parallelism: Parallelism, stage: UInt64, of stages: UInt64
  ) {
    self.model = model
    var weights = WeightCollector<Scalar>(model: model, layers: Self.layers(of: model, stage: stage, of: stages))
    let workload = Workload(
      batch: 1, prompt: 1, context: 1, tensorParallel: tensorParallel, operatorSet: .separate,
      formats: NumberFormats(.bf16),
      parallelism: Parallelism(
        expert: parallelism.expert, isAttentionDataParallel: parallelism.isAttentionDataParallel))
    for row in ForwardPass<Scalar>(model, DecoderStep(.decode, workload)).rows { weights.add(row) }
    tensors = weights.tensors
  }

  /// How many layers of each group a stage holds.
  static func layers(of model: DecoderModel, stage: UInt64, of stages: UInt64) -> [Scalar] {
    guard model.groups.count > 1 else {
      let all = Scalar.input(.layers, model.numHiddenLayers)
      return [
        stages == 1 ? all : all.divided(exactlyBy: .input(.pipelineParallel, stages)).named(.stageLayers)
      ]
    }
    return model.layers(ofStage: stage, of: stages).map { .input(.groupLayers, $0) }
  }

  /// All parameters; tied embeddings once, buffers not at all.
  package var count: Scalar { sum(\.total) { _ in true } }

  /// What one token uses: of the routed experts, as many as it is sent to.
  package var active: Scalar { sum(\.active) { _ in true } }

  /// The same without tables of which a token reads rows: those of tokens, also where the head multiplies by the same table,
  /// and of learned positions.
  package var activeWithoutGatheredTables: Scalar { sum(\.active) { !$0.isGathered } }

  /// Of routed experts, all that a device holds.
  package var routed: Scalar { tensors.lazy.filter { $0.experts != nil }.reduce(0) { $0 + $1.total } }

  /// What checkpoints hold beside the parameters, like the correction biases of routers.
  package var buffers: Scalar { tensors.lazy.filter(\.isBuffer).reduce(0) { $0 + $1.total } }

  private func sum(
    _ part: KeyPath<WeightTensor<Scalar>, Scalar>, _ isIncluded: (WeightTensor<Scalar>) -> Bool
  ) -> Scalar {
    let parts = tensors.filter { !$0.isBuffer && isIncluded($0) }.map { $0[keyPath: part] }
    return parts.dropFirst().reduce(parts.first ?? 0, +)
  }

  /// Elements that one token of one sequence adds to the KV cache, over all layers and heads: 2·L·h_kv·d; of layers with a
  /// window, while it is not full, and of an entry for several tokens, its share.
  package static func keyValueElementsPerToken(_ model: DecoderModel) -> Scalar {
    let layers = Self.layers(of: model, stage: 0, of: 1)
    var total: Scalar?
    for (group, layers) in zip(model.groups, layers) {
      for part in group.mixer?.cache.tokens ?? [] {
        let entry = part.entry { Scalar.input(.keyValueHeads, $0) }
        var elements: Scalar = entry.tensors * layers * entry.width
        if part.tokensPerEntry > 1 {
          elements = elements.divided(roundingUpBy: .input(.tokensPerEntry, part.tokensPerEntry))
        }
        total = total.map { $0 + elements } ?? elements
      }
    }
    return total ?? 0
  }
}
