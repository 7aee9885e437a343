import RooflineCore

/// The entries of the kernels of one subject, whatever their model.
protocol KernelEntries: AnyObject, Sendable {
  var subject: KernelSubject { get }

  func found(_ value: Operator<Count>, processors: Double) -> CalibrationSet.Found?
}

/// The same with the model's own type, so that a pass over many rows reads each operator once and asks its model directly.
final class ModelEntries<Model: KernelTimeModel>: KernelEntries {
  /// An object: what a row asks for is handed on without a copy of constants.
  final class Entry: Sendable {
    let found: CalibrationSet.Found
    let model: Model

    init?(_ found: CalibrationSet.Found) {
      guard let model = found.model as? Model else { return nil }
      (self.found, self.model) = (found, model)
    }
  }

  let subject: KernelSubject
  /// One library for all of them: constants of two are never mixed.
  private let library: KernelLibrary
  /// Of a library with one kernel for the subject.
  private let only: Entry?
  private let variants: [(variant: AttentionVariant, entry: Entry)]

  /// - Parameter value: an operator that the model describes.
  /// - Returns: nil where nobody has constants for such kernels.
  init?(_ value: Operator<Count>, _ subject: KernelSubject, _ search: CalibratedTime.Search) {
    self.subject = subject
    // The library that serves a usual call. Asked for a variant that it does not have, another GPU's library would answer.
    let usual = Model.usual(of: value)
    let all = AttentionVariant.allCases
    guard
      let first = usual.lazy.compactMap({ search.find($0) }).first
        ?? usual.last.flatMap({ last in all.lazy.compactMap { search.find(last, variant: $0) }.first })
    else { return nil }
    let library = first.entry.key.family
    self.library = library
    guard Model.variant(of: value, of: library, processors: search.set.facts.streamingMultiprocessors) != nil else {
      only = Entry(first)
      variants = []
      return
    }
    only = nil
    variants = all.compactMap { variant in
      usual.last.flatMap { search.find($0, variant: variant, family: library) }.flatMap(Entry.init).map {
        (variant, $0)
      }
    }
  }

  /// - Parameter processors: SMs of the GPU.
  func entry(_ work: Model.Work, processors: Double) -> Entry? {
    if let only { return only }
    let variant = Model.variant(work, of: library, processors: processors)
    return variants.first { $0.variant == variant }?.entry
  }

  func found(_ value: Operator<Count>, processors: Double) -> CalibrationSet.Found? {
    Model.work(value).flatMap { entry($0, processors: processors)?.found }
  }
}

extension KernelTimeModel {
  /// The entries of an operator's kernels; nil where the model does not describe them, or nobody has constants for them.
  static func entries(of value: Operator<Count>, _ search: CalibratedTime.Search) -> (any KernelEntries)? {
    subject(of: value).flatMap { ModelEntries<Self>(value, $0, search) }
  }
}
