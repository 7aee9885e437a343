import RooflineAnalysis
import RooflineCore
import RooflineServing

extension FigureCaption {
  /// Of a run.
  ///
  /// - Parameters:
  ///   - what: what the picture shows.
  ///   - engine: whose time stands beside the kernels'; nil: kernels only.
  ///   - tool: the program and its version.
  package init(_ what: String, _ analysis: Analysis, engine: Engine? = nil, tool: String) {
    let workload = analysis.workload
    let parallelism = workload.parallelism
    var parts: [String] = []
    for (name, degree) in [
      ("tp", workload.tensorParallel), ("pp", parallelism.pipeline), ("ep", parallelism.expert),
      ("dp", parallelism.data),
    ] where degree > 1 || name == "tp" { parts.append("\(name) \(degree)") }
    parts.append("batch \(workload.batch)")
    for phase in analysis.phases {
      let step = phase.step
      parts.append(
        step.phase == .decode && !step.isTraining
          ? "decode at \(step.attendedKeys) keys" : "\(step.name) of \(step.queryTokens) tokens")
    }
    parts.append(Self.formats(workload, of: analysis.configuration.model))
    var times = analysis.calibrated.map { CalibratedTimeText(time: $0).heading } ?? "ideal times of one device"
    if let engine { times += ", with what \(engine.name) adds to each pass" }
    self.init(
      title: "\(analysis.configuration.name) on \(analysis.hardware.name): \(what)",
      subtitle: parts.joined(separator: ", ") + "; \(times)",
      source: Self.source(
        [analysis.configuration.path, analysis.hardware.provenance] + (engine.map { [$0.path] } ?? []), tool: tool))
  }

  /// Of a deployment's memory.
  package init(_ footprint: Footprint, model: ModelConfiguration, hardware: HardwareSpec, tool: String) {
    let plan = footprint.plan
    let workload = plan.workload
    let parts =
      ["tp \(workload.tensorParallel)"]
      + (workload.parallelism.pipeline > 1 ? ["pp \(workload.parallelism.pipeline)"] : [])
      + ["batch \(workload.batch)", "\(plan.finalContext) keys cached of each sequence"]
      + [Self.formats(workload, of: model.model)]
    self.init(
      title: "\(model.name) on \(hardware.name): memory",
      subtitle: parts.joined(separator: ", ") + "; the device that needs most",
      source: Self.source([model.path, hardware.provenance], tool: tool))
  }

  /// In which formats tensors lie.
  private static func formats(_ workload: Workload, of model: DecoderModel) -> String {
    let formats = workload.formats
    if model.isQuantized {
      return
        "weights as the checkpoint holds them, others \(formats.activation.rawValue), KV cache \(formats.keyValueCache.rawValue)"
    }
    if formats.weight == formats.activation, formats.activation == formats.keyValueCache {
      return formats.weight.rawValue
    }
    return
      "weights \(formats.weight.rawValue), activations \(formats.activation.rawValue), KV cache \(formats.keyValueCache.rawValue)"
  }

  /// The last line of a picture.
  package static func source(_ paths: [String], tool: String) -> String {
    "made by \(tool) from \(paths.map(\.quoted).joined(separator: ", "))"
  }
}
