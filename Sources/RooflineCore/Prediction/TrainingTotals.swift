/// A training step added up: forward and backward of each operator, of a layer, and of the model.
package struct TrainingTotals: Sendable {
  /// An operator of the forward pass with the rows that carry its gradients; rows without a counterpart stand for themselves.
  package struct Entry: Sendable {
    package let name: OperatorName
    package let scope: RowScope
    package let occurrences: Count
    /// One occurrence of each row.
    package let passes: Passes
  }

  /// What both passes come to.
  package struct Passes: Sendable {
    package let forward, backward: PhaseAnalysis.Total

    package init(forward: PhaseAnalysis.Total, backward: PhaseAnalysis.Total) {
      self.forward = forward
      self.backward = backward
    }

    package var total: PhaseAnalysis.Total { forward + backward }
  }

  /// In the order of the forward pass, then those that only the backward pass has.
  package let operators: [Entry]
  package let layer, model: Passes

  /// - Parameter passes: a training step's; nil of another analysis.
  package init?(_ passes: [PhaseAnalysis]) {
    guard let forward = passes.first(where: { $0.step.trainingPass == .forward }),
      let backward = passes.first(where: { $0.step.trainingPass == .backward })
    else { return nil }
    var operators: [Entry] = []
    func total(_ name: OperatorName, _ scope: RowScope, _ pass: PhaseAnalysis) -> PhaseAnalysis.Total {
      var total = PhaseAnalysis.Total()
      for row in pass.operators where row.name.forwardRow == name && row.scope.group == scope.group {
        total.add(row.prediction, times: 1)
      }
      return total
    }
    for row in forward.operators + backward.operators {
      let name = row.name.forwardRow
      if operators.contains(where: { $0.name == name && $0.scope.group == row.scope.group }) { continue }
      operators.append(
        Entry(
          name: name, scope: row.scope, occurrences: row.occurrences,
          passes: Passes(forward: total(name, row.scope, forward), backward: total(name, row.scope, backward))))
    }
    self.operators = operators
    layer = Passes(forward: forward.layer, backward: backward.layer)
    model = Passes(forward: forward.model, backward: backward.model)
  }
}
