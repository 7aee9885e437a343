import RooflineCore

/// Predicts published steps from the passes that they are made of.
package struct StepPredictor {
  package let resolver: StepResolver

  /// Whether kernels alone, and the roof, stand beside what is predicted.
  private let isComparing: Bool

  package init(_ resolver: StepResolver, isComparing: Bool = true) {
    self.resolver = resolver
    self.isComparing = isComparing
  }

  package func predict(_ row: StepMeasurement) throws(StepResolver.Fault) -> StepPrediction {
    let sample = try StepSample(row, resolver)
    let clock = sample.clock
    return StepPrediction(
      measurement: row, configuration: clock.configuration, hardware: clock.hardware, engine: clock.engine,
      predicted: try sample.predicted(), kernels: isComparing ? try sample.value(nil) : nil,
      roof: isComparing ? try sample.roof() : nil,
      prefill: sample.passes.prefill, decode: sample.passes.decode)
  }
}
