import RooflineCore

extension MeasurementTask {
  /// Whether tensor cores may decide its time, so that power and heat do, too: they draw most.
  ///
  /// - Parameter hardware: the GPU's file. Above a third of its ridge the operator counts as tensor-bound, since kernels reach less
  ///   of the tensor rate than of the bandwidth. Where the ridge is not known, products and attention over prompts count.
  package func isTensorBound(on hardware: HardwareSpec?) -> Bool {
    let cost = value.cost
    guard cost.flops.tensor != 0, let unit = cost.matrixUnit else { return false }
    if let ridge = hardware?.ridge(unit), let intensity = cost.arithmeticIntensity {
      return intensity.value > ridge.value / 3
    }
    // One query a sequence reads each key once: memory decides, on any GPU.
    if case .attention(let attention) = value { return attention.shape.queryTokens != 1 }
    return true
  }
}
