import RooflineCore

/// A measured row beside what is predicted of it, each in the unit of the row's metric.
package struct StepPrediction: Sendable {
  package let measurement: StepMeasurement
  package let configuration: ModelConfiguration
  package let hardware: HardwareSpec
  /// The engine that speaks for the row; nil: kernels alone.
  package let engine: Engine?
  /// With what the engine adds; of a row without an engine's file the kernels alone.
  package let predicted: Double
  /// Calibrated kernels alone, and those at the datasheet's rates; nil where they were not asked for.
  package let kernels, roof: Double?
  /// The prompts' pass; nil where there is none.
  package let prefill: PassKernels?
  /// The mean decode step; nil where there is none.
  package let decode: PassKernels?

  /// predicted / measured − 1.
  package var error: Double { predicted / measurement.value - 1 }
}

extension StepPrediction {
  /// What a pass's time holds.
  package enum Tier: Hashable, Sendable {
    case engine, kernels, roof
  }
}
