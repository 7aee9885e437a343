/// Formats of the matrix units on which products run, each once: a quantised checkpoint's rows have several.
package struct MatrixUnits: Hashable, Sendable {
  /// In the order of the rows.
  package private(set) var formats: [DType] = []

  package init(_ passes: [PhaseAnalysis]) {
    for row in passes.lazy.flatMap(\.operators) where row.cost.flops.tensor > 0 {
      if let unit = row.cost.matrixUnit, !formats.contains(unit) { formats.append(unit) }
    }
  }

  /// Those of a workload's prefill: the products of other passes are the same.
  package init(_ model: DecoderModel, _ workload: Workload, _ rates: DeviceRates) {
    self.init([PhaseAnalysis(model, DecoderStep(.prefill, workload), rates: rates, time: IdealTime(overlap: .max))])
  }

  /// The rate that products are judged by, FLOP/s: that of the fastest unit in use, so that no share is above one, or the CUDA
  /// cores' where nothing runs on matrix units; nil where it is not known.
  package func peak(_ spec: HardwareSpec, _ options: RateOptions) -> Double? {
    guard !formats.isEmpty else { return options.vectorPeak ?? spec.compute?.vector }
    if let given = options.tensorPeak { return given }
    let rates = formats.map { spec.compute?.tensor[$0] }
    return rates.contains { $0 == nil } ? nil : rates.compactMap { $0 }.max()
  }
}
