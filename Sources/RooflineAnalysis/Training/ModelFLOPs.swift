import RooflineCore

/// What one training step of a model computes, by the usual definitions.
///
/// Model FLOPs: three times (forward once, backward twice) the forward FLOPs of GEMMs and attention products, the head on
/// all tokens; no biases, norms, embedding, recomputation.
package struct ModelFLOPs: Sendable {
  /// FLOPs of one forward pass over the whole batch.
  package let forward: Count
  /// The part of them in the layers: all but the head.
  package let forwardLayers: Count
  /// The part of them in the two attention products.
  package let forwardAttention: Count
  /// All parameters, tied embeddings once.
  package let parameters: Count
  /// PaLM's figure a token: 6N + 12·L·h·d·S, or 6·L·h·(d + d_v)·S (Chowdhery et al. 2022, appendix B, arXiv:2204.02311).
  package let palmPerToken: Count
  package let tokens: Count

  /// What a backward pass computes again.
  package enum Recomputation: String, Hashable, Sendable, CaseIterable {
    case none
    /// The attention products.
    case selective
    /// The forward pass of all layers; the head's logits are kept (Korthikanti et al. 2022, arXiv:2205.05198, appendix A).
    case full
  }

  /// - Parameters:
  ///   - batch: sequences of a step over all devices.
  ///   - isCausal: counts only the attention pairs that the mask leaves, instead of the full rectangle.
  /// - Throws: `InputError.overflow` when a count does not fit in 63 bits.
  package init(_ model: DecoderModel, batch: UInt64, sequence: UInt64, isCausal: Bool) throws(InputError) {
    let workload = Workload(
      batch: batch, prompt: sequence, context: sequence, tensorParallel: 1, operatorSet: isCausal ? .fused : .separate,
      formats: NumberFormats(.bf16))
    let pass = PhaseAnalysis(
      model, DecoderStep(TrainingPass.forward, workload), rates: DeviceRates(), time: IdealTime(overlap: .max))
    forward = pass.productFLOPs
    forwardLayers = pass.operators.filter(\.scope.isLayer).reduce(0) { sum, row in
      sum + row.cost.productFLOPs * row.occurrences
    }
    let attentionKinds: [OperatorKind] = [.qkMatmul, .svMatmul, .attention]
    forwardAttention = pass.operators.filter { attentionKinds.contains($0.kind) }.reduce(0) { sum, row in
      sum + row.cost.flops.tensor * row.occurrences
    }
    parameters = ParameterShape<Count>(model).count
    let attentionPerToken = model.groups.indices.reduce(Count(0)) { sum, index in
      guard let mixer = model.groups[index].mixer else { return sum }
      return sum + Count(model.layers(of: index)) * mixer.pairWidth * Count(sequence)
    }
    palmPerToken = 6 * parameters + 6 * attentionPerToken
    tokens = Count(batch) * Count(sequence)
    guard !perStep.isOverflow, !hardware(.full).isOverflow, !(palmPerToken * tokens).isOverflow else {
      throw .overflow(what: "the FLOPs of a step")
    }
  }

  /// Forward and backward.
  package var perStep: Count { 3 * forward }

  /// What the hardware executes, recomputation included.
  package func hardware(_ recomputation: Recomputation) -> Count {
    switch recomputation {
    case .none: perStep
    case .selective: perStep + forwardAttention
    case .full: perStep + forwardLayers
    }
  }
}

/// A measured training step against the peak.
package struct TrainingUtilization: Sendable {
  package let flops: ModelFLOPs
  package let devices: UInt64
  /// Of one device.
  package let peak: FLOPsPerSecond
  package let stepTime: Seconds
  /// A step's FLOPs by another project's convention; nil where none is asked for.
  package let convention: (name: TrainingConvention, flops: Count)?

  package init(
    flops: ModelFLOPs, devices: UInt64, peak: FLOPsPerSecond, stepTime: Seconds,
    convention: (name: TrainingConvention, flops: Count)? = nil
  ) {
    self.convention = convention
    self.flops = flops
    self.devices = devices
    self.peak = peak
    self.stepTime = stepTime
  }

  /// Model FLOPs over step time × devices × peak.
  package var modelFLOPsUtilization: Double { share(flops.perStep) }

  /// The same by PaLM's figure.
  package var palmUtilization: Double { share(flops.palmPerToken * flops.tokens) }

  /// The same by the other project's convention.
  package var conventionUtilization: Double? { convention.map { share($0.flops) } }

  /// With what the backward pass computes again.
  package func hardwareFLOPsUtilization(_ recomputation: ModelFLOPs.Recomputation) -> Double {
    share(flops.hardware(recomputation))
  }

  private func share(_ work: Count) -> Double {
    FLOPs(Double(work.value)) / peak / Seconds(stepTime.value * Double(devices))
  }
}
