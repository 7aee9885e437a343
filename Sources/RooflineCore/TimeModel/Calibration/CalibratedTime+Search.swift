extension CalibratedTime {
  /// Looks entries up as a run wants them: its launch first, then the other; its own operator first, then a stand-in.
  struct Search {
    let set: CalibrationSet
    let options: Options

    func find(
      _ value: Operator<Count>, variant: AttentionVariant? = nil, family: KernelLibrary? = nil
    ) -> CalibrationSet.Found? {
      let family = family ?? value.subject.flatMap { options.families[$0.kind] }
      if options.conditions.launch == .eager,
        let eager = set.find(value, family: family, launch: .eager, variant: variant)
      {
        return eager
      }
      return set.find(value, family: family, variant: variant) ?? set.standIn(value, family: family)
    }
  }
}
