import RooflineCore
import RooflineDeployment

/// What note 000 computes from: the model's dimensions, the lengths, the degree and two rates.
package struct ConventionInputs: Hashable, Sendable {
  package let model: DenseDimensions
  package let batch, prompt, generated, tensorParallel: Count
  /// The intermediate size that the note has, which need not be the model's.
  package let noteIntermediate: Count
  /// FLOP/s of the matrix units, efficiency included.
  package let peak: Double
  /// B/s, efficiency included.
  package let bandwidth: Double

  /// - Parameters:
  ///   - generated: 0 where only the prefill is asked for.
  ///   - noteIntermediate: nil: the model's.
  package init(
    model: DenseDimensions, batch: UInt64, prompt: UInt64, generated: UInt64, tensorParallel: UInt64, peak: Double,
    bandwidth: Double, noteIntermediate: UInt64? = nil
  ) {
    self.model = model
    self.batch = Count(batch)
    self.prompt = Count(prompt)
    self.generated = Count(generated)
    self.noteIntermediate = Count(noteIntermediate ?? model.intermediateSize)
    self.tensorParallel = Count(tensorParallel)
    self.peak = peak
    self.bandwidth = bandwidth
  }

  package var hidden: Count { Count(model.hiddenSize) }
  package var heads: Count { Count(model.numAttentionHeads) }
  package var keyValueHeads: Count { Count(model.numKeyValueHeads) }
  package var headDim: Count { Count(model.headDim) }
  package var intermediate: Count { Count(model.intermediateSize) }

  /// New tokens of each sequence.
  package func queryTokens(_ phase: Phase) -> Count { phase == .prefill ? prompt : 1 }
}

extension ConventionInputs {
  /// - Throws: `InputError.usage` for what note 000 does not have, `.illegalTensorParallel`, `.missingFacts`.
  package init(
    _ scenario: Scenario, generated: UInt64, noteIntermediate: UInt64? = nil
  ) throws(InputError) {
    let (workload, formats) = (scenario.workload, scenario.workload.formats)
    guard workload.operatorSet == .separate else {
      throw .usage("llm-counts has no fused operators; leave out --operators fused")
    }
    guard formats.weight.bits == 16, formats.activation == formats.weight, formats.keyValueCache == formats.weight
    else {
      throw .usage("llm-counts has 2 bytes for every element; give --dtype fp16 or --dtype bf16 and no other format")
    }
    try scenario.requireLegal()
    let (hardware, dtype) = (scenario.hardware, formats.weight)
    let rates = DeviceRates(hardware, scenario.options, ranks: workload.tensorParallel)
    var missing: [MissingFact] = []
    if rates[tensor: dtype].isNaN {
      missing.append(
        MissingFact(
          name: "\(dtype.rawValue) tensor rate", key: "compute.tensorFLOPsPerSecond.\(dtype.rawValue)",
          option: "--peak"))
    }
    if rates.bandwidth.isNaN {
      missing.append(
        MissingFact(name: "memory bandwidth", key: "memory.bandwidthBytesPerSecond", option: "--bandwidth"))
    }
    guard missing.isEmpty else {
      throw .missingFacts(hardware: hardware.name, path: hardware.path, facts: missing)
    }
    guard let model = DenseDimensions(scenario.configuration.model), model.isLlamaLike else {
      throw .usage("llm-counts is about Llama-like models; \(scenario.configuration.name) is none")
    }
    self.init(
      model: model, batch: workload.batch, prompt: workload.prompt, generated: generated,
      tensorParallel: workload.tensorParallel, peak: rates[tensor: dtype], bandwidth: rates.bandwidth,
      noteIntermediate: noteIntermediate)
  }
}
