import RooflineCore
import RooflineTimeModels

/// Finds what measured rows name: models, GPUs, calibrations and engines of the catalog, each read once.
package final class StepResolver {
  package let catalog: Catalog
  private let engines: [Engine]
  private var models: [String: Result<ModelConfiguration, InputError>] = [:]
  private var hardware: [String: Result<(HardwareSpec, CalibrationSet), InputError>] = [:]
  private var clocks: [ClockKey: Result<StepClock, InputError>] = [:]

  private struct ClockKey: Hashable {
    var model, gpu: String
    var engine: String?
    var formats: StepFormats
    var ranks, stages: UInt64
    var isForward: Bool
  }

  /// - Parameter engines: those that speak for rows; a row of another engine, or of another version, has kernel times alone.
  package init(_ catalog: Catalog, engines: [Engine]) {
    self.catalog = catalog
    self.engines = engines
  }

  /// With all engines of the catalog.
  package convenience init(_ catalog: Catalog) throws(InputError) {
    var engines: [Engine] = []
    for name in catalog.engineNames { engines.append(try catalog.engine(name)) }
    self.init(catalog, engines: engines)
  }

  /// The engine whose file speaks for a row; nil where none does.
  package func engine(of row: StepMeasurement) -> Engine? {
    engines.first {
      Spelling.normalized($0.engine) == Spelling.normalized(row.engine) && $0.versions.contains(row.version)
    }
  }

  /// Why a row cannot be predicted.
  package enum Fault: Error, Hashable, Sendable {
    case listed(String)
    case unknownModel(String)
    case unknownGPU(String)
    /// Replicas beside the one whose degrees are given.
    case replicas
    /// Whatever the deployment is refused for, in words.
    case refused(InputError)
    case unstated(String)
    case doesNotFit
  }

  /// The clock of a row's deployment.
  package func clock(of row: StepMeasurement) throws(Fault) -> StepClock {
    if case .listed(let word) = row.conditions.regime { throw .listed(word) }
    let configuration: ModelConfiguration
    switch model(row.model) {
    case .success(let found): configuration = found
    case .failure: throw .unknownModel(row.model)
    }
    let engine = engine(of: row)
    let key = ClockKey(
      model: configuration.name, gpu: row.gpu, engine: engine?.name, formats: row.formats, ranks: row.tensorParallel,
      stages: row.pipelineParallel, isForward: row.conditions.regime == .forward)
    guard row.gpus == row.tensorParallel * row.pipelineParallel else { throw .replicas }
    let found: Result<StepClock, InputError>
    if let known = clocks[key] {
      found = known
    } else {
      found = Result { () throws(InputError) in
        let (spec, calibrations) = try gpu(row.gpu).get()
        return try StepClock(
          configuration, on: spec, calibrations, engine: engine, formats: row.formats,
          tensorParallel: row.tensorParallel,
          // A framework without an engine runs the textbook's kernels one by one.
          pipelineParallel: row.pipelineParallel, cuts: key.isForward && engine == nil ? .separate : nil)
      }
      clocks[key] = found
    }
    do { return try found.get() } catch {
      if case .unknownName = error { throw .unknownGPU(row.gpu) }
      if case .ambiguousAlias = error { throw .unknownGPU(row.gpu) }
      throw .refused(error)
    }
  }

  private func model(_ name: String) -> Result<ModelConfiguration, InputError> {
    if let known = models[name] { return known }
    let found = Result { () throws(InputError) in try catalog.model(name, stated: .all) }
    models[name] = found
    return found
  }

  private func gpu(_ name: String) -> Result<(HardwareSpec, CalibrationSet), InputError> {
    if let known = hardware[name] { return known }
    let found = Result { () throws(InputError) in
      let spec = try catalog.hardware(name)
      return (spec, try catalog.calibrations(for: spec))
    }
    hardware[name] = found
    return found
  }
}
