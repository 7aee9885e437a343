/// Which kernels a layer is cut into.
public enum OperatorSet: String, Hashable, Sendable, CaseIterable {
  /// One kernel per textbook operation; attention as matrix product, softmax, matrix product over the full rectangle.
  case separate
  /// What serving engines run: one QKV and one gate/up projection, flash attention (causal), additions fused into norms.
  case fused
}

/// The two kinds of forward pass of inference.
public enum Phase: String, Hashable, Sendable, CaseIterable {
  /// `prefill`: the whole prompt at once, T = C. `decode`: one token a sequence, T = 1, over C keys.
  case prefill, decode
}

/// The two passes of a training step.
public enum TrainingPass: String, Hashable, Sendable, CaseIterable {
  /// `forward`: all tokens of every sequence, with what is kept for the gradients. `backward`: the gradients.
  case forward, backward
}

/// One pass: B sequences of T new tokens each, over C keys. In a pipeline, B is a micro-batch.
public struct DecoderStep: Hashable, Sendable {
  /// The kind of pass; `prefill` of both passes of a training step.
  public let phase: Phase
  /// B, sequences of the pass: of the largest micro-batch in a pipeline.
  public var batch: UInt64
  /// T, new tokens of each sequence.
  public var queryTokens: UInt64
  /// C, keys that the last of them attends to, itself included.
  public var attendedKeys: UInt64
  package let tensorParallel: UInt64
  package let operatorSet: OperatorSet
  package let formats: NumberFormats
  package let isSequenceParallel: Bool
  package let pipelineParallel: UInt64
  package let expertParallel: UInt64
  package let isAttentionDataParallel: Bool
  package let expertLoad: ExpertLoad
  package let latentAttention: LatentAttentionForm
  package let head: HeadTokens
  /// Which pass of a training step; nil in inference.
  ///
  /// In training the head runs on every token, keys and values are activations, and what the backward pass needs is kept.
  public let trainingPass: TrainingPass?

  /// A prefill has T = prompt new tokens over C = cachedPrefix + prompt keys; a decode step T = 1 and C = context, the new token
  /// included. Where tokens are drafted, the step verifies them beside the one: T = drafted + 1, and the context includes them all.
  package init(_ phase: Phase, _ workload: Workload) {
    self.phase = phase
    batch = workload.microBatchSize
    queryTokens = phase == .prefill ? workload.prompt : workload.drafted + 1
    attendedKeys = phase == .prefill ? workload.promptKeys : workload.context
    tensorParallel = workload.tensorParallel
    operatorSet = workload.operatorSet
    formats = workload.formats
    isSequenceParallel = workload.parallelism.isSequenceParallel
    pipelineParallel = workload.parallelism.pipeline
    trainingPass = nil
    expertParallel = workload.parallelism.expert
    isAttentionDataParallel = workload.parallelism.isAttentionDataParallel
    expertLoad = workload.expertLoad
    latentAttention = workload.latentAttention
    head = workload.head
  }

  /// A pass over `workload.prompt` tokens of every sequence: T = C = S.
  package init(_ pass: TrainingPass, _ workload: Workload) {
    phase = .prefill
    batch = workload.batch
    queryTokens = workload.prompt
    attendedKeys = workload.prompt
    tensorParallel = workload.tensorParallel
    operatorSet = workload.operatorSet
    formats = workload.formats
    isSequenceParallel = workload.parallelism.isSequenceParallel
    pipelineParallel = 1
    trainingPass = pass
    expertParallel = workload.parallelism.expert
    isAttentionDataParallel = workload.parallelism.isAttentionDataParallel
    expertLoad = workload.expertLoad
    latentAttention = workload.latentAttention
    head = .all
  }

  /// What the pass is called: prefill, decode, forward or backward.
  public var name: String { trainingPass?.rawValue ?? phase.rawValue }

  /// Whether it is a pass of a training step.
  package var isTraining: Bool { trainingPass != nil }

  /// The pass's rows as values: what explains, measures and compares them.
  package func rows<Scalar: Term>(of model: DecoderModel) -> [NamedOperator<Scalar>] {
    let forward = ForwardPass<Scalar>(model, self)
    switch trainingPass {
    case .backward: return BackwardPass(forward).rows
    case .forward, nil: return forward.rows
    }
  }
}
