import RooflineAnalysis
import RooflineCore
import RooflineServing

/// An engine in the JSON of `analyze`.
struct EngineEntry: Encodable {
  let name, path: String
  /// The measurements its constants were fitted on, and how many.
  let fittedOn: String
  let rows: Int

  init(_ engine: Engine) {
    (name, path) = (engine.name, engine.path)
    (fittedOn, rows) = (engine.fit.data, engine.fit.rows)
  }
}

/// What an engine adds to the kernels of a pass.
struct EngineTimeEntry: Encodable {
  struct Part: Encodable {
    let name: String
    let seconds: Double
  }

  @Nullable var kernelSeconds: Double?
  let parts: [Part]
  /// Kernels and parts.
  @Nullable var timeSeconds: Double?

  init(_ phase: PhaseAnalysis, _ analysis: Analysis) {
    kernelSeconds = analysis.kernelTime(of: phase)?.value
    parts = analysis.engineParts(of: phase).map { Part(name: $0.part.rawValue, seconds: $0.time.value) }
    timeSeconds = analysis.time(of: phase)?.value
  }
}
