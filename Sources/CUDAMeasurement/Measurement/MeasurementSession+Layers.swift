import RooflineCore
import RooflineMeasurement

extension MeasurementSession {
  /// Below this a graph is of kernels, and not of a layer.
  private static let leastRows = 2

  /// Times whole layers, each as one CUDA graph. What goes wrong with one does not keep the others from their turn, unless the device
  /// is lost.
  ///
  /// - Parameters:
  ///   - run: gets what is found, each layer as soon as it is there.
  ///   - isKnown, willMeasure, didMeasure: as of `run`.
  package func run(
    layers: [LayerTask], options: PlanningOptions = PlanningOptions(), hardware: HardwareSpec? = nil,
    isKnown: (LayerTask) -> Bool = { _ in false },
    willMeasure: (LayerTask, _ done: Int, _ of: Int) -> Void = { _, _, _ in }, into run: inout MeasurementRun,
    didMeasure: (MeasurementRun) throws -> Void = { _ in }
  ) rethrows {
    var options = options
    options.hasMatrixLibrary = hasMatrixLibrary
    guard run.end == .finished else { return }
    let missing = layers.filter { !isKnown($0) }
    run.isInLayers = true
    for (index, task) in missing.enumerated() {
      run.left = missing.count - index
      guard run.end == .finished else { return }
      willMeasure(task, index, missing.count)
      let (plan, leftOut) = layerPlan(task, options)
      if plan.rows.count < MeasurementSession.leastRows {
        run.refusedLayers.append(.init(task: task, leftOut: leftOut))
      } else {
        do throws(GPUFault) {
          guard let measured = try measure(task, plan, leftOut, hardware) else {
            run.end = .interrupted
            return
          }
          run.layers.append(measured)
        } catch {
          run.failedLayers.append(.init(task: task, fault: error))
          if !isAlive { run.end = .deviceLost }
        }
      }
      run.left -= 1
      try didMeasure(run)
    }
  }

  /// The rows that run here, chained, and the others.
  package func layerPlan(
    _ task: LayerTask, _ options: PlanningOptions
  ) -> (plan: LayerPlan, leftOut: [LayerMeasurement.LeftOut]) {
    var plans: [(name: String, task: MeasurementTask, plan: KernelPlan)] = []
    var leftOut: [LayerMeasurement.LeftOut] = []
    for row in task.rows {
      do throws(Unsupported) {
        plans.append((row.name, row.task, try KernelPlan(row.task.value, on: properties, options: options)))
      } catch {
        leftOut.append(.init(name: row.name, task: row.task, reason: error.reason))
      }
    }
    return (LayerPlan(plans), leftOut)
  }

  /// - Returns: nil where it was interrupted.
  private func measure(
    _ task: LayerTask, _ plan: LayerPlan, _ leftOut: [LayerMeasurement.LeftOut], _ hardware: HardwareSpec?
  ) throws(GPUFault) -> LayerMeasurement? {
    let copies = try copies(byteCount: plan.byteCount, rotatedBytes: plan.rotatedBytes)
    let layer = try PreparedLayer(plan, copies: copies, context: context) { plan, given throws(GPUFault) in
      try patterns.prepare(plan.buffers)
      return try PreparedKernel(
        plan, copies: copies, algorithms: 1, context: context, stream: timer.stream, loaded: loaded, planner: planner,
        patterns: patterns, given: given)
    }
    let check = try layer.check(timer.stream, effort: MeasurementSession.effort)
    var rows: [LayerMeasurement.Row] = []
    for (row, prepared) in zip(plan.rows, layer.rows) {
      rows.append(
        .init(
          name: row.name, task: row.task, family: row.plan.family, kernels: try prepared.launchedKernels(timer.stream),
          rowsPerExpert: row.plan.routing?.rowsPerExpert))
    }
    guard let floor = try floor(.rotating) else { return nil }
    let before = state
    var during: DeviceState?
    func look() { during = management?.load(pciBusIdentifier: properties.pciBusIdentifier) }
    let isSustained = plan.rows.contains { $0.task.isTensorBound(on: hardware) }
    let sampling = try timer.time(
      .rotating, copies: copies, isSustained: isSustained, nodes: layer.nodes, isInterrupted: isInterrupted, look: look
    ) { copy, stream throws(GPUFault) in try layer.launch(copy: copy, in: stream) }
    let after = state
    guard let sampling, let last = sampling.last, let launchCost = sampling.launchCost,
      let statistics = SampleStatistics(sampling.samples)
    else { return nil }
    let recheck = try layer.recheck(timer.stream, after: last, effort: MeasurementSession.secondEffort)
    return LayerMeasurement(
      task: task, rows: rows, leftOut: leftOut, linked: plan.linked, linkable: plan.linkable, copies: copies,
      layersPerSample: sampling.callsPerSample, launchCost: launchCost,
      footprint: plan.byteCount + (copies - 1) * plan.rotatedBytes, samples: sampling.samples, statistics: statistics,
      end: sampling.end, floor: floor, check: check, recheck: recheck, before: before, after: after, during: during)
  }
}
