import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

/// Measures operators on one GPU.
///
/// Everything it takes of the device is given back when it goes. It belongs to the thread that made it, like `Context`.
package final class MeasurementSession {
  package let properties: DeviceProperties
  package let software: MeasurementSoftware
  let management: ManagementLibrary?
  let context: Context
  let loaded: LoadedKernels
  /// What keeps a cuBLASLt that is there from being used.
  package let matrixFault: GPUFault?
  /// cuBLASLt; nil where it is missing or of no use.
  let planner: MatrixPlanner?
  /// NCCL; nil where it is missing.
  let collectives: CollectiveLibrary?
  let timer: KernelTimer
  let patterns: RandomPatterns
  let isInterrupted: () -> Bool
  /// s.
  private var floors: [TimingMode: Double] = [:]

  /// Operations of the reference that a check may take.
  static let effort = 1 << 24
  /// The same of the check after the last sample: what is wrong then is wrong everywhere.
  static let secondEffort = 1 << 20
  /// How many of cuBLASLt's algorithms are tried for a product.
  private static let algorithms = 8
  /// Rotating goes through four times the L2 cache, in at most so many copies.
  private static let copyLimit = 512

  /// - Parameters:
  ///   - seed: of the random data.
  ///   - isInterrupted: asked between samples; once it says so, no measurement begins or is finished.
  package init(
    environment: [String: String], ordinal: Int, rule: StoppingRule = StoppingRule(), seed: UInt64,
    isInterrupted: @escaping () -> Bool
  ) throws(GPUFault) {
    let driver = try Driver(environment: environment)
    context = try Context(driver, ordinal: ordinal)
    properties = context.properties
    // NVML is optional: without it nothing is known about clocks and power.
    management = try? ManagementLibrary(environment: environment)
    let compiler = try KernelCompiler.newest(environment: environment, driver: driver.version)
    loaded = LoadedKernels(context, compiler)
    // cuBLASLt is optional: kernels of this package stand in.
    var matrixLibrary: MatrixLibrary?
    var planner: MatrixPlanner?
    var matrixFault: GPUFault?
    do {
      let library = try MatrixLibrary(environment: environment, driver: driver.version)
      matrixLibrary = library
      planner = try MatrixPlanner(library, context)
    } catch {
      matrixFault = error
    }
    self.planner = planner
    self.matrixFault = matrixFault
    // NCCL is optional, and of no use to one GPU.
    collectives = (try? driver.deviceCount()) ?? 1 > 1 ? try? CollectiveLibrary(environment: environment) : nil
    timer = try KernelTimer(context, loaded, rule: rule)
    patterns = RandomPatterns(context, seed: seed)
    self.isInterrupted = isInterrupted
    software = MeasurementSoftware(
      driver: driver.version, compiler: compiler.version,
      matrixLibrary: planner == nil ? nil : matrixLibrary?.finding.version,
      management: management?.finding.version, collectives: collectives?.finding.version)
  }

  package var hasMatrixLibrary: Bool { planner != nil }

  package var state: DeviceState? { management?.state(pciBusIdentifier: properties.pciBusIdentifier) }

  /// Whether the device still works: a kernel that faults takes the whole context with it.
  package var isAlive: Bool {
    do {
      try timer.stream.synchronize()
      return try context.memory().total > 0
    } catch {
      return false
    }
  }

  /// Checks an operator's results, then times it.
  ///
  /// - Parameters:
  ///   - modes: in which the library's own choice of an algorithm is timed, and in which the fastest, where there are several.
  ///   - hardware: the GPU's file, whose ridge says whether power may hold its clocks; nil where there is none.
  ///   - measurements: gets one a mode, each as soon as it is there: an interruption or a fault in a later mode
  ///     takes none of them away.
  /// - Returns: whether every mode was measured; false where it was interrupted.
  package func measure(
    _ task: MeasurementTask, _ plan: KernelPlan, modes: Modes, hardware: HardwareSpec? = nil,
    into measurements: inout [KernelMeasurement]
  ) throws(GPUFault) -> Bool {
    let copies =
      (modes.own + modes.fastest).contains(where: \.isRotating)
      ? try copies(byteCount: plan.byteCount, rotatedBytes: plan.rotatedBytes) : 1
    let prepared = try prepare(plan, copies: copies, algorithms: MeasurementSession.algorithms)
    let first = measurements.count
    if !modes.own.isEmpty {
      guard try measure(task, prepared, plan.family, modes: modes.own, hardware, into: &measurements) else {
        return false
      }
    }
    guard prepared.choices > 1, !modes.fastest.isEmpty else { return true }
    // What a library chooses by itself is what engines run; the best of what it offers, what they could.
    let family = KernelLibrary.fastest(of: plan.family)
    var left = modes.fastest
    if try !chooseFastest(prepared) {
      for var measurement in measurements[first...] where left.contains(measurement.mode) {
        measurement.family = family
        measurements.append(measurement)
        left.removeAll { $0 == measurement.mode }
      }
    }
    guard !left.isEmpty else { return true }
    return try measure(task, prepared, family, modes: left, hardware, into: &measurements)
  }

  /// In which modes a kernel is timed, by which algorithm of several.
  package struct Modes: Hashable, Sendable {
    package var own, fastest: [TimingMode]

    package init(own: [TimingMode], fastest: [TimingMode]) {
      self.own = own
      self.fastest = fastest
    }

    /// Of both.
    package init(_ modes: [TimingMode]) { self.init(own: modes, fastest: modes) }
  }

  /// Leaves a product with the fastest of the algorithms that compute it rightly.
  ///
  /// - Returns: whether it is another than the library's own choice.
  private func chooseFastest(_ prepared: PreparedKernel) throws(GPUFault) -> Bool {
    var fastest = (choice: 0, seconds: Double.infinity)
    for choice in 0..<prepared.choices {
      prepared.choice = choice
      do throws(GPUFault) {
        _ = try prepared.recheck(timer.stream, after: nil, patterns, effort: MeasurementSession.secondEffort)
        let seconds = try timer.roughly(copies: prepared.copies) { copy, stream throws(GPUFault) in
          try prepared.launch(copy: copy, in: stream)
        }
        if seconds < fastest.seconds { fastest = (choice, seconds) }
      } catch {
        // The others may do; a lost device shows in the next call.
        continue
      }
    }
    prepared.choice = fastest.choice
    return fastest.choice != 0
  }

  private func measure(
    _ task: MeasurementTask, _ prepared: PreparedKernel, _ family: String, modes: [TimingMode],
    _ hardware: HardwareSpec?, into measurements: inout [KernelMeasurement]
  ) throws(GPUFault) -> Bool {
    let (plan, copies) = (prepared.plan, prepared.copies)
    let check = try prepared.check(timer.stream, effort: MeasurementSession.effort)
    let kernels = try prepared.launchedKernels(timer.stream)
    for mode in modes {
      guard let floor = try floor(mode) else { return false }
      let gap = mode.procedure == .event ? try self.gap(floor) : nil
      let before = state
      var during: DeviceState?
      var load = mode == .sustained && management != nil ? SustainedLoad() : nil
      let began = ContinuousClock.now
      func look() {
        during = management?.load(pciBusIdentifier: properties.pciBusIdentifier)
        load?.append(
          .init(
            elapsed: LaunchTimer.seconds(.now - began), power: during?.instantPower, clock: during?.smClock))
      }
      let sampling = try timer.time(
        mode, copies: copies, isSustained: task.isTensorBound(on: hardware), isInterrupted: isInterrupted, look: look
      ) { copy, stream throws(GPUFault) in try prepared.launch(copy: copy, in: stream) }
      let after = state
      guard let sampling, let statistics = SampleStatistics(sampling.samples) else { return false }
      let recheck = try prepared.recheck(
        timer.stream, after: sampling.last, patterns, effort: MeasurementSession.secondEffort)
      let rounds = mode.isRotating ? copies : 1
      measurements.append(
        KernelMeasurement(
          task: task, family: family, kernels: kernels, mode: mode, copies: rounds,
          callsPerSample: sampling.callsPerSample, launchCost: sampling.launchCost,
          deviceTime: sampling.deviceTime, footprint: plan.byteCount + (rounds - 1) * plan.rotatedBytes,
          workspaceBytes: prepared.workspaceBytes, remark: plan.remark, samples: sampling.samples,
          statistics: statistics, end: sampling.end, floor: floor, gap: gap, check: check, recheck: recheck,
          before: before,
          after: after, during: during, load: load, rowsPerExpert: plan.routing?.rowsPerExpert))
    }
    return true
  }

  /// A plan's memory and kernels.
  ///
  /// - Parameter algorithms: how many of cuBLASLt's to have at hand, at most.
  func prepare(_ plan: KernelPlan, copies: Int, algorithms: Int = 1) throws(GPUFault) -> PreparedKernel {
    try patterns.prepare(plan.buffers)
    return try PreparedKernel(
      plan, copies: copies, algorithms: algorithms, context: context, stream: timer.stream, loaded: loaded,
      planner: planner,
      patterns: patterns)
  }

  /// The empty kernel's median in a mode, measured once, s.
  func floor(_ mode: TimingMode) throws(GPUFault) -> Double? {
    // Beside an empty kernel nothing sinks: the floor of seconds is that of less.
    let mode = mode == .sustained ? .rotating : mode
    if floors[mode] == nil {
      floors[mode] = try timer.floor(mode, isInterrupted: isInterrupted)
        .flatMap { SampleStatistics($0.samples)?.median }
    }
    return floors[mode]
  }

  /// What a single launch adds to a call, s: what an empty kernel takes longer by it, as `floor` has it, than in a graph.
  ///
  /// - Returns: nil where the driver runs no graph, or it was interrupted: what is not known is not taken off.
  private func gap(_ floor: Double) throws(GPUFault) -> Double? {
    var inGraph: Double?
    do { inGraph = try self.floor(.hot) } catch { guard isAlive else { throw error } }
    // Below what a clock tells apart there is none.
    return inGraph.map { max(0, floor - $0) }
  }

  /// So many sets of what rotates that a round over them touches four times the L2 cache, as far as memory allows; a set more
  /// where activations, of which there is one set, leave nothing of a weight in the cache by themselves.
  func copies(byteCount: Int, rotatedBytes: Int) throws(GPUFault) -> Int {
    guard rotatedBytes > 0 else { return 1 }
    let l2 = properties.l2.flatMap { Int(exactly: $0) } ?? KernelTimer.unknownCache
    let wanted = 4 * l2
    let room = max(0, try context.memory().free / 2 - byteCount)
    let further =
      byteCount - rotatedBytes > l2
      ? (wanted + byteCount - 1) / byteCount
      : max(0, wanted - byteCount + rotatedBytes - 1) / rotatedBytes
    // A set is there already.
    let copies = 1 + min(further, room / rotatedBytes)
    return max(1, min(copies, MeasurementSession.copyLimit))
  }
}
