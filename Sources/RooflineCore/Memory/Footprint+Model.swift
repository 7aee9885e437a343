extension Footprint {
  /// The memory that a model takes on each kind of device while it serves a workload.
  ///
  /// - Parameters:
  ///   - generated: tokens made of each sequence; the last is not fed back, so that `prompt + generated − 1` keys are cached.
  ///   - context: keys in the cache at the end, instead of that; at least the prompt's.
  ///   - reserve: bytes kept free on every device.
  ///   - capacity: bytes of a device's memory (`HardwareSpec.Memory.capacity`).
  /// - Throws: `InputError` where the workload's degrees cannot divide the model, a number means nothing, or a part or the total
  ///   does not fit in 63 bits.
  public init(
    _ configuration: ModelConfiguration, _ workload: Workload, generated: UInt64 = 1, context: UInt64? = nil,
    reserve: UInt64 = 0, capacity: UInt64
  ) throws(InputError) {
    try configuration.model.requireLegal(workload, name: configuration.name)
    guard generated > 0 else { throw .usage("0 tokens are generated; there is at least 1") }
    try self.init(
      FootprintPlan(configuration.model, workload, generated: generated, context: context), reserve: reserve,
      capacity: capacity)
  }
}
