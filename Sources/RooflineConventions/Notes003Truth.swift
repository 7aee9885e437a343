import RooflineAnalysis
import RooflineCore

/// What the engine says of the note's cells, in the note's unit.
struct Notes003Truth {
  /// At the degree.
  let phase: PhaseAnalysis
  /// On one device that does it all.
  let undivided: PhaseAnalysis
  let inputs: Notes003Inputs

  init(_ phase: PhaseAnalysis, undivided: PhaseAnalysis, inputs: Notes003Inputs) {
    self.phase = phase
    self.undivided = undivided
    self.inputs = inputs
  }

  /// FLOPs of some rows of the undivided layer, one occurrence each.
  func flops(_ rows: [OperatorName]) -> Count {
    undivided.operators.filter { rows.contains($0.name) }.reduce(0) { $0 + $1.cost.flops.total }
  }

  /// Elements that they load and store, by class.
  func elements(_ rows: [OperatorName]) -> Traffic<Count> {
    undivided.operators.filter { rows.contains($0.name) }.reduce(Traffic()) {
      $0 + $1.row.operator.accept(ElementReader())
    }
  }

  /// Elements of two bytes that a device sends in some rows.
  func sent(_ rows: [OperatorName]) -> Quotient<Count> {
    Quotient(phase.operators.filter { rows.contains($0.name) }.reduce(0) { $0 + $1.cost.wireBytes }, over: 2)
  }

  /// Two rows of the note share out what one of the engine's does: the projections and what they store to the cache, the
  /// activation's work and its traffic.
  func value(_ cell: Notes003Cell) -> Quotient<Count> {
    let rows = cell.row.exactRows
    let elements = elements(rows)
    return switch (cell.column, cell.row) {
    case (.compute, .keyValueCache), (.compute, .activation), (.memory, .gateTimesUp): Quotient(0)
    case (.compute, _): Quotient(flops(rows))
    case (.memory, .queryKeyValue):
      Quotient(elements.loadWeight + elements.loadActivation + elements.storeActivation)
    case (.memory, .keyValueCache): Quotient(elements.storeKVCache)
    case (.memory, _): Quotient(elements.total)
    case (.communication, _): sent(rows)
    }
  }
}

/// Adds up an operator's elements, whatever their formats.
private struct ElementReader: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> Traffic<Count> where D.Scalar == Count {
    var traffic = Traffic<Count>()
    definition.forEachOperand { traffic[$0.traffic] = traffic[$0.traffic] + $0.elements }
    return traffic
  }
}
