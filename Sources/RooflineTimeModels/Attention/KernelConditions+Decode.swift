import RooflineCore

extension KernelConditions {
  /// What a decode step's attention takes over what its constants say; 1 where nobody knows better.
  func decodeTimes(_ attention: Attention<Count>) -> Double {
    guard !decodeVersions.isEmpty else { return 1 }
    let group = AttentionSizes(attention).group
    return decodeVersions.first {
      attention.formats.keyValueCache == $0.cache && Double($0.group) == group
    }?.times ?? 1
  }
}
