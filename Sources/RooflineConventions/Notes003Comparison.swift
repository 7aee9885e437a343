import RooflineCore

extension ConventionComparison {
  /// Note 003 beside the engine, whose decode step is the first one after the prompt.
  ///
  /// - Throws: `InputError.usage` where an element has not 2 bytes; else as the analysis and the convention do.
  package init(notes003 scenario: Scenario, phases: [Phase]) throws(InputError) {
    let inputs = try Notes003Inputs(scenario)
    var note: [Notes003Cell: Quotient<Count>] = [:]
    for phase in phases { note.merge(try Notes003Convention<Count>(inputs).values(phase)) { _, new in new } }
    try self.init(note: note, inputs: inputs, scenario, phases: phases)
  }

  /// - Parameter note: the note's value of every cell.
  init(
    note: [Notes003Cell: Quotient<Count>], inputs: Notes003Inputs, _ scenario: Scenario, phases: [Phase]
  ) throws(InputError) {
    let formats = scenario.workload.formats
    guard formats.weight.bits == 16, formats.activation == formats.weight, formats.keyValueCache == formats.weight
    else {
      throw .usage(
        "an element of \(Convention.notes003.rawValue) is compared as 2 bytes; give --dtype fp16 or --dtype bf16 and no other format"
      )
    }
    let analysis = try Analysis(
      configuration: scenario.configuration, hardware: scenario.hardware, workload: scenario.workload, phases: phases,
      options: scenario.options)
    var differences: [Difference] = []
    var cellCount = 0
    for phase in analysis.phases {
      let truth = Notes003Truth(phase, inputs: inputs)
      for row in Notes003Cell.Row.allCases {
        for column in Notes003Cell.Column.allCases {
          let cell = Notes003Cell(phase.step.phase, row, column)
          guard let raw = note[cell] else { continue }
          cellCount += 1
          let exact = ConventionValue.count(truth.value(cell))
          guard raw.value != exact else { continue }
          let (corrected, rules) = try Notes003Rule.correct(raw, in: cell, truth)
          differences.append(
            Difference(
              phase: cell.phase, row: row.rawValue, column: column.rawValue, note: raw.value, exact: exact,
              reasons: corrected.value == exact ? rules.map { .init(name: $0.name, sentence: $0.reason) } : []))
        }
      }
    }
    self.init(
      .notes003, analysis, differences: differences, cellCount: cellCount,
      rows: Set(Notes003Cell.Row.allCases.flatMap(\.exactRows)))
  }
}

extension Notes003Cell.Row {
  /// The engine's rows that do what the note's row does.
  var exactRows: [OperatorName] {
    switch self {
    case .embedding: [.embedding, .embeddingAllReduce]
    case .attentionNorm: [.attnNorm]
    case .queryKeyValue: [.qProj, .kProj, .vProj]
    case .attention: [.qkMatmul, .softmax, .svMatmul]
    case .keyValueCache: [.kProj, .vProj]
    case .outputProjection: [.oProj]
    case .attentionAllReduce: [.attnAllReduce]
    case .mlpNorm: [.mlpNorm]
    case .upAndGate: [.gateProj, .upProj]
    case .gateTimesUp, .activation: [.mlpSiluDot, .mlpGelu, .mlpRelu]
    case .down: [.downProj]
    case .head: [.lmHead, .logitsAllGather]
    case .attentionAllGather, .mlpAllGather: []
    }
  }
}

/// What the engine says of the note's cells.
struct Notes003Truth {
  let phase: PhaseAnalysis
  let inputs: Notes003Inputs

  init(_ phase: PhaseAnalysis, inputs: Notes003Inputs) {
    self.phase = phase
    self.inputs = inputs
  }

  /// A device's cost of some rows, one occurrence each.
  func cost(_ rows: [OperatorName]) -> OperatorCost {
    phase.operators.filter { rows.contains($0.name) }.map(\.cost).reduce(OperatorCost(), +)
  }

  /// FLOPs, or bytes, of one device. Two rows of the note share out what one of the engine's does: the projections and
  /// what they store to the cache, the activation's work and its traffic.
  func value(_ cell: Notes003Cell) -> Count {
    let cost = cost(cell.row.exactRows)
    let traffic = cost.traffic
    return switch (cell.column, cell.row) {
    case (.compute, .keyValueCache), (.compute, .activation), (.memory, .gateTimesUp): 0
    case (.compute, _): cost.flops.total
    case (.memory, .queryKeyValue): traffic.loadWeight + traffic.loadActivation + traffic.storeActivation
    case (.memory, .keyValueCache): traffic.storeKVCache
    case (.memory, _): traffic.total
    case (.communication, _): cost.wireBytes
    }
  }
}
