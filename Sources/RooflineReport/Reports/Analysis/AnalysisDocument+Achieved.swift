import RooflineAnalysis
import RooflineCore

extension AnalysisDocument {
  /// The same passes at the rates that the GPU was measured to achieve.
  struct AchievedEntry: Encodable {
    /// The file of the ceilings.
    let path: String
    let hardware: HardwareEntry
    let phases: [PhaseEntry]

    init(_ achieved: AnalysisReport.Achieved) {
      let analysis = achieved.analysis
      path = achieved.ceilings.path
      hardware = HardwareEntry(analysis.hardware, analysis.rates, analysis.workload.formats)
      phases = analysis.phases.map { PhaseEntry($0, analysis) }
    }
  }
}
