import RooflineCore

/// One way in which note 000 counts otherwise than Counting.md, as a function from its value to the exact one. This is
/// the one place for the reasons.
///
/// Rules run in order, each over the whole table; several may correct the same cell one after another. They work on
/// counts times TP (`ConventionTable.scaled`), so that nothing is lost to floor division; each is linear in the counts.
package struct ConventionRule: Sendable {
  package let name: String
  /// One sentence.
  package let reason: String
  let applies: @Sendable (ConventionCell, ConventionInputs) -> Bool
  /// From the value in a cell, and the table as the rules before left it, to the value that belongs there.
  let transform: @Sendable (ConventionValue, ConventionCell, ConventionTable, ConventionInputs) -> ConventionValue

  /// A rule about counts.
  static func count(
    _ name: String, _ reason: String, applies: @escaping @Sendable (ConventionCell, ConventionInputs) -> Bool,
    transform: @escaping @Sendable (_ raw: Count, ConventionCell, ConventionTable, ConventionInputs) -> Count
  ) -> ConventionRule {
    ConventionRule(name: name, reason: reason, applies: applies) { value, cell, table, inputs in
      guard case .count(let raw) = value else { return value }
      return .count(transform(raw, cell, table, inputs))
    }
  }

  /// A table of counts times TP corrected by rules, and the cells whose value each of them changed.
  package static func correct(
    _ scaled: ConventionTable, of inputs: ConventionInputs, by rules: [ConventionRule]
  ) -> (table: ConventionTable, changed: [String: [ConventionCell]]) {
    var table = scaled
    var changed: [String: [ConventionCell]] = [:]
    for rule in rules {
      let before = table
      for cell in before.cells where rule.applies(cell, inputs) {
        guard let value = before[cell] else { continue }
        let corrected = rule.transform(value, cell, before, inputs)
        if corrected != value { changed[rule.name, default: []].append(cell) }
        table[cell] = corrected
      }
    }
    return (table, changed)
  }
}

extension ConventionRule {
  private static let norms: Set<OperatorName> = [.attnNorm, .mlpNorm]
  private static let adds: Set<OperatorName> = [.attnAdd, .mlpAdd]
  private static let keyValue: Set<OperatorName> = [.kProj, .vProj]
  private static let attention: Set<OperatorName> = [.qkMatmul, .svMatmul]

  /// What explains the owner's 300 cells.
  package static let ofTheTable: [ConventionRule] = [
    .count(
      "replicated input", "Every rank reads all of a column-parallel GEMM's input; the reference divides it by TP.",
      applies: { cell, _ in
        cell.column == .loadActivation && [.qProj, .kProj, .vProj, .gateProj, .upProj].contains(cell.row)
      },
      transform: { raw, _, _, inputs in raw * inputs.tensorParallel }),
    .count(
      "full-width output", "Every rank of a row-parallel GEMM stores a full-width partial sum, not 1/TP of it.",
      applies: { cell, _ in cell.column == .storeActivation && [.oProj, .downProj].contains(cell.row) },
      transform: { raw, _, _, inputs in raw * inputs.tensorParallel }),
    .count(
      "norms and adds replicated", "Without sequence parallelism every rank normalises and adds all rows.",
      applies: { cell, _ in cell.column.isPrimitive && (norms.contains(cell.row) || adds.contains(cell.row)) },
      transform: { raw, _, _, inputs in raw * inputs.tensorParallel }),
    .count(
      "norm per row", "A norm's row costs, beside 4 an element, the division by the width, adding ε and one rsqrt.",
      applies: { cell, _ in cell.column == .flops && norms.contains(cell.row) },
      transform: { raw, _, _, inputs in raw + raw.divided(exactlyBy: 4 * inputs.hidden) * 3 }),
    .count(
      "add reads two", "An addition has two operands to read.",
      applies: { cell, _ in cell.column == .loadActivation && adds.contains(cell.row) },
      transform: { raw, _, _, _ in raw * 2 }),
    .count(
      "silu stores once", "silu(gate) · up is one tensor, and silu(gate) stays in registers.",
      applies: { cell, _ in cell.column == .storeActivation && cell.row == .mlpSiluDot },
      transform: { raw, _, _, _ in raw.divided(exactlyBy: 2) }),
    .count(
      "softmax of scores", "A softmax does 5 operations for each of h·S scores a token, not 3 for each of H columns.",
      applies: { cell, _ in cell.column == .flops && cell.row == .softmax },
      transform: { raw, _, _, inputs in
        raw.divided(exactlyBy: 3 * inputs.hidden) * 5 * inputs.heads * inputs.prompt
      }),
    .count(
      "qk head_dim", "A token's queries are h·d elements; the reference reads one for each KV head.",
      applies: { cell, _ in cell.column == .loadActivation && cell.row == .qkMatmul },
      transform: { raw, _, _, inputs in
        raw.divided(exactlyBy: inputs.keyValueHeads) * inputs.heads * inputs.headDim
      }),
    .count(
      "prefill KV read", "A prefill's attention reads what its projections have just stored; the reference reads none.",
      applies: { cell, _ in
        cell.column == .loadKVCache && cell.phase == .prefill && attention.contains(cell.row)
      },
      transform: { raw, cell, table, _ in
        raw + table.count(.prefill, cell.row == .qkMatmul ? .kProj : .vProj, .storeKVCache)
      }),
    .count(
      "decode context", "A decode step's scores cover the S+G keys that the reference loads, not the prompt's S.",
      applies: { cell, _ in
        cell.phase == .decode
          && [
            .qkMatmul: [.flops, .storeActivation], .svMatmul: [.flops, .loadActivation],
            .softmax: [.flops, .loadActivation, .storeActivation],
          ][cell.row, default: []].contains(cell.column)
      },
      transform: { raw, _, _, inputs in
        raw.divided(exactlyBy: inputs.prompt) * (inputs.prompt + inputs.generated)
      }),
    ConventionRule(
      name: derivedColumns,
      reason: "Memory access, intensity, performance and bound follow from the row's other cells, which differ.",
      applies: { cell, _ in !cell.column.isPrimitive },
      transform: { value, cell, table, _ in table.derived(cell) ?? value }),
  ]

