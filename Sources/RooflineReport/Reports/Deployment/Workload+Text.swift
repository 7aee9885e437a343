import RooflineCore

extension Workload {
  /// What titles say behind a prompt's length; nothing without a cached prefix.
  var prefixText: String { cachedPrefix > 0 ? " behind \(cachedPrefix) cached" : "" }

  /// Degrees that are not one, batch, operators and formats.
  func text(of model: DecoderModel) -> String {
    var text = "tp \(tensorParallel), batch \(batch)"
    if parallelism.isSequenceParallel { text += ", sequence parallel" }
    if parallelism.expert > 1 { text += ", ep \(parallelism.expert)" }
    if parallelism.isAttentionDataParallel { text += ", attention data parallel" }
    if parallelism.pipeline > 1 { text += ", pp \(parallelism.pipeline)" }
    if parallelism.data > 1 { text += ", dp \(parallelism.data)" }
    return text + ", \(operatorSet.rawValue) operators, \(formatsText(of: model))"
  }

  /// In which formats tensors lie.
  func formatsText(of model: DecoderModel) -> String {
    model.isQuantized
      ? "weights as the checkpoint holds them, others \(formats.activation.rawValue), KV cache \(formats.keyValueCache.rawValue)"
      : formats.weight == formats.activation && formats.activation == formats.keyValueCache
        ? formats.weight.rawValue
        : "weights \(formats.weight.rawValue), activations \(formats.activation.rawValue), KV cache \(formats.keyValueCache.rawValue)"
  }
}
