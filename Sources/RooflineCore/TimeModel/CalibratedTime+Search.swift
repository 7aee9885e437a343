extension CalibratedTime {
  /// Looks entries up as a run wants them: its launch first, then the other; its own operator first, then a stand-in.
  struct Search {
    let set: CalibrationSet
    let options: Options

    func find(
      _ kernel: TimedKernel, variant: AttentionVariant? = nil, family: String? = nil
    ) -> CalibrationSet.Found? {
      let family = family ?? options.families[kernel.kind]
      if options.launch == .eager,
        let eager = set.find(kernel, family: family, launch: .eager, variant: variant)
      {
        return eager
      }
      return set.find(kernel, family: family, variant: variant) ?? set.standIn(kernel, family: family)
    }
  }

  /// The entries of one kind of attention.
  struct AttentionEntries {
    private let headDim: Double
    private let isWindowed: Bool
    let prefill: CalibrationSet.Found?
    /// The library of all decode steps, and its entries.
    private let decodeFamily: String
    private let decode: [(variant: AttentionVariant, found: CalibrationSet.Found)]

    init(_ kind: AttentionKind, _ formats: NumberFormats, _ search: Search) {
      headDim = Double(kind.headDim)
      isWindowed = kind.isWindowed
      let call = AttentionCall(
        batch: 1, query: 2, context: 2, heads: 1, keyValueHeads: 1, headDim: Double(kind.headDim),
        window: kind.isWindowed ? 1 : 0)
      func kernel(_ shape: TimedKernel.Shape) -> TimedKernel {
        TimedKernel(shape, dtype: formats.residual, keyValueDType: formats.keyValueCache)
      }
      prefill = search.find(kernel(.prefill(call)))
      // One library for all decode steps: the one that serves a usual call. Asked for a variant that it does not have, another GPU's
      // library would answer.
      var usual = call
      usual.heads = 8
      let variants = AttentionVariant.allCases
      let library =
        (search.find(kernel(.decode(usual))) ?? search.find(kernel(.decode(call)))
        ?? variants.lazy.compactMap { search.find(kernel(.decode(call)), variant: $0) }.first)?.entry.key.family
      decodeFamily = library ?? ""
      decode = variants.compactMap { variant in
        library.flatMap { search.find(kernel(.decode(call)), variant: variant, family: $0) }.map { (variant, $0) }
      }
    }

    @inline(__always)
    func isOf(_ call: AttentionCall) -> Bool { call.headDim == headDim && (call.window > 0) == isWindowed }

    func decode(_ call: AttentionCall, processors: Double) -> CalibrationSet.Found? {
      let variant = AttentionVariant(family: decodeFamily, call: call, processors: processors)
      return decode.first { $0.variant == variant }?.found
    }
  }
}
