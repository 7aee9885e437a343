/// How a recurrence runs over a sequence's new tokens, and what becomes of its state.
///
/// A recurrence keeps a state per sequence whose size does not depend on the tokens before: it is read and written once a call,
/// as KV cache. After nothing (a prompt without a past) there is no state to read; a training step keeps none.
package struct Recurrence<Scalar: Term>: Hashable, Sendable {
  package enum Form: Hashable, Sendable {
    /// Token after token: decode steps.
    case steps
    /// Chunks of so many tokens, inside of which matrix products stand for the steps: prompts. The last chunk is padded, and
    /// what is computed of the padding, and of masked squares, is executed.
    case chunks(of: Scalar)
  }

  /// What happens to the state in memory.
  package enum StateTraffic: Hashable, Sendable {
    /// Tokens came before: read, and written.
    case updated
    /// The sequence begins: written only.
    case written
    /// Nobody goes on from it.
    case dropped
  }

  package let batch, queryTokens: Scalar
  package let form: Form
  package let state: StateTraffic
  /// The state's format, whatever the cache's: fp32 unless the checkpoint says otherwise.
  package let stateDType: DType

  package init(
    batch: Scalar, queryTokens: Scalar, form: Form, state: StateTraffic, stateDType: DType = .fp32
  ) {
    self.batch = batch
    self.queryTokens = queryTokens
    self.form = form
    self.state = state
    self.stateDType = stateDType
  }

  /// B·T.
  package var tokens: Scalar { batch * queryTokens }

  /// Chunks of all sequences: B·⌈T/Q⌉.
  func chunks(of size: Scalar) -> Scalar { batch * queryTokens.divided(roundingUpBy: size) }

  /// The unit of a chunk's products, which read activations; steps multiply no matrices.
  func matrixUnit(_ formats: NumberFormats) -> DType? {
    switch form {
    case .steps: nil
    case .chunks: formats.residual
    }
  }

  var stateFormat: ElementFormat { ElementFormat(.stateBytes, stateDType) }

  /// The state's operands, of `elements` a sequence.
  func forEachStateOperand(_ elements: Scalar, _ visit: (Operand<Scalar>) -> Void) {
    state.forEachOperand(batch * elements, stateFormat, visit)
  }
}

extension Recurrence.StateTraffic {
  /// The operands of a state of `elements`.
  func forEachOperand(_ elements: Scalar, _ format: ElementFormat, _ visit: (Operand<Scalar>) -> Void) {
    switch self {
    case .updated:
      visit(Operand(.state, .loadKVCache, elements, format))
      visit(Operand(.state, .storeKVCache, elements, format))
    case .written: visit(Operand(.state, .storeKVCache, elements, format))
    case .dropped: break
    }
  }
}
