import RooflineCore

/// An operator that a command of somebody else's is asked to time, in one mode.
package struct ExternalTask: Hashable, Sendable {
  package let task: MeasurementTask
  package let mode: TimingMode

  package init(_ task: MeasurementTask, _ mode: TimingMode) {
    self.task = task
    self.mode = mode
  }
}

/// One library's time of a task.
package struct ExternalMeasurement: Sendable {
  package let task: MeasurementTask
  package let mode: TimingMode
  /// The library, as the command calls it, e.g. `vllm-fa3`.
  package let family: String
  package let procedure: TimingProcedure
  /// Seconds a call: those that the command told, one where it told a single time.
  package let samples: [Double]
  package let statistics: SampleStatistics
  /// Seconds an empty kernel takes by the same procedure; nil where the command does not say.
  package let floor: Double?
  /// Sets of weights and keys that the calls went around; nil where the command does not say.
  package let copies: UInt64?
  /// Bytes of memory that a round of calls touched; nil where the command does not say.
  package let footprint: UInt64?
  /// Of the SMs while it ran, Hz; nil where the command does not say.
  package let clock: Double?
  /// The kernels' names, as far as the command tells them.
  package let kernels: [String]
  /// What is different from the operator as it is counted; nil: nothing that the command says.
  package let remark: String?
}

/// What a command says of the GPU that it measures on; any fact may be missing.
package struct RunnerDevice: Hashable, Sendable {
  package var name: String
  package var uuid: String?
  package var computeCapability: ComputeCapability?
  package var streamingMultiprocessors: UInt64?
  /// Bytes.
  package var memory: UInt64?
  /// Bytes.
  package var l2: UInt64?

  package init(name: String) { self.name = name }

  /// What it and a file say differently; a fact that one of them leaves out is none.
  package func differences(from spec: HardwareSpec) -> [HardwareMatch.Difference] {
    HardwareMatch.differences(computeCapability, streamingMultiprocessors, memory, spec)
  }
}

extension Catalog {
  /// The file of the GPU that a command names, by name or alias; nil where none is, or where they say differently what the GPU
  /// has, as of a slice.
  package func hardware(of device: RunnerDevice) -> HardwareSpec? {
    let wanted = Spelling.normalized(device.name)
    let names = hardwareNames.map { (alias: $0, name: $0) } + hardwareAliases()
    guard let name = names.first(where: { Spelling.normalized($0.alias) == wanted })?.name,
      let spec = try? hardware(name), device.differences(from: spec).isEmpty
    else { return nil }
    return spec
  }
}
