/// How a run wants its times, before its model is known.
public struct TimeRequest: Sendable {
  public let set: CalibrationSet
  public let options: CalibratedTime.Options
  public let correction: (any TimeCorrection)?

  public init(_ set: CalibrationSet, options: CalibratedTime.Options, correction: (any TimeCorrection)? = nil) {
    self.set = set
    self.options = options
    self.correction = correction
  }

  /// The times of a model's run.
  public func time(of model: DecoderModel, formats: NumberFormats) -> CalibratedTime {
    var attentions: [CalibratedTime.AttentionKind] = []
    for case .groupedQuery(let attention)? in model.groups.map(\.mixer) {
      let kind = CalibratedTime.AttentionKind(headDim: attention.headDim, isWindowed: attention.window != nil)
      if !attentions.contains(kind) { attentions.append(kind) }
    }
    return CalibratedTime(set, formats: formats, attentions: attentions, options: options, correction: correction)
  }
}
