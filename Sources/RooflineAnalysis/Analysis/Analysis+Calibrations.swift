import RooflineCore
import RooflineTimeModels

extension Analysis {
  /// Ideal times of a prefill, of a decode step, or of both.
  ///
  /// - Parameter phases: the passes, in the order in which they are answered.
  /// - Throws: `InputError` where the workload's degrees cannot divide the model (`.illegalTensorParallel`, `.illegalPipeline`), a
  ///   number means nothing (`.usage`), a count does not fit in 63 bits (`.overflow`), or the GPU lacks a rate other than the
  ///   link's (`.missingFacts`). A missing link leaves the times that need it unknown and is a notice.
  public convenience init(
    configuration: ModelConfiguration, hardware: HardwareSpec, workload: Workload, phases: [Phase] = Phase.allCases,
    options: RateOptions = RateOptions()
  ) throws(InputError) {
    try self.init(
      configuration: configuration, hardware: hardware, workload: workload, phases: phases, options: options,
      calibrated: nil)
  }

  /// The same passes with calibrated times, as kernels of serving engines take them from a CUDA graph.
  ///
  /// - Parameter calibrations: those of `hardware` (`Catalog.calibrations(for:file:prior:)`). A row that none of them describes has
  ///   its ideal time, and its `basis` says so.
  /// - Throws: as the other.
  public convenience init(
    configuration: ModelConfiguration, hardware: HardwareSpec, workload: Workload, phases: [Phase] = Phase.allCases,
    options: RateOptions = RateOptions(), calibrations: CalibrationSet
  ) throws(InputError) {
    let request = TimeRequest(calibrations, options: CalibratedTime.Options())
    try configuration.model.requireLegal(workload, name: configuration.name)
    try self.init(
      configuration: configuration, hardware: hardware, workload: workload, phases: phases, options: options,
      calibrated: request.time(of: configuration.model, formats: workload.formats))
  }
}