  /// What other inputs need beside: the owner's had as many KV heads as devices and no biases. These run first.
  package static let ofOtherInputs: [ConventionRule] = [
    .count(
      "intermediate size", "The model's intermediate size is not the one that the reference has.",
      applies: { cell, _ in
        switch (cell.row, cell.column) {
        case (.gateProj, .flops), (.gateProj, .loadWeight), (.gateProj, .storeActivation), (.upProj, .flops),
          (.upProj, .loadWeight), (.upProj, .storeActivation), (.downProj, .flops), (.downProj, .loadWeight),
          (.downProj, .loadActivation), (.mlpSiluDot, .flops), (.mlpSiluDot, .loadActivation),
          (.mlpSiluDot, .storeActivation):
          true
        default: false
        }
      },
      transform: { raw, _, _, inputs in raw.divided(exactlyBy: inputs.noteIntermediate) * inputs.intermediate }),
    .count(
      "KV heads replicated", "Where there are fewer KV heads than devices each holds a whole one, not a fraction.",
      applies: { cell, inputs in
        inputs.keyValueHeads < inputs.tensorParallel
          && (keyValue.contains(cell.row) && cell.column != .loadActivation
            || attention.contains(cell.row) && cell.column == .loadKVCache)
          && cell.column.isPrimitive
      },
      transform: { raw, _, _, inputs in
        raw.divided(exactlyBy: inputs.keyValueHeads) * inputs.tensorParallel
      }),
    .count(
      "bias", "The model's projection has a bias to load and to add, which the reference does not know.",
      applies: { cell, inputs in
        (cell.column == .flops || cell.column == .loadWeight)
          && inputs.model.biasElements(cell.row, ranks: inputs.tensorParallel) > 0
      },
      transform: { raw, cell, _, inputs in
        let width = inputs.model.biasElements(cell.row, ranks: inputs.tensorParallel)
        return raw + (cell.column == .flops ? inputs.batch * inputs.queryTokens(cell.phase) : 2) * width
      }),
  ]
}

extension ConventionRule {
  static let all = ofOtherInputs + ofTheTable

  /// The one rule that is about no count of its own.
  package static let derivedColumns = "derived columns follow"

  /// Reasons that are no function from one count to another: what a division has dropped, and the time model.
  static let floorDivision = "floor division"
  static let unitsApart = "units apart"

  /// Every reason by its name.
  static let reasons: [String: String] = Dictionary(
    all.map { ($0.name, $0.reason) } + [
      (floorDivision, "The reference's floor division by TP drops a remainder."),
      (unitsApart, "Vector and special units have rates of their own; the reference gives all work the tensor peak."),
    ], uniquingKeysWith: { first, _ in first })
}
