import RooflineCore

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
      if let own = set.find(value, family: family, variant: variant) { return own }
      // Where no library has all of a kind's kernels, the one that is asked for runs those that it has.
      if let family, let subject = value.subject, subject.kind.isSharedByLibraries,
        let other = set.find(value, family: nil, variant: variant),
        set.layers.contains(where: {
          $0.entries.contains { $0.key.kind == subject.kind && family.names.contains($0.key.family) }
        })
      {
        return other
      }
      return set.standIn(value, family: family)
    }
  }
}
