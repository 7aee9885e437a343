extension Tape {
  /// Tells each row of a layer's routed experts which share of a library's call it stands for: such a layer is timed as one.
  ///
  /// Rows whose two products are of different formats, or whose experts' load nobody states, are left as they are.
  mutating func nameExpertKernels() {
    for index in rows.indices where rows[index].statement.writes.contains(.expertGateUp) {
      guard case .groupedGEMM(let first) = rows[index].operator,
        case .load(let load, _, _, let ranks) = first.experts.touched
      else { continue }
      let scope = rows[index].scope
      let own = rows.indices.filter { rows[$0].scope == scope }
      guard let second = own.first(where: { rows[$0].statement.writes.contains(.expertRows) }),
        case .groupedGEMM(let down) = rows[second].operator, down.formats == first.formats
      else { continue }
      let isDispatched = own.contains { rows[$0].statement.writes.contains(.dispatched) }
      let layer = ExpertLayer(
        visible: isDispatched ? first.inputRows : first.experts.tokens, hidden: first.k, width: first.half ?? first.n,
        isGated: first.half != nil, experts: first.experts, load: load, ranks: ranks, isDispatched: isDispatched,
        formats: first.formats)
      for place in own {
        guard let part = ExpertLayer<Scalar>.Part(rows[place].statement) else { continue }
        rows[place].sharedKernel = .expertLayer(layer.part(part))
      }
    }
  }
}

extension ExpertLayer.Part {
  /// The share of a layer's call that a row stands for; nil of a row that is no part of it.
  fileprivate init?(_ statement: RowStatement<Scalar>) {
    if statement.writes.contains(.routeWeights) {
      self = .route
    } else if statement.writes.contains(.expertGateUp) {
      self = .first
    } else if statement.writes.contains(.expertGated) {
      self = .activation
    } else if statement.writes.contains(.expertRows) {
      self = .second
    } else if statement.reads.contains(.expertRows) {
      self = .combine
    } else {
      return nil
    }
  }
}
