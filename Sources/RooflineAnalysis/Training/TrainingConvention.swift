import RooflineCore

/// FLOPs of training a token as another project prints them: its convention, not this package's.
package enum TrainingConvention: String, Hashable, Sendable, CaseIterable {
  /// 6 × parameters that a token uses, without the token table, + 6·Σ h·(d + d_v)·min(S, window) over the layers: every query of
  /// a layer is given as many keys. Source: pytorch/torchtitan#4300, gpt-oss.
  case torchtitan
  /// 3 × forward FLOPs of matrices, without routers and indexers, and of pairs of dense attention at the causal average S/2;
  /// layers of multi-token prediction train, too, each with the head. Source: NVIDIA/Megatron-LM#6148, GLM-5.2.
  case megatronLM = "megatron-lm"

  /// What the convention computes, for people.
  package var formula: String {
    switch self {
    case .torchtitan: "6·(active parameters − token table) + 6·Σ h·(d + d_v)·min(S, window)"
    case .megatronLM: "3·(matrices without routers and indexers + multi-token prediction + Σ 2·h·(d + d_v)·S/2)"
    }
  }

  /// FLOPs of a training step, for each token of a sequence.
  ///
  /// - Parameters:
  ///   - sequence: tokens of a sequence, S.
  ///   - predictionLayers: layers of multi-token prediction; each has the last layer's shape. Of `megatronLM` alone.
  /// - Throws: `InputError.usage` for a model that the source's formula has no term for, `.overflow`.
  package func flopsPerToken(
    _ model: DecoderModel, sequence: UInt64, predictionLayers: UInt64 = 0
  ) throws(InputError) -> Count {
    for mixer in model.groups.lazy.compactMap(\.mixer) { try requireTerm(for: mixer) }
    let flops: Count
    switch self {
    case .torchtitan:
      flops =
        6 * ParameterShape<Count>(model).activeWithoutGatheredTables
        + 6 * pairs(model, of: model.groups.indices.map { model.layers(of: $0) }, sequence)
    case .megatronLM:
      let layers = model.groups.indices.map { model.layers(of: $0) }
      let own = matrices(model, layers: layers) + pairs(model, of: layers, sequence)
      let last = model.runs.last?.group ?? 0
      let one = model.groups.indices.map { $0 == last ? UInt64(1) : 0 }
      // The embedding and the hidden state, joined, come back to the width; then a layer, and the head once more.
      let hidden = Count(model.hiddenSize)
      let prediction =
        4 * hidden * hidden + matrices(model, layers: one) + pairs(model, of: one, sequence)
      flops = 3 * (own + Count(predictionLayers) * prediction)
    }
    guard !flops.isOverflow else { throw .overflow(what: "the FLOPs of a token as \(rawValue) counts them") }
    return flops
  }

  private func requireTerm(for mixer: Mixer) throws(InputError) {
    let cache = mixer.cache
    let missing: String? =
      if cache.state != nil || cache.convolution != nil {
        "recurrent layers"
      } else if cache.tokens.contains(where: { $0.tokensPerEntry > 1 }) {
        "compressed attention"
      } else if self == .torchtitan, cache.index != nil || mixer.latent?.selection != nil {
        "chosen keys"
      } else if cache.tokens.contains(where: { if case .chunk = $0.span { true } else { false } }) {
        "chunked attention"
      } else if self == .megatronLM, cache.tokens.contains(where: { $0.span.limit != nil }) {
        "windows"
      } else {
        nil
      }
    if let missing { throw .usage("--convention \(rawValue): its formula has no term for \(missing); leave it out") }
  }

  /// Σ h·(d + d_v)·min(S, window): both products of S/2 pairs a token, at 2 FLOPs, or the half of them that has no mask.
  private func pairs(_ model: DecoderModel, of layers: [UInt64], _ sequence: UInt64) -> Count {
    zip(model.groups, layers).reduce(0) { sum, part in
      guard let mixer = part.0.mixer else { return sum }
      let limit = mixer.cache.tokens.compactMap(\.span.limit).min() ?? sequence
      return sum + Count(part.1) * mixer.pairWidth * Count(min(sequence, limit))
    }
  }

  /// FLOPs of one token in the matrices of these layers, and in the head's.
  private func matrices(_ model: DecoderModel, layers: [UInt64]) -> Count {
    let workload = Workload(
      batch: 1, prompt: 1, context: 1, tensorParallel: 1, operatorSet: .separate, formats: NumberFormats(.bf16))
    let rows: [NamedOperator<Count>] = DecoderStep(TrainingPass.forward, workload).rows(of: model)
    return rows.reduce(0) { sum, row in
      let isMatrix = [.gemm, .groupedGEMM, .batchedGEMM].contains(row.operator.kind)
      guard isMatrix, row.name != "router", !row.name.rawValue.hasPrefix("index_") else { return sum }
      let times: Count = row.scope.group.map { Count(layers[$0]) } ?? 1
      return sum + row.operator.cost.productFLOPs * times
    }
  }
}
