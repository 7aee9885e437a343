import RooflineCore

/// What came of a list of tasks on one GPU.
package struct MeasurementRun: Sendable {
  package var measurements: [KernelMeasurement] = []
  /// Tasks that no kernel here runs on one GPU.
  package var unsupported: [Refusal] = []
  /// Tasks that went wrong on the device.
  package var failed: [Failure] = []
  /// Whole layers.
  package var layers: [LayerMeasurement] = []
  /// Layers of which too little runs here.
  package var refusedLayers: [LayerRefusal] = []
  package var failedLayers: [LayerFailure] = []
  /// Tasks and layers that were not begun or not finished; of one that was interrupted some modes may be among the measurements.
  package var left = 0
  /// Whether the operators have had their turn, and `left` counts layers.
  package var isInLayers = false
  package var end = End.finished

  package struct Refusal: Hashable, Sendable {
    package var task: MeasurementTask
    /// A clause.
    package var reason: String

    package init(task: MeasurementTask, reason: String) {
      self.task = task
      self.reason = reason
    }
  }

  package struct Failure: Hashable, Sendable {
    package var task: MeasurementTask
    package var fault: GPUFault

    package init(task: MeasurementTask, fault: GPUFault) {
      self.task = task
      self.fault = fault
    }
  }

  package struct LayerRefusal: Hashable, Sendable {
    package let task: LayerTask
    package let leftOut: [LayerMeasurement.LeftOut]

    package init(task: LayerTask, leftOut: [LayerMeasurement.LeftOut]) {
      self.task = task
      self.leftOut = leftOut
    }
  }

  package struct LayerFailure: Hashable, Sendable {
    package let task: LayerTask
    package let fault: GPUFault

    package init(task: LayerTask, fault: GPUFault) {
      self.task = task
      self.fault = fault
    }
  }

  package enum End: Hashable, Sendable {
    /// Every task had its turn.
    case finished
    case interrupted
    /// A fault after which the device answers nothing anymore; the last of `failed`, or of `failedLayers`, met it.
    case deviceLost
  }

  package init() {}
}
