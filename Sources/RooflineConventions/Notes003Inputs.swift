import RooflineCore
import RooflineDeployment

/// What note 003 computes from: the model's dimensions, one length, and the degree. It knows no rates and no formats.
package struct Notes003Inputs: Hashable, Sendable {
  package let model: DenseDimensions
  package let batch, prompt, tensorParallel: UInt64

  package init(model: DenseDimensions, batch: UInt64, prompt: UInt64, tensorParallel: UInt64) {
    self.model = model
    self.batch = batch
    self.prompt = prompt
    self.tensorParallel = tensorParallel
  }

  /// Whether the MLP has a gate: the first of the note's alternatives. The second is a plain one's.
  package var isGated: Bool { model.gatedMLP != nil }

  /// A plain MLP's function; nil of a gated one, which has silu.
  var plainActivation: TwoMatrixMLP.Activation? { model.twoMatrixMLP?.activation }

  /// - Throws: `InputError.usage` for what the note does not have, `.illegalTensorParallel`.
  package init(_ scenario: Scenario) throws(InputError) {
    let workload = scenario.workload
    guard workload.operatorSet == .separate else {
      throw .usage("\(Convention.notes003.rawValue) has no fused operators; leave out --operators fused")
    }
    try scenario.requireLegal()
    guard let model = DenseDimensions(scenario.configuration.model) else {
      throw .usage(
        "\(Convention.notes003.rawValue) is about models of equal dense layers; \(scenario.configuration.name) is none")
    }
    self.init(
      model: model, batch: workload.batch, prompt: workload.prompt,
      tensorParallel: workload.tensorParallel)
  }
}
