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

  /// The entries of the kernels of one subject.
  final class Entries: Sendable {
    let subject: KernelSubject
    private let model: any KernelTimeModel.Type
    /// One library for all of them: constants of two are never mixed.
    private let library: KernelLibrary
    /// Of a library with one kernel for the subject.
    private let only: CalibrationSet.Found?
    private let variants: [(variant: AttentionVariant, found: CalibrationSet.Found)]

    /// - Returns: nil where nobody has constants for such kernels.
    init?(_ value: Operator<Count>, _ search: Search) {
      guard let model = value.timeModel, let subject = model.subject(of: value) else { return nil }
      self.subject = subject
      self.model = model
      // The library that serves a usual call. Asked for a variant that it does not have, another GPU's library would answer.
      let usual = model.usual(of: value)
      let all = AttentionVariant.allCases
      guard
        let first = usual.lazy.compactMap({ search.find($0) }).first
          ?? usual.last.flatMap({ last in all.lazy.compactMap { search.find(last, variant: $0) }.first })
      else { return nil }
      let library = first.entry.key.family
      self.library = library
      guard model.variant(of: value, of: library, processors: search.set.facts.streamingMultiprocessors) != nil else {
        only = first
        variants = []
        return
      }
      only = nil
      variants = all.compactMap { variant in
        usual.last.flatMap { search.find($0, variant: variant, family: library) }.map { (variant, $0) }
      }
    }

    func found(_ value: Operator<Count>, processors: Double) -> CalibrationSet.Found? {
      if let only { return only }
      let variant = model.variant(of: value, of: library, processors: processors)
      return variants.first { $0.variant == variant }?.found
    }
  }
}
