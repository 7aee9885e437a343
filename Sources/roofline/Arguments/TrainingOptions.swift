import RooflineCore

/// The options about a training step.
enum TrainingOptions {
  static let training = Option.flag(
    "training", "a training step instead: forward and backward pass of --batch × --sequence tokens")
  static let sequence = Option.count("sequence", "N", "tokens of a training sequence")

  static let all: [any AnyOption] = [training, sequence]

  /// Options that mean nothing to a training step of one replica and one pipeline stage.
  static let foreign: [any AnyOption] =
    [
      WorkloadOptions.prompt, WorkloadOptions.cachedPrefix, WorkloadOptions.context, WorkloadOptions.head,
      WorkloadOptions.phase,
      WorkloadOptions.generate,
      AnalysisOptions.everyStep, ConventionOptions.convention, WorkloadOptions.pipeline, WorkloadOptions.microBatches,
      WorkloadOptions.data, WorkloadOptions.expertParallel, WorkloadOptions.attentionDataParallel,
      WorkloadOptions.expertLoad, WorkloadOptions.keyValueDType,
    ] + TimeOptions.all + [TimeOptions.engine] + LoadOptions.all

  static let note =
    "--training: the loss, the optimizer and data parallelism's all-reduce of the gradients are not counted."
}

extension ParsedArguments {
  var isTraining: Bool { isGiven(TrainingOptions.training) }

  /// Throws where training is asked for with options of inference, or the other way round.
  func checkTraining() throws(InputError) {
    guard isTraining else {
      if isGiven(TrainingOptions.sequence) {
        throw .usage("--sequence is the length of a training sequence; give --training, too")
      }
      return
    }
    if let option = TrainingOptions.foreign.first(where: isGiven) {
      throw .usage(
        option.name == WorkloadOptions.prompt.name
          ? "--prompt means nothing to a training step; its sequences' length is --sequence"
          : "--\(option.name) means nothing to a training step; leave it out")
    }
  }

  func sequence() throws(InputError) -> UInt64 {
    guard let sequence = try value(of: TrainingOptions.sequence) else {
      throw .usage("--sequence is missing; give the tokens of a training sequence, e.g. --sequence 4096")
    }
    return sequence
  }
}
