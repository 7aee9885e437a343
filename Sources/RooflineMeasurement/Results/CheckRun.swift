import RooflineCore

/// Whether operators' results are right on a GPU; nothing is timed.
package struct CheckRun: Sendable {
  package var entries: [Entry] = []
  /// Tasks without an answer.
  package var left = 0
  package var end = MeasurementRun.End.finished

  package struct Entry: Sendable {
    package let task: MeasurementTask
    package let outcome: Outcome

    package init(task: MeasurementTask, outcome: Outcome) {
      self.task = task
      self.outcome = outcome
    }
  }

  package enum Outcome: Sendable {
    /// All elements that were compared are within their tolerance.
    case right(family: String, KernelMeasurement.Check)
    /// It computes something else, or went wrong otherwise.
    case wrong(GPUFault)
    /// No kernel here runs it on this GPU; a clause.
    case refused(String)
  }

  package init() {}
}
