import RooflineCore
import RooflineMeasurement

/// Measures operators on one GPU.
///
/// Everything it takes of the device is given back when it goes. It belongs to the thread that made it, like `Context`.
package final class MeasurementSession {
  package let properties: DeviceProperties
  package let software: MeasurementSoftware
  private let management: ManagementLibrary?
  let context: Context
  let loaded: LoadedKernels
  /// What keeps a cuBLASLt that is there from being used.
  package let matrixFault: GPUFault?
  /// cuBLASLt; nil where it is missing or of no use.
  private let planner: MatrixPlanner?
  let timer: KernelTimer
  private let patterns: RandomPatterns
  let isInterrupted: () -> Bool
  private var floors: [TimingMode: KernelTimer.Sampling] = [:]

  /// Operations of the reference that a check may take.
  private static let effort = 1 << 24
  /// Rotating goes through four times the L2 cache, in at most so many copies.
  private static let copyLimit = 1024

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
    let matrixLibrary = try? MatrixLibrary(environment: environment, driver: driver.version)
    var planner: MatrixPlanner?
    var matrixFault: GPUFault?
    if let matrixLibrary {
      do {
        planner = try MatrixPlanner(matrixLibrary, context)
      } catch {
        matrixFault = error
      }
    }
    self.planner = planner
    self.matrixFault = matrixFault
    timer = try KernelTimer(context, loaded, rule: rule)
    patterns = RandomPatterns(context, seed: seed)
    self.isInterrupted = isInterrupted
    software = MeasurementSoftware(
      driver: driver.version, compiler: compiler.version,
      matrixLibrary: planner == nil ? nil : matrixLibrary?.finding.version,
      management: management?.finding.version)
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
  ///   - hardware: the GPU's file, whose ridge says whether power may hold its clocks; nil where there is none.
  ///   - measurements: gets one a mode, each as soon as it is there: an interruption or a fault in a later mode
  ///     takes none of them away.
  /// - Returns: whether every mode was measured; false where it was interrupted.
  package func measure(
    _ task: MeasurementTask, _ plan: KernelPlan, modes: [TimingMode], hardware: HardwareSpec? = nil,
    into measurements: inout [KernelMeasurement]
  ) throws(GPUFault) -> Bool {
    let copies = modes.contains(.rotating) ? try copies(of: plan) : 1
    let prepared = try prepare(plan, copies: copies)
    let check = try prepared.check(timer.stream, effort: MeasurementSession.effort)
    let kernels = try prepared.launchedKernels(timer.stream)
    for mode in modes {
      guard let floor = try floor(mode) else { return false }
      let before = state
      var during: DeviceState?
      func look() { during = management?.load(pciBusIdentifier: properties.pciBusIdentifier) }
      let sampling = try timer.time(
        mode, copies: copies, isSustained: task.isTensorBound(on: hardware), isInterrupted: isInterrupted, look: look
      ) { copy, stream throws(GPUFault) in try prepared.launch(copy: copy, in: stream) }
      guard let sampling, let statistics = SampleStatistics(sampling.samples) else { return false }
      let rounds = mode == .rotating ? copies : 1
      measurements.append(
        KernelMeasurement(
          task: task, family: plan.family, kernels: kernels, mode: mode, copies: rounds,
          callsPerSample: sampling.callsPerSample, footprint: plan.byteCount + (rounds - 1) * plan.rotatedBytes,
          workspaceBytes: prepared.workspaceBytes, remark: plan.remark, samples: sampling.samples,
          statistics: statistics, end: sampling.end,
          floor: floor, check: check, before: before, after: state, during: during))
    }
    return true
  }

  /// A plan's memory and kernels.
  func prepare(_ plan: KernelPlan, copies: Int) throws(GPUFault) -> PreparedKernel {
    try patterns.prepare(plan.buffers)
    return try PreparedKernel(
      plan, copies: copies, context: context, stream: timer.stream, loaded: loaded, planner: planner,
      patterns: patterns)
  }

  /// The empty kernel's median in a mode, measured once, s.
  private func floor(_ mode: TimingMode) throws(GPUFault) -> Double? {
    if floors[mode] == nil { floors[mode] = try timer.floor(mode, isInterrupted: isInterrupted) }
    return floors[mode].flatMap { SampleStatistics($0.samples)?.median }
  }

  /// So many sets of weights and keys that a round over them touches four times the L2 cache, as far as memory allows.
  private func copies(of plan: KernelPlan) throws(GPUFault) -> Int {
    guard plan.rotatedBytes > 0 else { return 1 }
    let wanted = 4 * (properties.l2.flatMap { Int(exactly: $0) } ?? KernelTimer.unknownCache)
    let room = max(0, try context.memory().free / 2 - plan.byteCount)
    let further = max(0, wanted - plan.byteCount + plan.rotatedBytes - 1) / plan.rotatedBytes
    let copies = min(1 + further, room / plan.rotatedBytes)
    return max(1, min(copies, MeasurementSession.copyLimit))
  }
}
