extension DecoderModel {
  /// Elements of a projection's bias over all devices, each with its copy; 0 without one.
  func biasElements(_ row: OperatorName, ranks t: Count) -> Count {
    let d = Count(headDim)
    return switch row {
    case .qProj where hasQueryKeyValueBias: Count(numAttentionHeads) * d
    case .kProj where hasQueryKeyValueBias, .vProj where hasQueryKeyValueBias: max(Count(numKeyValueHeads), t) * d
    case .oProj where hasOutputBias, .downProj where hasMLPBias: Count(hiddenSize) * t
    case .upProj where hasMLPBias, .gateProj where hasMLPBias && layout == .gated: Count(intermediateSize)
    default: 0
    }
  }
}
