import RooflineAnalysis
import RooflineCore
import RooflineServing

extension LatencyFigure {
  /// A run, and what it would be with other batches or contexts.
  ///
  /// - Parameter engine: whose time stands beside the kernels'; nil: kernels only.
  package init(
    _ analysis: Analysis, over axis: Axis, engine: Engine? = nil, tool: String
  ) throws(InputError) {
    let workload = analysis.workload
    let isTraining = analysis.phases.contains(where: \.step.isTraining)
    let own: UInt64 =
      switch axis {
      case .batch: workload.batch
      case .context: isTraining ? workload.prompt : workload.context
      }
    try self.init(
      over: axis, Self.sizes(axis, own: own, positions: analysis.configuration.maxPositionEmbeddings), own: own,
      caption: FigureCaption("time over \(axis.rawValue)", analysis, engine: engine, tool: tool)
    ) { size throws(InputError) in
      if size == own { return analysis }
      var changed = workload
      switch axis {
      case .batch: changed.batch = size
      case .context:
        // A step attends to the cached prefix, the prompt, the drafted tokens and its own.
        let rest = isTraining ? 0 : workload.cachedPrefix + workload.drafted + 1
        guard size > rest else { throw .usage("--kind latency: a context of \(size) has no place for a prompt") }
        changed.context = size
        changed.prompt = size - rest
      }
      return try analysis.with(changed)
    }
  }
}
