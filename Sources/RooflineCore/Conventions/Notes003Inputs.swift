/// What note 003 computes from: the model's dimensions, one length, and the degree. It knows no rates and no formats.
public struct Notes003Inputs: Hashable, Sendable {
  public let model: DecoderModel
  public let batch, prompt, tensorParallel: UInt64
  /// Whether the MLP has a gate: the first of the note's alternatives.
  public let isGated: Bool

  public init(model: DecoderModel, batch: UInt64, prompt: UInt64, tensorParallel: UInt64, isGated: Bool = true) {
    self.model = model
    self.batch = batch
    self.prompt = prompt
    self.tensorParallel = tensorParallel
    self.isGated = isGated
  }

  /// - Throws: `InputError.usage` for what the note does not have, `.illegalTensorParallel`.
  public init(_ scenario: Scenario) throws(InputError) {
    let workload = scenario.workload
    guard workload.operatorSet == .separate else {
      throw .usage("\(Convention.notes003.rawValue) has no fused operators; leave out --operators fused")
    }
    try scenario.requireLegal()
    self.init(
      model: scenario.configuration.model, batch: workload.batch, prompt: workload.prompt,
      tensorParallel: workload.tensorParallel)
  }
}
