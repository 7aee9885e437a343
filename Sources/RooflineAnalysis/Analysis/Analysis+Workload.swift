import RooflineCore

extension Analysis {
  /// The same passes of the same model on the same GPU under another workload.
  ///
  /// - Throws: as a new one.
  package func with(_ workload: Workload) throws(InputError) -> Analysis {
    guard trainingTotals == nil else {
      return try Analysis(training: configuration, hardware: hardware, workload: workload, options: options)
    }
    return try Analysis(
      configuration: configuration, hardware: hardware, workload: workload, phases: phases.map(\.step.phase),
      options: options, calibrated: calibrated)
  }
}
