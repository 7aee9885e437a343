import RooflineAnalysis
import RooflineCore

/// What a run comes to, in a few numbers.
struct Verdict: Encodable {
  let label: String
  /// The answer.
  let text: String
  /// What stands behind it.
  let detail: String
  /// The derivation of the number; nil where the tables say it.
  let derivation: String?

  /// What limits a pass.
  ///
  /// - Parameter name: of the pass.
  init?(_ name: String, _ phase: PhaseAnalysis, _ index: Int) {
    let summary = PassSummary(phase)
    guard let whole = summary.time, whole.value > 0 else { return nil }
    let shares = Bound.allCases.compactMap { bound in
      summary.time(boundBy: bound).map { (bound: bound, share: $0.value / whole.value) }
    }.filter { $0.share > 0 }.sorted { $0.share > $1.share }
    guard let first = shares.first else { return nil }
    let largest = phase.operators.max { left, right in
      (left.time?.value ?? 0) * Double(left.occurrences.value) < (right.time?.value ?? 0)
        * Double(right.occurrences.value)
    }
    let list = shares.map { "\($0.bound.rawValue) \(Numbers.percent($0.share)) %" }.joined(separator: ", ")
    label = "\(name) is limited by"
    text = first.bound.rawValue
    let most = largest.map { row in
      let share = (row.time?.value ?? 0) * Double(row.occurrences.value) / whole.value
      return "; most in \(phase.label(of: row)), \(Numbers.percent(share)) %"
    }
    detail = "\(list) of \(Numbers.time(whole))\(most ?? "")"
    derivation = Derivations.key(.model, index)
  }

  init(_ label: String, _ text: String, _ detail: String, derivation: String?) {
    self.label = label
    self.text = text
    self.detail = detail
    self.derivation = derivation
  }

  /// The memory of the device that needs most.
  init(_ label: String, _ footprint: Footprint) {
    self.label = label
    text = footprint.fits ? "fits" : "does not fit"
    let (needed, there) = (Double(footprint.required.value), Double(footprint.capacity))
    let batch =
      footprint.largestBatch.map { "batches up to \(Numbers.grouped($0)) fit" } ?? "not even one sequence fits"
    detail = "needs \(Numbers.scaled(needed))B of \(Numbers.scaled(there))B; \(batch)"
    derivation = "footprint"
  }
}
