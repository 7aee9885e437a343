import RooflineCore

/// What came of a list of tasks on one GPU.
public struct MeasurementRun: Sendable {
  public var measurements: [KernelMeasurement] = []
  /// Tasks that no kernel here runs on one GPU.
  public var unsupported: [Refusal] = []
  /// Tasks that went wrong on the device.
  public var failed: [Failure] = []
  /// Tasks that were not begun or not finished; of one that was interrupted some modes may be among the measurements.
  public var left = 0
  public var end = End.finished

  public struct Refusal: Hashable, Sendable {
    public var task: MeasurementTask
    /// A clause.
    public var reason: String

    public init(task: MeasurementTask, reason: String) {
      self.task = task
      self.reason = reason
    }
  }

  public struct Failure: Hashable, Sendable {
    public var task: MeasurementTask
    public var fault: GPUFault

    public init(task: MeasurementTask, fault: GPUFault) {
      self.task = task
      self.fault = fault
    }
  }

  public enum End: Hashable, Sendable {
    /// Every task had its turn.
    case finished
    case interrupted
    /// A fault after which the device answers nothing anymore; the last of `failed` met it.
    case deviceLost
  }

  public init() {}
}
