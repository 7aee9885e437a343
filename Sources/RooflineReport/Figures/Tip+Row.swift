import RooflineAnalysis
import RooflineCore

extension Drawing.Tip {
  /// What is said of a row wherever it has a mark.
  ///
  /// - Parameter measured: s.
  init(_ row: RowPrediction, of phase: PhaseAnalysis, _ reference: RowReference, measured: Double? = nil) {
    let occurrences = row.occurrences.value
    var facts = [
      Fact("time", "\(row.time.map(Numbers.time) ?? Numbers.unknown)\(occurrences > 1 ? " × \(occurrences)" : "")")
    ]
    if let time = row.time?.value, let whole = phase.time?.value, whole > 0 {
      facts.append(Fact("share of the pass", "\(Numbers.percent(time * Double(occurrences) / whole)) %"))
    }
    if let intensity = row.cost.arithmeticIntensity?.value, row.cost.flops.total > 0 {
      facts.append(Fact("intensity", "\(Numbers.fixed(intensity, decimals: 2)) FLOP/B"))
      if let rate = row.cost.attainablePerformance(in: row.time, rates: phase.rates)?.value {
        facts.append(Fact("attained", "\(Numbers.scaled(rate))FLOP/s"))
      }
    }
    facts.append(Fact("bound", row.bound?.rawValue ?? Numbers.unknown))
    if let measured { facts.append(Fact("measured", Numbers.time(Seconds(measured)))) }
    self.init(heading: "\(phase.step.name) \(phase.label(of: row))", facts: facts, row: reference)
  }
}
