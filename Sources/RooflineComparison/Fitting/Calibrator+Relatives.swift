import RooflineAnalysis
import RooflineTimeModels

extension Calibrator {
  /// Rows by which relatives are compared.
  private static let comparedRows = 120
  /// Another kernel than the usual one has to be so much better on shapes left out: chance alone makes the best of several look good.
  private static let clearlyBetter = 0.93

  /// Where a fit begins, and how strongly that place pulls.
  struct Start {
    let constants: Calibration.Constants
    let pull: EntryFit.Pull
    /// The entry of this fit that it is, where it is one.
    var sibling: Calibration.Key?
  }

  /// Fewer rows than this say too little about an entry's constants, and fewer still where a sibling's pull them.
  func leastRows(_ key: Calibration.Key, siblings: [Calibration.Entry]) -> Int {
    key.kind == .attention && !siblings.isEmpty ? Calibrator.leastRowsBesideSiblings : Calibrator.leastRows
  }

  /// Where the fit of a kernel begins that nobody timed on such a GPU: at the usual place, at the same library's kernel for other formats
  /// or heads on this GPU, or at another library's kernel of this kind whose cut describes these rows clearly better on shapes left out.
  ///
  /// - Parameters:
  ///   - usual: what the prior or the library's name tells.
  ///   - siblings: entries of this GPU and library.
  func mostAlike(
    _ key: Calibration.Key, _ rows: [Observation], _ fit: EntryFit, usual: Start?, siblings: [Calibration.Entry]
  ) -> Start? {
    // Other kinds' kernels differ by more than widths and formats from library to library; there nobody has tried this.
    guard let usual, key.kind == .attention else { return usual }
    let near = nearest(siblings, to: key).map { Start(constants: $0.constants, pull: .strong, sibling: $0.key) }
    if rows.count < Calibrator.leastRows, let sibling = near.first { return sibling }
    // A sibling has been through this: its cut is the one that describes the library. Where a name tells how its kernels are cut, few
    // rows do not know better: the best of several cuts on shapes left out is then mostly chance.
    let others =
      near.isEmpty
      ? nearest(relatives.flatMap(\.entries), to: key).map { Start(constants: $0.constants, pull: .weak) }
        .filter { $0.constants.cut == usual.constants.cut || !key.family.tellsAttention } : near
    let rows = Calibrator.thin(rows, to: Calibrator.comparedRows)
    func error(_ start: Start) -> Double {
      guard let first = fit.fit(rows, prior: start.constants, pull: start.pull),
        let pairs = leaveGroupsOut(rows, fit, from: first.constants, prior: start.constants, pull: start.pull),
        let errors = ErrorStatistics(predicted: pairs.map(\.predicted), measured: pairs.map(\.measured))
      else { return .infinity }
      return errors.mape
    }
    let different = others.filter { $0.constants != usual.constants }
    guard !different.isEmpty else { return usual }
    let errors = different.map { (start: $0, error: error($0)) }
    guard let best = errors.min(by: { $0.error < $1.error }),
      best.error < Calibrator.clearlyBetter * error(usual)
    else { return usual }
    return best.start
  }

  /// An entry of each way in which kernels of this kind are cut, those of the nearest formats and heads first.
  private func nearest(_ entries: [Calibration.Entry], to key: Calibration.Key) -> [Calibration.Entry] {
    let entries = entries.filter { entry in
      let other = entry.key
      return other.kind == key.kind && other.phase == key.phase && other.variant == key.variant
        && other.launch == key.launch
    }
    func distance(_ other: Calibration.Key) -> Int {
      (other.dtype == key.dtype ? 0 : 4)
        + (other.keyValueDType == key.keyValueDType ? 0 : 2) + (other.headDim == key.headDim ? 0 : 1)
    }
    var cuts: Set<AnyHashable> = []
    return entries.enumerated().sorted { left, right in
      (distance(left.element.key), left.offset) < (distance(right.element.key), right.offset)
    }
    .map(\.element).filter { cuts.insert($0.constants.cut).inserted }
  }
}

extension Calibration.Key {
  /// Whether both are of one library's kernel for one thing, in different formats or for heads of different widths.
  func isSibling(of other: Calibration.Key) -> Bool {
    self != other && kind == other.kind && family == other.family && phase == other.phase
      && variant == other.variant && launch == other.launch
  }
}
