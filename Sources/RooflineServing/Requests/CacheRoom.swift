import RooflineCore

/// The memory that requests' caches share on the device that has least of it.
package struct CacheRoom: Sendable {
  /// Bytes for all caches; where ranks have requests of their own, those of one rank.
  package let capacity: UInt64
  /// Ranks that have such a room each. A sequence lies in one of them.
  package let ranks: UInt64
  /// Bytes of one sequence with so many keys; nil where they do not fit in 63 bits.
  package let bytes: @Sendable (_ keys: UInt64) -> UInt64?

  package init(capacity: UInt64, ranks: UInt64 = 1, bytes: @escaping @Sendable (_ keys: UInt64) -> UInt64?) {
    self.capacity = capacity
    self.ranks = ranks
    self.bytes = bytes
  }
}

extension CacheRoom {
  /// What a deployment leaves for caches: the engine's share of a device's memory, less weights, less the activations of its largest
  /// pass, less the logits of as many sequences as run at once. A sequence holds the exact bytes of its keys. Of a pipeline's stages the
  /// one that has least room counts, and of a sequence's bytes those of the stage that holds most.
  ///
  /// - Parameters:
  ///   - workload: degrees and formats; its numbers of sequences and tokens mean nothing here.
  ///   - capacity: bytes of a device's memory.
  ///   - prompt: tokens of a prompt, of which the largest pass is made.
  ///   - inFlight: requests that may be there at once.
  /// - Throws: `InputError` where nothing is left, or a count does not fit in 63 bits.
  package init(
    _ configuration: ModelConfiguration, _ workload: Workload, hardware: HardwareSpec, capacity: UInt64,
    scheduler: EngineScheduler, prompt: UInt64, inFlight: UInt64
  ) throws(InputError) {
    let sequences = min(scheduler.maxSequences, inFlight)
    var largest = workload
    // Whole prompts as far as there are, or a piece of one.
    largest.prompt = min(prompt, scheduler.maxBatchedTokens)
    largest.batch = min(sequences, max(1, scheduler.maxBatchedTokens / largest.prompt))
    var running = workload
    (running.prompt, running.batch) = (1, sequences)
    let (model, draft) = (configuration.model, workload.drafted > 0 ? configuration.draft.modules : nil)
    try model.requireLegal(largest, name: configuration.name)
    func footprint(_ workload: Workload) throws(InputError) -> Footprint {
      try Footprint(
        FootprintPlan(model, workload, generated: 1, context: nil, draft: draft), reserve: 0, capacity: capacity)
    }
    let (pass, steps) = (try footprint(largest), try footprint(running))
    // Every stage alike: the most that one of them has beside the caches.
    var taken: Count = 0
    for (own, other) in zip(pass.devices, steps.devices) {
      let (own, other) = (own.memory, other.memory)
      let drafting = own.draft.map { $0.excess(over: pass.plan.draftCache) } ?? 0
      taken = max(
        taken, own.weights + drafting + max(own.activations, other.activations) + max(own.logits, other.logits))
    }
    let share = UInt64(scheduler.memoryShare * Double(capacity))
    guard !taken.isOverflow, taken.value < share else {
      throw .usage(
        "\(configuration.name) leaves no memory for caches on \(hardware.name): weights and activations take \(taken.value) of \(share) bytes; divide it with --tp"
      )
    }
    self.init(capacity: share - taken.value, ranks: PassRows.ownRanks(workload)) { keys in
      var one = workload
      (one.batch, one.prompt, one.cachedPrefix) = (1, 1, 0)
      // A step's drafted tokens have their places from the beginning.
      let context = max(keys, 1 + one.drafted)
      guard let plan = try? FootprintPlan(model, one, generated: 1, context: context, draft: draft),
        let memory = try? Footprint(plan, reserve: 0, capacity: capacity)
      else { return nil }
      let most = memory.devices.map { device in
        device.memory.cache + (device.memory.draft == nil ? 0 : plan.draftCache)
      }
      return most.max()?.value
    }
  }
}
