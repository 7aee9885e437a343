import RooflineCore
import RooflineMeasurement

extension MeasurementSession {
  /// Runs each operator once and compares its results with the reference. What is wrong with one does not keep the others from
  /// their turn, unless the device is lost.
  ///
  /// - Parameter willCheck: the task that begins, how many were done before it, and how many there are.
  package func check(
    _ tasks: [MeasurementTask], options: PlanningOptions = PlanningOptions(),
    willCheck: (MeasurementTask, _ done: Int, _ of: Int) -> Void = { _, _, _ in }
  ) -> CheckRun {
    var run = CheckRun()
    var options = options
    options.hasMatrixLibrary = hasMatrixLibrary
    for (index, task) in tasks.enumerated() {
      run.left = tasks.count - index
      if isInterrupted() {
        run.end = .interrupted
        return run
      }
      willCheck(task, index, tasks.count)
      run.entries.append(.init(task: task, outcome: outcome(of: task, options)))
      run.left -= 1
      if case .wrong = run.entries[index].outcome, !isAlive {
        run.end = .deviceLost
        return run
      }
    }
    return run
  }

  private func outcome(of task: MeasurementTask, _ options: PlanningOptions) -> CheckRun.Outcome {
    let plan: KernelPlan
    do throws(Unsupported) {
      plan = try KernelPlan(task.value, on: properties, options: options)
    } catch {
      return .refused(error.reason)
    }
    do throws(GPUFault) {
      let prepared = try prepare(plan, copies: 1)
      return .right(family: plan.family, try prepared.check(timer.stream, effort: MeasurementSession.effort))
    } catch .unsupported(_, let reason) {
      return .refused(reason)
    } catch {
      return .wrong(error)
    }
  }
}
