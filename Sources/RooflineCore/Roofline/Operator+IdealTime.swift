extension Operator where Scalar == Count {
  /// The ideal time of the operator by itself, s.
  ///
  /// - Returns: nil where the GPU's file lacks a rate, or a count is above `Count.limit`.
  package func idealSeconds(_ hardware: HardwareSpec, _ options: RateOptions) -> Double? {
    let ranks: UInt64 = if case .collective(let collective) = self { collective.ranks.value } else { 1 }
    let rates = DeviceRates(hardware, options, ranks: ranks)
    return OperatorPrediction(exactly: cost, of: kind, rates: rates, time: IdealTime(overlap: options.overlap))?
      .time?.value
  }

  /// Seconds below which no call of its kernel ends, even where all that L2 holds was there before; nil as for `idealSeconds`.
  package func leastSeconds(_ hardware: HardwareSpec) -> Double? {
    guard let time = idealSeconds(hardware, RateOptions()) else { return nil }
    let cost = cost
    guard cost.wireSteps == 0, let memory = hardware.memory, let bandwidth = memory.bandwidth else { return time }
    let roofs = OperatorPrediction.roofTimes(of: cost, rates: DeviceRates(hardware, RateOptions(), ranks: 1))
    // CUDA cores and special functions are left out: kernels pack two elements or approximate.
    let fromDRAM = roofs.memory - Double(memory.l2 ?? 0) / bandwidth
    return max(roofs.tensor, fromDRAM, 0)
  }

  package var kind: OperatorKind { accept(KindVisitor()) }

  /// Whether a count of the operator is above `Count.limit`: there is no roof to hold it against.
  package var isBeyondCounts: Bool { cost.isOverflow }
}

private struct KindVisitor: OperatorVisitor {
  typealias Scalar = Count
  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorKind where D.Scalar == Count { definition.kind }
}
