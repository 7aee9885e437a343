import RooflineCore

/// The memory that requests' caches share on the device that has least of it.
package struct CacheRoom: Sendable {
  /// Bytes for all caches.
  package let capacity: UInt64
  /// Bytes of one sequence with so many keys; nil where they do not fit in 63 bits.
  package let bytes: @Sendable (_ keys: UInt64) -> UInt64?

  package init(capacity: UInt64, bytes: @escaping @Sendable (_ keys: UInt64) -> UInt64?) {
    self.capacity = capacity
    self.bytes = bytes
  }
}

extension CacheRoom {
  /// What a deployment leaves for caches: the engine's share of a device's memory, less weights, less the activations of its largest
  /// pass, less the logits of as many sequences as run at once. A sequence holds the exact bytes of its keys.
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
    let pass = try Footprint(configuration, largest, capacity: capacity).largest
    var running = workload
    (running.prompt, running.batch) = (1, sequences)
    let steps = try Footprint(configuration, running, capacity: capacity).largest
    let taken = pass.weights + max(pass.activations, steps.activations) + max(pass.logits, steps.logits)
    let share = UInt64(scheduler.memoryShare * Double(capacity))
    guard !taken.isOverflow, taken.value < share else {
      throw .usage(
        "\(configuration.name) leaves no memory for caches on \(hardware.name): weights and activations take \(taken.value) of \(share) bytes; divide it with --tp"
      )
    }
    let model = configuration.model
    self.init(capacity: share - taken.value) { keys in
      var one = workload
      (one.batch, one.prompt, one.cachedPrefix) = (1, 1, 0)
      guard let plan = try? FootprintPlan(model, one, generated: 1, context: keys),
        let memory = try? Footprint(plan, reserve: 0, capacity: capacity)
      else { return nil }
      return memory.largest.cache.value
    }
  }
}
