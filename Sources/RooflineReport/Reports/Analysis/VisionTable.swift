import RooflineAnalysis
import RooflineCore

/// What `analyze --images` adds: the vision tower's pass, row by row.
struct VisionTable {
  let vision: VisionAnalysis
  let rates: DeviceRates

  var table: Table {
    let work = vision.workload
    let images = work.images == 1 ? "1 image" : "\(work.images) images"
    return PhaseTable.table(
      vision.rows, total: vision.total, rates: rates,
      title:
        "vision: \(images) of \(work.columns) × \(work.rows) patches, \(vision.tokens.value) tokens to the text; once, whole on one device"
    )
  }
}

extension AnalysisDocument {
  /// A vision tower's pass beside the phases.
  struct VisionEntry: Encodable {
    let images, patchesPerImage: UInt64
    /// That the images become for the text part; the prompt has them already.
    let tokensToText: UInt64
    let towerParameters: UInt64
    let operators: [OperatorEntry]
    let total: TotalEntry

    init(_ vision: VisionAnalysis, _ analysis: Analysis) {
      images = vision.workload.images
      patchesPerImage = vision.workload.patches.value
      tokensToText = vision.tokens.value
      towerParameters = vision.tower.parameters.value
      operators = vision.rows.map { row in
        OperatorEntry(
          row, group: nil,
          missing: row.time != nil
            ? [] : analysis.hardware.missingFacts(for: row.cost, rates: analysis.rates, ranks: 1),
          rates: analysis.rates, calibrated: nil)
      }
      total = TotalEntry(vision.total)
    }
  }
}
