import RooflineCore

/// The time of a gated delta rule's step: each sequence's state is read and written once.
///
/// Source: TimeModels.md, "Delta rules and convolutions".
package struct DeltaStepTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: StreamConstants

  /// Heads of sequences that an SM takes at a time.
  static let headsPerSM = 4.0

  func terms(_ rule: DeltaRule<Count>, _ conditions: KernelConditions) -> StreamTerms {
    let states = Double(rule.recurrence.batch * rule.valueHeads)
    let streams = Double(rule.streamBytes)
    let state = Double(rule.stateBytes)
    return StreamTerms(
      units: (states / (DeltaStepTimeModel.headsPerSM * facts.streamingMultiprocessors)).ceiling,
      bytes: streams + 2 * state, footprint: streams + state, isCold: conditions.cache == .serving, tokens: 0, facts,
      constants)
  }
}

extension DeltaStepTimeModel: KernelTimeModel {
  package static let kind = KernelKind.linearAttention
  package static let phase: Phase? = .decode

  package init(_ facts: DeviceFacts, _ constants: StreamConstants, _ cut: WholeKernel, generation: GPUGeneration) {
    self.facts = facts
    self.constants = constants
  }

  /// - Returns: nil for chunks, and for several tokens one after another.
  package static func work(_ value: Operator<Count>) -> DeltaRule<Count>? {
    guard case .deltaRule(let rule) = value, rule.recurrence.form == .steps, rule.recurrence.queryTokens == 1 else {
      return nil
    }
    return rule
  }

  package static func subject(_ rule: DeltaRule<Count>) -> KernelSubject {
    KernelSubject(
      .linearAttention, phase: .decode, dtype: rule.formats.residual, keyValueDType: rule.recurrence.stateDType,
      form: rule.kernelForm)
  }

  package func timing(_ rule: DeltaRule<Count>, _ conditions: KernelConditions) -> KernelTiming {
    terms(rule, conditions).timing(constants)
  }

  package func choices(
    _ rule: DeltaRule<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] { [] }

  package func parts(_ rule: DeltaRule<Count>, _ conditions: KernelConditions) -> [TimePart] {
    terms(rule, conditions).parts(constants)
  }

  package static func constants(_ constants: StreamConstants, ofDRAM ratio: Double) -> StreamConstants {
    constants.ofDRAM(ratio)
  }

  package static func place(_ rule: DeltaRule<Count>) -> KernelPlace { rule.place(.decode) }

  package static func regimes(_ rule: DeltaRule<Count>) -> [String] { [rule.kernelForm.rawValue] }
}

extension DeltaRule where Scalar == Count {
  var kernelForm: KernelForm { decay == .head ? .gdn : .kda }

  func place(_ phase: Phase) -> KernelPlace {
    let (batch, query) = (Double(recurrence.batch), Double(recurrence.queryTokens))
    let (keyHeads, valueHeads) = (Double(self.keyHeads), Double(self.valueHeads))
    return KernelPlace(
      "\(kernelForm.rawValue) \(phase.rawValue)",
      sizes: [("batch", batch), ("query", query), ("k_heads", keyHeads), ("v_heads", valueHeads)],
      order: [
        valueHeads, keyHeads, Double(keyDim), Double(valueDim), Double(recurrence.stateDType.bits), query, batch,
      ],
      point: [KernelPlace.log(batch), KernelPlace.log(query), KernelPlace.log(valueHeads), 0],
      group: phase == .prefill ? [valueHeads, query] : [valueHeads, batch])
  }
}
