import RooflineAnalysis
import RooflineCore
import RooflineDeployment

extension ConventionComparison {
  /// Note 003 beside the engine, in the note's own unit: FLOPs and elements of the layer as one device does it all, since the
  /// note's compute and memory know no degree; elements that a device sends at the degree. Its decode step attends the note's
  /// one length, the new token among the keys.
  ///
  /// - Throws: `InputError.usage` where an element has not 2 bytes; else as the analysis and the convention do.
  package init(notes003 scenario: Scenario, phases: [Phase]) throws(InputError) {
    let inputs = try Notes003Inputs(scenario)
    var note: [Notes003Cell: Quotient<Count>] = [:]
    for phase in phases { note.merge(try Notes003Convention<Count>(inputs).values(phase)) { _, new in new } }
    try self.init(note: note, inputs: inputs, scenario, phases: phases)
  }

  /// - Parameter note: the note's value of every cell.
  package init(
    note: [Notes003Cell: Quotient<Count>], inputs: Notes003Inputs, _ scenario: Scenario, phases: [Phase]
  ) throws(InputError) {
    let formats = scenario.workload.formats
    guard formats.weight.bits == 16, formats.activation == formats.weight, formats.keyValueCache == formats.weight
    else {
      throw .usage(
        "an element of \(Convention.notes003.rawValue) is compared as 2 bytes; give --dtype fp16 or --dtype bf16 and no other format"
      )
    }
    var workload = scenario.workload
    workload.context = inputs.prompt
    func analyze(_ workload: Workload) throws(InputError) -> Analysis {
      try Analysis(
        configuration: scenario.configuration, hardware: scenario.hardware, workload: workload, phases: phases,
        options: scenario.options)
    }
    let analysis = try analyze(workload)
    workload.tensorParallel = 1
    let undivided = try analyze(workload)
    var differences: [Difference] = []
    var agreeing: [Agreement] = []
    var cellCount = 0
    for (phase, whole) in zip(analysis.phases, undivided.phases) {
      let truth = Notes003Truth(phase, undivided: whole, inputs: inputs)
      for row in Notes003Cell.Row.allCases {
        for column in Notes003Cell.Column.allCases {
          let cell = Notes003Cell(phase.step.phase, row, column)
          guard let raw = note[cell] else { continue }
          cellCount += 1
          let exact = truth.value(cell).value
          guard raw.value != exact else {
            if exact != .count(0) { agreeing.append(Agreement(cell)) }
            continue
          }
          let (corrected, rules) = try Notes003Rule.correct(raw, in: cell, truth)
          differences.append(
            Difference(
              phase: cell.phase, row: row.rawValue, column: column.rawValue, note: raw.value, exact: exact,
              reasons: corrected.value == exact
                ? rules.map { .init(name: $0.name, sentence: $0.reason, isOmission: $0.isOmission) } : []))
        }
      }
    }
    self.init(
      .notes003, analysis, differences: differences, agreeing: agreeing, cellCount: cellCount,
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
    // The note's second all-reduce by another name: there its size is an all-reduce's.
    case .mlpAllGather: [.mlpAllReduce]
    case .attentionAllGather: []
    }
  }
}

extension ConventionComparison.Agreement {
  fileprivate init(_ cell: Notes003Cell) {
    self.init(phase: cell.phase, row: cell.row.rawValue, column: cell.column.rawValue)
  }
}
