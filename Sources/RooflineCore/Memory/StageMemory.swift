/// A kind of device in counts, with what no batch and no length changes: the bytes of its weights and what its layers keep.
package struct StageMemory: Sendable {
  private let stage: DeviceMemory<Count>.Stage
  private let weights: Count
  private let caches: [HeldCache<Count>]

  package static func all(of plan: FootprintPlan) -> [StageMemory] {
    plan.stages.map { stage in
      StageMemory(
        stage: stage.stage, weights: plan.weights(stage.stage, index: stage.index),
        caches: HeldCache.all(of: plan.model, stage: stage.index, of: plan.workload.parallelism.pipeline))
    }
  }

  /// Everything that lies on the device but the reserve, bytes.
  ///
  /// - Parameters:
  ///   - plan: that of the stages, or one with another batch or other lengths.
  ///   - activations: the most that is alive at once in a pass.
  /// - Returns: nil where the sum does not fit in 63 bits.
  package func total(_ plan: FootprintPlan, activations: Count) -> Count? {
    let total = DeviceMemory<Count>(stage, plan, weights: weights, caches: caches, activations: activations).total
    return total.isOverflow ? nil : total
  }
}
