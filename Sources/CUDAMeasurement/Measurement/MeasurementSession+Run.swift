import RooflineCore
import RooflineMeasurement

extension MeasurementSession {
  /// Measures one task after another. What goes wrong with one does not keep the others from their turn, unless the device is
  /// lost.
  ///
  /// - Parameters:
  ///   - hardware: the GPU's file; nil where there is none.
  ///   - isKnown: whether a task is not to be measured in a mode, because somebody has its time already; of products the library's
  ///     own choice of an algorithm and the fastest of its choices apart.
  ///   - willMeasure: the task that begins, how many were done before it, and how many there are.
  ///   - didMeasure: called with all that is known so far whenever a task is done.
  package func run(
    _ tasks: [MeasurementTask], modes: [TimingMode], options: PlanningOptions = PlanningOptions(),
    hardware: HardwareSpec? = nil,
    isKnown: (MeasurementTask, TimingMode, AlgorithmChoice) -> Bool = { _, _, _ in false },
    willMeasure: (MeasurementTask, _ done: Int, _ of: Int) -> Void = { _, _, _ in },
    didMeasure: (MeasurementRun) throws -> Void = { _ in }
  ) rethrows -> MeasurementRun {
    var run = MeasurementRun()
    var options = options
    options.hasMatrixLibrary = hasMatrixLibrary
    var plans: [(task: MeasurementTask, plan: Planned, modes: Modes)] = []
    for task in tasks {
      let missing = Modes(
        own: modes.filter { !isKnown(task, $0, .own) }, fastest: modes.filter { !isKnown(task, $0, .fastest) })
      guard !missing.own.isEmpty || !missing.fastest.isEmpty else { continue }
      do throws(Unsupported) {
        let plan = try planned(task, missing.own, options)
        guard !missing.own.isEmpty || plan.hasChoice else { continue }
        plans.append((task, plan, missing))
      } catch {
        run.unsupported.append(MeasurementRun.Refusal(task: task, reason: error.reason))
      }
    }
    for (index, (task, plan, modes)) in plans.enumerated() {
      run.left = plans.count - index
      willMeasure(task, index, plans.count)
      do throws(GPUFault) {
        guard try measure(task, plan, modes: modes, hardware, into: &run.measurements) else {
          run.end = .interrupted
          return run
        }
      } catch .unsupported(_, let reason) {
        run.unsupported.append(MeasurementRun.Refusal(task: task, reason: reason))
      } catch {
        run.failed.append(MeasurementRun.Failure(task: task, fault: error))
        guard isAlive else {
          run.end = .deviceLost
          run.left -= 1
          return run
        }
      }
      run.left -= 1
      try didMeasure(run)
    }
    return run
  }

  /// What runs: kernels on this GPU, or a collective between several.
  private enum Planned {
    case kernels(KernelPlan)
    case collective(CollectivePlan)

    /// Whether a library may offer several algorithms for it.
    var hasChoice: Bool {
      switch self {
      case .kernels(let plan): plan.isOfMatrixLibrary
      case .collective: false
      }
    }
  }

  private func planned(
    _ task: MeasurementTask, _ modes: [TimingMode], _ options: PlanningOptions
  ) throws(Unsupported) -> Planned {
    guard case .collective(let collective) = task.value else {
      return .kernels(try KernelPlan(task.value, on: properties, options: options))
    }
    let plan = try collectivePlan(task, collective)
    guard modes.isEmpty || modes.contains(.rotating) else {
      throw Unsupported("collectives are timed in the mode rotating alone")
    }
    return .collective(plan)
  }

  private func measure(
    _ task: MeasurementTask, _ planned: Planned, modes: Modes, _ hardware: HardwareSpec?,
    into measurements: inout [KernelMeasurement]
  ) throws(GPUFault) -> Bool {
    switch planned {
    case .kernels(let plan):
      return try measure(task, plan, modes: modes, hardware: hardware, into: &measurements)
    case .collective(let plan):
      guard let measured = try measure(task, plan) else { return false }
      measurements.append(measured)
      return true
    }
  }
}
