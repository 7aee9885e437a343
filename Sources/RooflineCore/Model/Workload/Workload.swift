/// What is asked of a model: one prefill of `prompt` tokens and one decode step at `context` keys, per replica.
public struct Workload: Hashable, Sendable {
  /// Sequences of one replica, at least 1.
  public var batch: UInt64
  /// Tokens of each sequence's prompt, at least 1; in training, of each sequence.
  public var prompt: UInt64
  /// Tokens of every sequence that stand in the cache before the prefill. Its `prompt` new tokens follow them.
  package var cachedPrefix: UInt64 = 0
  /// Keys a decode step attends to, the new token and drafted ones included. The first step after the prompt has promptKeys + 1, and
  /// one more for each drafted token.
  public var context: UInt64
  /// Ranks that divide every layer among them; with expert or data parallelism of attention, all ranks that share a layer.
  public var tensorParallel: UInt64
  /// Which kernels a layer is cut into.
  public var operatorSet: OperatorSet
  /// In which formats tensors lie and products run.
  public var formats: NumberFormats
  /// How a replica's layers and experts, and whole replicas, are spread over further devices.
  public var parallelism: Parallelism
  /// How tokens spread over routed experts.
  public var expertLoad = ExpertLoad.uniform
  /// Tokens that draft modules guess for each sequence before a decode step, which verifies them.
  package var drafted: UInt64 = 0
  /// Which tokens of a prompt get logits.
  package var head = HeadTokens.last
  /// Of models with latent attention.
  public var latentAttention: LatentAttentionForm

  /// Nothing is checked here: numbers that mean nothing, and degrees that do not divide a model, are errors of the analysis.
  public init(
    batch: UInt64, prompt: UInt64, context: UInt64, tensorParallel: UInt64, operatorSet: OperatorSet,
    formats: NumberFormats, parallelism: Parallelism = Parallelism(), latentAttention: LatentAttentionForm = .auto
  ) {
    self.batch = batch
    self.prompt = prompt
    self.context = context
    self.tensorParallel = tensorParallel
    self.operatorSet = operatorSet
    self.formats = formats
    self.parallelism = parallelism
    self.latentAttention = latentAttention
  }
}

extension Workload {
  /// Keys in the cache when the prompt is done: those of the prefix before it, too.
  package var promptKeys: UInt64 { cachedPrefix + prompt }

  /// How many pieces a pipeline cuts the batch into: no more than there are sequences, and one without a pipeline.
  public var microBatches: UInt64 {
    parallelism.pipeline > 1 ? min(parallelism.microBatches ?? parallelism.pipeline, batch) : 1
  }

  /// Sequences of the largest micro-batch; all of the batch without a pipeline.
  public var microBatchSize: UInt64 {
    let pieces = microBatches
    return batch / pieces + (batch.isMultiple(of: pieces) ? 0 : 1)
  }

  /// GPUs of one replica.
  public var devicesPerReplica: Count { Count(tensorParallel) * Count(parallelism.pipeline) }

  /// All GPUs.
  public var devices: Count { devicesPerReplica * Count(parallelism.data) }
}
