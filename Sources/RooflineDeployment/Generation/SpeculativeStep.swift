import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// A decode step that verifies drafted tokens, and the passes of draft modules that guessed them.
///
/// Draft pass i of n reads the token before it: the last known one, or what the pass before it guessed. It attends to C − n − 1 + i
/// keys, C being those that the last verified token attends to. Passes run one after another, then the step.
///
/// In a pipeline the modules lie on the last stage, beside the head that they use (as vLLM loads a drafter on its last rank): the passes
/// of a micro-batch add to that stage's time and to the way through all of them, and a step takes max(way, m · slowest stage) as any
/// other does.
package struct SpeculativeStep: Sendable {
  /// The text part's step over n + 1 tokens of each sequence.
  package let verification: Analysis
  /// Of a draft module, in order; in a pipeline those of the largest micro-batch.
  package let passes: [Analysis]
  /// Tokens that a step keeps on average, the model's own included; nil: not stated.
  package let accepted: Double?

  /// The most tokens that are drafted for a step.
  package static let limit: UInt64 = 100

  /// - Parameter verification: of a workload with drafted tokens, and a decode phase.
  /// - Throws: `InputError.usage` where the model has no draft modules, or the workload is one for which passes of draft modules
  ///   are not counted.
  package init(
    _ verification: Analysis, accepted: Double?,
    calibrated: (DecoderModel) -> CalibratedTime?
  ) throws(InputError) {
    self.verification = verification
    self.accepted = accepted
    let workload = verification.workload
    try workload.requireDrafts(verification.configuration)
    guard let module = verification.configuration.drafting else {
      throw verification.configuration.lacksDraftLayers
    }
    var passes: [Analysis] = []
    for index in 1...workload.drafted {
      var own = workload
      own.drafted = 0
      own.batch = workload.microBatchSize
      (own.parallelism.pipeline, own.parallelism.microBatches) = (1, nil)
      own.context = workload.context - workload.drafted - 1 + index
      passes.append(
        try Analysis(
          configuration: module, hardware: verification.hardware, workload: own, phases: [.decode],
          options: verification.options, calibrated: calibrated(module.model)))
    }
    self.passes = passes
  }

  private var step: PhaseAnalysis? { verification.phases.first { $0.step.phase == .decode } }

  /// Of the step that verifies; in a pipeline a micro-batch's way through all stages.
  package var verificationTime: Seconds? { step?.time }

  /// How the whole step goes through the stages.
  package var schedule: PipelineSchedule? {
    step.map { verification.wholeSchedule(of: $0, draftSeconds: draftTime?.value ?? .nan) }
  }

  /// What a step gives a sequence; nil where it is not stated.
  package var yield: DecodeYield? {
    accepted.map { DecodeYield(drafted: verification.workload.drafted, perStep: $0) }
  }

  /// Of all draft passes.
  package var draftTime: Seconds? {
    var sum = 0.0
    for pass in passes {
      guard let time = pass.phases.first?.time else { return nil }
      sum += time.value
    }
    return Seconds(sum)
  }

  package var time: Seconds? { schedule?.time }

  /// TPOT: drafting and verifying, over the tokens that are kept.
  package var timePerOutputToken: Seconds? {
    guard let time, let accepted else { return nil }
    return Seconds(time.value / accepted)
  }

  package var tokensPerSecondPerUser: Double? { timePerOutputToken.map { 1 / $0.value } }

  package var tokensPerSecondPerGPU: Double? {
    let workload = verification.workload
    return timePerOutputToken.map {
      Double(workload.batch) / ($0.value * Double(workload.devicesPerReplica.value))
    }
  }
}

extension Workload {
  /// Throws where drafted tokens are asked for that a model, or a deployment, has no counts for.
  package func requireDrafts(_ configuration: ModelConfiguration) throws(InputError) {
    guard drafted > 0 else { return }
    guard drafted <= SpeculativeStep.limit else {
      throw .usage("--draft is \(drafted); at most \(SpeculativeStep.limit) tokens are drafted for a step")
    }
    guard configuration.draft.modules != nil else { throw configuration.lacksDraftLayers }
    guard !parallelism.isSequenceParallel else {
      throw .usage("--draft with sharded norms is not counted; leave out --draft or --sequence-parallel")
    }
  }
}

extension ModelConfiguration {
  fileprivate var lacksDraftLayers: InputError {
    .usage("--draft needs draft layers, and \(path) has none to count: \(draft.reason ?? "none")")
  }
}
