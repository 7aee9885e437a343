import RooflineCore

/// The memory of one deployment under many workloads: what no workload changes is added up once.
struct SweepMemory: Sendable {
  /// What the footprint is asked of, beside a workload.
  struct Settings: Hashable, Sendable {
    var reserve: UInt64 = 0
    var pages: CachePages?
  }

  /// Of the workload that was asked for last: one is changed, since to make one takes longer than to add it up.
  private var plan: FootprintPlan
  private let stages: [StageMemory]
  private let reserve: UInt64

  /// - Throws: `InputError.usage` where there is no rule for pages of such a cache.
  init(_ model: DecoderModel, _ workload: Workload, _ settings: Settings) throws(InputError) {
    let plan = try FootprintPlan(model, workload, generated: 1, context: nil, pages: settings.pages)
    self.plan = plan
    reserve = settings.reserve
    stages = StageMemory.all(of: plan)
  }

  /// What the device needs that needs most, reserve included.
  ///
  /// - Parameters:
  ///   - keys: in the cache of each sequence at the end.
  ///   - activations: the most that is alive at once in a pass.
  /// - Returns: nil where a part does not fit in 63 bits.
  mutating func required(_ point: SweepPoint, keys: UInt64, activations: Count) -> Count? {
    do {
      try plan.set(batch: point.batch, prompt: point.prompt, context: keys)
    } catch {
      return nil
    }
    var largest: Count = 0
    for stage in stages {
      guard let total = stage.total(plan, activations: activations) else { return nil }
      largest = max(largest, total)
    }
    let required = largest + Count(reserve)
    return required.isOverflow ? nil : required
  }
}
