import RooflineCore
import RooflineMeasurement

extension MeasurementSession {
  /// A sample lasts so long at least, s: long against the events' half microsecond.
  private static let shortestSample = 0.5e-3
  private static let mostCalls = 256

  /// A collective's plan on the GPUs of this machine, the session's own the first of them.
  ///
  /// - Throws: `Unsupported` where there are too few GPUs, they are of several kinds, or NCCL is missing.
  func collectivePlan(_ task: MeasurementTask, _ collective: Collective<Count>) throws(Unsupported) -> CollectivePlan {
    let plan = try CollectivePlan(collective, task.formats.residual)
    let count = (try? context.driver.deviceCount()) ?? 1
    guard count > 1 else { throw Unsupported("it needs several GPUs; one is measured") }
    let others = count - properties.ordinal
    guard plan.ranks <= others else {
      throw Unsupported("it needs \(plan.ranks) GPUs, and from GPU \(properties.ordinal) on there are \(others)")
    }
    for rank in 1..<plan.ranks {
      let other = try? context.driver.properties(ordinal: properties.ordinal + rank)
      guard other?.name == properties.name else { throw Unsupported("the GPUs are not all of one kind") }
    }
    guard collectives != nil else {
      throw Unsupported("it needs NCCL, and no libnccl.so.2 can be opened; ROOFLINE_NCCL names one")
    }
    return plan
  }

  /// Checks a collective's results on every GPU, then times calls queued one behind the other.
  ///
  /// - Returns: nil where it was interrupted.
  func measure(_ task: MeasurementTask, _ plan: CollectivePlan) throws(GPUFault) -> KernelMeasurement? {
    guard let collectives else { throw .unsupported(plan.call, reason: "NCCL is missing") }
    let measured: Result<KernelMeasurement?, GPUFault>
    do throws(GPUFault) { measured = .success(try measure(task, plan, collectives)) } catch {
      measured = .failure(error)
    }
    // The other GPUs' contexts are gone by now; what follows is on this one again.
    try context.makeCurrent()
    return try measured.get()
  }

  private func measure(
    _ task: MeasurementTask, _ plan: CollectivePlan, _ collectives: CollectiveLibrary
  ) throws(GPUFault) -> KernelMeasurement? {
    try patterns.prepare(plan.kind)
    let ranks = try CollectiveRanks(
      plan, collectives, context.driver, first: properties.ordinal, stream: timer.stream, patterns: patterns)
    let check = try ranks.check(patterns)
    var fastest = Double.infinity
    for _ in 0..<3 {
      fastest = min(fastest, try timer.once { _ throws(GPUFault) in try ranks.enqueue() })
      try ranks.synchronize()
    }
    let calls = max(
      1, min(MeasurementSession.mostCalls, Int((MeasurementSession.shortestSample / fastest).rounded(.up))))
    guard let floor = try timer.streamFloor(isInterrupted: isInterrupted).flatMap({ SampleStatistics($0.samples) })
    else { return nil }
    let before = state
    let sampling = try timer.queued(calls: calls, isInterrupted: isInterrupted) { _ throws(GPUFault) in
      try ranks.enqueue()
    }
    let after = state
    guard let sampling, let statistics = SampleStatistics(sampling.samples) else { return nil }
    let recheck = try ranks.check(patterns)
    return KernelMeasurement(
      task: task, family: CollectivePlan.family, kernels: [.init(name: plan.call)], mode: .rotating, copies: 1,
      callsPerSample: calls, launchCost: nil, deviceTime: sampling.deviceTime,
      footprint: plan.sendBytes + plan.receiveBytes, workspaceBytes: 0, remark: nil, samples: sampling.samples,
      statistics: statistics, end: sampling.end, floor: floor.median, gap: nil, check: check, recheck: recheck,
      before: before, after: after, during: nil, procedure: .stream)
  }
}
