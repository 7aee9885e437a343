import RooflineCore

extension Notice {
  /// How many distinct experts each pass touches, and between what bounds: once for each kind of routed experts.
  static func experts(_ model: DecoderModel, _ steps: [DecoderStep]) -> [Notice] {
    var notices: [Notice] = []
    for step in steps {
      let division = ExpertDivision(step)
      for block in model.routedExperts {
        let rank = division.load.rank(block.experts, chosen: block.chosen, tokens: division.tokens, ranks: 1)
        let notice = Notice.expertsTouched(
          pass: step.name, expected: rank.distinct,
          bounds: ExpertLoad.bounds(
            block.experts, chosen: block.chosen, tokens: UInt64(min(division.tokens, 0x1p62))),
          experts: block.experts, isUniform: division.load == .uniform)
        if !notices.contains(notice) { notices.append(notice) }
      }
    }
    return notices
  }
}
