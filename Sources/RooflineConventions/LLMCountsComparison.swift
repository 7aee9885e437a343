import RooflineAnalysis
import RooflineCore
import RooflineDeployment

extension ConventionComparison {
  /// Note 000 beside the engine, whose decode step attends S+G keys, those that the note loads.
  ///
  /// - Throws: `InputError`, as the analysis and the convention do.
  package init(
    llmCounts scenario: Scenario, phases: [Phase], generated: UInt64, noteIntermediate: UInt64? = nil
  ) throws(InputError) {
    let inputs = try ConventionInputs(scenario, generated: generated, noteIntermediate: noteIntermediate)
    let convention = LLMCountsConvention(inputs, phases: phases)
    try self.init(
      note: try convention.table(), undivided: try convention.undividedTable(), inputs: inputs, scenario,
      phases: phases)
  }

  /// - Parameters:
  ///   - note: the note's table.
  ///   - undivided: the same before its terms were divided by TP.
  package init(
    note: ConventionTable, undivided: ConventionTable, inputs: ConventionInputs, _ scenario: Scenario, phases: [Phase]
  ) throws(InputError) {
    var workload = scenario.workload
    let context = inputs.prompt + inputs.generated
    guard !context.isOverflow else { throw .overflow(what: "prompt + generated tokens") }
    workload.context = context.value
    let analysis = try Analysis(
      configuration: scenario.configuration, hardware: scenario.hardware, workload: workload, phases: phases,
      options: scenario.options)
    let (scaled, changed) = ConventionRule.correct(undivided, of: inputs, by: ConventionRule.all)
    for cell in scaled.cells {
      guard case .count(Count(.max)) = scaled[cell] ?? .ratio(nil) else { continue }
      throw .overflow(what: "\(cell), over all devices")
    }
    let judge = Judge(
      reference: note, undivided: undivided, corrected: scaled.unscaled(by: inputs.tensorParallel),
      exact: ConventionComparison.exactValues(analysis), changed: changed.mapValues(Set.init), inputs: inputs)
    self.init(
      .llmCounts, analysis, differences: note.cells.compactMap(judge.difference),
      agreeing: note.cells.compactMap(judge.agreement), cellCount: note.cells.count,
      rates: (inputs.peak, inputs.bandwidth),
      rows: Set(ConventionCell.rows.map(\.row)))
  }

  /// The engine's value for every cell of its rows.
  package static func exactValues(_ analysis: Analysis) -> [ConventionCell: ConventionValue] {
    var values: [ConventionCell: ConventionValue] = [:]
    for phase in analysis.phases {
      for row in phase.operators {
        for column in ConventionCell.Column.allCases {
          values[ConventionCell(phase: phase.step.phase, row: row.name, column: column)] = value(
            of: row, column, rates: analysis.rates)
        }
      }
    }
    return values
  }

  private static func value(of row: RowPrediction, _ column: ConventionCell.Column, rates: DeviceRates)
    -> ConventionValue
  {
    let traffic = row.cost.traffic
    return switch column {
    case .flops: .count(row.cost.flops.total)
    case .memoryAccess: .count(traffic.total)
    case .arithmeticIntensity: .ratio(row.cost.arithmeticIntensity?.value)
    case .performance: .ratio(row.cost.attainablePerformance(in: row.time, rates: rates)?.value)
    case .bound: row.bound.map { .bound($0) } ?? .ratio(nil)
    case .loadWeight: .count(traffic.loadWeight)
    case .loadActivation: .count(traffic.loadActivation)
    case .storeActivation: .count(traffic.storeActivation)
    case .loadKVCache: .count(traffic.loadKVCache)
    case .storeKVCache: .count(traffic.storeKVCache)
    }
  }
}

/// Says of one cell whether it differs and what explains it.
private struct Judge {
  let reference, undivided, corrected: ConventionTable
  let exact: [ConventionCell: ConventionValue]
  let changed: [String: Set<ConventionCell>]
  let inputs: ConventionInputs

  func difference(_ cell: ConventionCell) -> ConventionComparison.Difference? {
    guard let raw = reference[cell], let truth = exact[cell], !raw.agrees(with: truth) else { return nil }
    let names = rules(cell, truth)
    return .init(
      phase: cell.phase, row: cell.noteRow, column: cell.column.rawValue, note: raw, exact: truth,
      reasons: names.map { .init(name: $0, sentence: ConventionRule.reasons[$0] ?? "") })
  }

  func agreement(_ cell: ConventionCell) -> ConventionComparison.Agreement? {
    guard let raw = reference[cell], let truth = exact[cell], raw.agrees(with: truth), raw != .count(0) else {
      return nil
    }
    return .init(phase: cell.phase, row: cell.noteRow, column: cell.column.rawValue)
  }

  private func rules(_ cell: ConventionCell, _ truth: ConventionValue) -> [String] {
    var found = ConventionRule.all.map(\.name).filter { changed[$0, default: []].contains(cell) }
    if losesRemainder(cell) { found.append(ConventionRule.floorDivision) }
    guard let value = corrected[cell] else { return [] }
    if value.agrees(with: truth) { return found }
    // Where every count is explained, only the time model is left: it knows units that the note does not.
    guard cell.column == .performance || cell.column == .bound, isCorrected(cell), usesOtherUnits(cell.row) else {
      return []
    }
    return found + [ConventionRule.unitsApart]
  }

  /// Whether floor division took something from the cell, or from one that it is derived from.
  private func losesRemainder(_ cell: ConventionCell) -> Bool {
    let columns = cell.column.isPrimitive ? [cell.column] : ConventionCell.Column.allCases.filter(\.isPrimitive)
    return columns.contains { column in
      undivided.count(cell.phase, cell.row, column)
        != reference.count(cell.phase, cell.row, column) * inputs.tensorParallel
    }
  }

  private func isCorrected(_ cell: ConventionCell) -> Bool {
    [ConventionCell.Column.flops, .memoryAccess].allSatisfy { column in
      let part = ConventionCell(phase: cell.phase, row: cell.row, column: column)
      guard let value = corrected[part], let truth = exact[part] else { return false }
      return value.agrees(with: truth)
    }
  }

  private func usesOtherUnits(_ row: OperatorName) -> Bool {
    switch row {
    case .softmax, .attnNorm, .mlpNorm, .mlpSiluDot, .attnAdd, .mlpAdd: true
    default: inputs.model.hasQueryKeyValueBias || inputs.model.hasOutputBias || inputs.model.hasMLPBias
    }
  }
}
