/// The memory of one deployment under many workloads: what no workload changes is added up once.
struct SweepMemory: Sendable {
  /// What the footprint is asked of, beside a workload.
  struct Settings: Hashable, Sendable {
    var reserve: UInt64 = 0
    var pages: CachePages?
  }

  private let model: DecoderModel
  private let workload: Workload
  private let settings: Settings
  /// A kind of device each, with the bytes of its weights.
  private let stages: [(stage: DeviceMemory<Count>.Stage, index: UInt64, weights: Count)]

  /// - Throws: `InputError.usage` where there is no rule for pages of such a cache.
  init(_ model: DecoderModel, _ workload: Workload, _ settings: Settings) throws(InputError) {
    self.model = model
    self.workload = workload
    self.settings = settings
    let plan = try FootprintPlan(model, workload, generated: 1, context: nil, pages: settings.pages)
    stages = plan.stages.map { ($0.stage, $0.index, plan.weights($0.stage, index: $0.index)) }
  }

  /// What the device needs that needs most, reserve included.
  ///
  /// - Parameters:
  ///   - keys: in the cache of each sequence at the end.
  ///   - activations: the most that is alive at once in a pass.
  /// - Returns: nil where a part does not fit in 63 bits.
  func required(_ point: SweepPoint, keys: UInt64, activations: Count) -> Count? {
    var workload = workload
    workload.batch = point.batch
    workload.prompt = point.prompt
    guard
      let plan = try? FootprintPlan(
        model, workload, generated: 1, context: keys, pages: settings.pages)
    else { return nil }
    var largest: Count = 0
    for stage in stages {
      let memory = DeviceMemory<Count>(
        stage.stage, index: stage.index, plan, weights: stage.weights, activations: activations)
      guard !memory.total.isOverflow else { return nil }
      largest = max(largest, memory.total)
    }
    let required = largest + Count(settings.reserve)
    return required.isOverflow ? nil : required
  }
}
