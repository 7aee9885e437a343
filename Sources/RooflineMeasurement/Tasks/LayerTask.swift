import RooflineCore

/// A decoder layer to be timed as a whole: its rows in their order.
package struct LayerTask: Hashable, Sendable {
  /// `decode layer`, `prefill layer (sliding)`; several where groups of layers have the same rows.
  package private(set) var names: [String]
  package let rows: [Row]
  /// How many layers of the model are like it.
  package private(set) var layers: UInt64

  package struct Row: Hashable, Sendable {
    package let name: String
    package let task: MeasurementTask

    package init(name: String, task: MeasurementTask) {
      self.name = name
      self.task = task
    }
  }

  package init(names: [String], rows: [Row], layers: UInt64) {
    self.names = names
    self.rows = rows
    self.layers = layers
  }

  package var name: String { names.joined(separator: ", ") }

  /// Two layers whose kernels are alike are one task.
  private var key: [MeasurementTask.Key] { rows.map(\.task.key) }

  /// A layer of each group and phase, each kind of layer once.
  ///
  /// What runs once before or behind all layers is of none of them: of the fused set also the first norm.
  package static func tasks(of steps: [DecoderStep], _ model: DecoderModel) -> [LayerTask] {
    var tasks: [LayerTask] = []
    for step in steps {
      let rows: [NamedOperator<Count>] = step.rows(of: model)
      for (group, name) in model.groupNames.enumerated() {
        let own = rows.filter { $0.scope == .layer(group: group) }.compactMap { row in
          MeasurementTask(names: ["\(step.name) \(row.name.rawValue)"], row.operator, step.formats).map {
            Row(name: row.name.rawValue, task: $0)
          }
        }
        let label = "\(step.name) layer\(model.groups.count == 1 ? "" : " (\(name))")"
        let task = LayerTask(names: [label], rows: own, layers: model.layers(of: group))
        guard !own.isEmpty else { continue }
        if let place = tasks.firstIndex(where: { $0.key == task.key }) {
          tasks[place].names += task.names
          tasks[place].layers += task.layers
        } else {
          tasks.append(task)
        }
      }
    }
    return tasks
  }
}
