import RooflineCore
import RooflineMeasurement

/// A task as a command of somebody else's gets it: one line of JSON on its standard input.
package struct RunnerTaskDocument: Encodable {
  /// From 1 on; its answer bears it.
  let id: Int
  /// As `roofline kernel` takes it, whole and in parts.
  let `operator`, kind: String
  let columns: [String: UInt64]
  let formats: ObservationEntry.Formats
  /// What it stores its result in.
  let output: String
  let mode: String
  /// The rows of the analysis that it stands for.
  let names: [String]
  /// What it counts.
  let flops, bytes: UInt64

  package init(_ asked: ExternalTask, id: Int) {
    let task = asked.task
    self.id = id
    `operator` = task.columns.description
    kind = task.columns.kind.rawValue
    columns = Dictionary(task.columns.columns.map { ($0.name, $0.value) }) { first, _ in first }
    formats = ObservationEntry.Formats(task.formats)
    output = task.output.rawValue
    mode = asked.mode.rawValue
    names = task.names
    flops = task.value.cost.flops.total.value
    bytes = task.value.cost.traffic.total.value
  }

  package func line() throws -> String { try JSONFormat().compact(self) }
}
