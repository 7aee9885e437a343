import RooflineCore

/// A vision tower's pass over images on a GPU, whole on one device.
package struct VisionAnalysis: Sendable {
  package let tower: VisionTower
  package let workload: VisionWorkload
  package let rows: [RowPrediction]
  /// The same rows in letters.
  package let formulas: [NamedOperator<Symbol>]

  /// - Throws: `InputError.usage` where the model has no tower that is counted; `.overflow` where a count does not fit in 63 bits.
  package init(
    _ analysis: Analysis, images: UInt64, width: UInt64, height: UInt64
  ) throws(InputError) {
    guard let tower = analysis.configuration.vision.tower else {
      throw .usage(
        "--images needs a vision tower, and \(analysis.configuration.path) has none to count: \(analysis.configuration.vision.reason ?? "none")"
      )
    }
    self.tower = tower
    workload = try VisionWorkload(
      tower, images: images, width: width, height: height, formats: analysis.workload.formats)
    let time = IdealTime(overlap: analysis.options.overlap)
    rows = tower.rows(workload).map { RowPrediction($0, rates: analysis.rates, time: time) }
    formulas = tower.rows(workload)
    if rows.contains(where: { ($0.cost * $0.occurrences).isOverflow }) || total.cost.isOverflow {
      throw .overflow(what: "the vision tower's counts")
    }
  }

  /// Sum over all rows times their occurrences.
  package var total: PhaseAnalysis.Total {
    var total = PhaseAnalysis.Total()
    for row in rows { total.add(row.prediction, times: row.occurrences) }
    return total
  }

  /// Tokens that the images become for the text part.
  package var tokens: Count { workload.tokens(tower) }
}
