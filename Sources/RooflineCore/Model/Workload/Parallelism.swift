/// How a deployment is spread beyond tensor parallelism.
public struct Parallelism: Hashable, Sendable {
  /// Norms and additions on ⌈BT/t⌉ rows; each all-reduce as a reduce-scatter and an all-gather.
  public var isSequenceParallel: Bool
  /// Stages of consecutive layers.
  public var pipeline: UInt64
  /// Pieces that a batch is cut into on its way through the stages; nil means as many as there are stages.
  public var microBatches: UInt64?
  /// Replicas of the whole model, each with a batch of its own.
  public var data: UInt64
  /// Ranks among which routed experts are dealt out; a divisor of the tensor-parallel degree, whose rest divides each expert.
  public var expert: UInt64
  /// Each rank has requests of its own and holds everything but the routed experts whole; tokens travel to their experts.
  public var isAttentionDataParallel: Bool

  /// Without arguments: one device, or as many as the tensor-parallel degree. Degrees are at least 1; whether they divide a model
  /// shows when it is analysed.
  public init(
    isSequenceParallel: Bool = false, pipeline: UInt64 = 1, microBatches: UInt64? = nil, data: UInt64 = 1,
    expert: UInt64 = 1, isAttentionDataParallel: Bool = false
  ) {
    self.isSequenceParallel = isSequenceParallel
    self.pipeline = pipeline
    self.microBatches = microBatches
    self.data = data
    self.expert = expert
    self.isAttentionDataParallel = isAttentionDataParallel
  }
}
