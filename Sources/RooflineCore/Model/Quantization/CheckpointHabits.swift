/// What a family's checkpoints do that their configurations do not say.
struct CheckpointHabits: Sendable {
  /// Bits of a scale of `fp8` checkpoints with blocks. DeepSeek-V3's are fp32, Qwen3's bf16; DeepSeek-V4's ue8m0 are one byte.
  var blockScaleBits: UInt8 = 32
  /// Bits where `scale_fmt` says ue8m0: DeepSeek-V3.2 keeps such scales in fp32 all the same.
  var roundedScaleBits: UInt8?
  /// Tensors that the code leaves as they are, whatever is quantised beside them.
  var whole: Set<StaticText> = []
  /// Whether draft modules bring copies of embedding and head.
  var draftCopiesTables = false
  /// Whether `expert_dtype` states a format of the routed experts beside `fp8` for the rest.
  var hasExpertDType = false
}
