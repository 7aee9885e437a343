import RooflineCore

/// The options about a training step.
enum TrainingOptions {
  static let all: [Option] = [
    Option("training", nil, "a training step instead: forward and backward pass of --batch × --sequence tokens"),
    Option("sequence", "N", "tokens of a training sequence"),
  ]

  /// Options that mean nothing to a training step of one replica and one pipeline stage.
  static let foreign = [
    "prompt", "context", "phase", "generate", "every-step", "convention", "pp", "micro-batches", "dp", "kv-dtype",
    "time", "calibration", "residency", "launch", "family", "interval", "observations",
  ]

  static let note =
    "--training: the loss, the optimizer and data parallelism's all-reduce of the gradients are not counted."
}

extension ParsedArguments {
  var isTraining: Bool { has("training") }

  /// Throws where training is asked for with options of inference, or the other way round.
  func checkTraining() throws(InputError) {
    guard isTraining else {
      if has("sequence") { throw .usage("--sequence is the length of a training sequence; give --training, too") }
      return
    }
    if let option = TrainingOptions.foreign.first(where: has) {
      throw .usage(
        option == "prompt"
          ? "--prompt means nothing to a training step; its sequences' length is --sequence"
          : "--\(option) means nothing to a training step; leave it out")
    }
  }

  func sequence() throws(InputError) -> UInt64 {
    guard let sequence = try positiveInteger("sequence") else {
      throw .usage("--sequence is missing; give the tokens of a training sequence, e.g. --sequence 4096")
    }
    return sequence
  }
}
