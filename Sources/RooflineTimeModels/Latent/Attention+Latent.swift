import RooflineCore

extension Attention where Scalar == Count {
  /// Bytes of queries and result as wide as other activations, whatever kernels multiply in.
  var latentBytes: Double { Double(residualBytes(of: shape.queries + shape.outputs)) }

  /// Bytes of so many elements as wide as other activations.
  func residualBytes(of elements: Count) -> Count { elements.bytes(formats.residualFormat) }

  /// In which form it attends to latents; nil for attention that does not, or not to all keys before a query.
  var latentForm: KernelForm? {
    guard case .causal = mask, !capsScores, !hasSinks, !keepsProbabilities else { return nil }
    if valuesAreKeys { return shape.keyValueHeads == 1 && shape.valueDim < shape.headDim ? .absorbed : nil }
    return shape.sharedDim == nil ? nil : .naive
  }

  func latentSubject(_ phase: Phase, _ form: KernelForm) -> KernelSubject {
    KernelSubject(.mla, phase: phase, dtype: queryDType, keyValueDType: formats.keyValueCache, form: form)
  }

  func latentPlace(_ phase: Phase) -> KernelPlace {
    let sizes = AttentionSizes(self)
    let order = [sizes.heads, sizes.keyValueHeads, sizes.headDim, sizes.context, sizes.query, sizes.batch]
    return KernelPlace(
      "mla \(phase.rawValue)",
      sizes: [
        ("batch", sizes.batch), ("query", sizes.query), ("context", sizes.context), ("heads", sizes.heads),
        ("qk_dim", sizes.headDim), ("v_dim", sizes.valueDim),
      ], order: order,
      point: [
        KernelPlace.log(sizes.batch), KernelPlace.log(sizes.context), KernelPlace.log(sizes.heads),
        0.5 * KernelPlace.log(sizes.context / max(sizes.query, 1)),
      ], group: [sizes.heads, sizes.context])
  }
}
