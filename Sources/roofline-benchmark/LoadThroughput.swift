import RooflineAnalysis
import RooflineCore
import RooflineServing
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Requests of a closed loop over calibrated passes on one core, from the files to the percentiles.
struct LoadThroughput {
  let name: String
  var requests: UInt64 = 100_000
  var concurrency: UInt64 = 64

  static let cases = [
    LoadThroughput(
      name: "load: llama-3.1-8b on h100-sxm, calibrated, closed loop of 64, 100,000 requests of 1024 + 128")
  ]

  func run(_ catalog: Catalog) throws -> String {
    let clock = ContinuousClock()
    let begin = clock.now
    let configuration = try catalog.model("llama-3.1-8b")
    let hardware = try catalog.hardware("h100-sxm")
    let request = TimeRequest(try catalog.calibrations(for: hardware), options: CalibratedTime.Options())
    let formats = configuration.formats
    let analysis = try Analysis(
      configuration: configuration, hardware: hardware,
      workload: Workload(
        batch: 1, prompt: 1024, context: 1025, tensorParallel: 1, operatorSet: .fused, formats: formats),
      phases: Phase.allCases, options: RateOptions(),
      calibrated: request.time(of: configuration.model, formats: formats))
    let figures = try LoadRun(
      analysis,
      scheduler: EngineScheduler(
        maxBatchedTokens: 8192, maxSequences: 256,
        cache: .growing(BlockGrowth(blockTokens: 16, freeShare: 0, reservedShare: 0))),
      load: .closed(concurrency, requests: requests, prompt: 1024, generated: 128)
    ).figures()
    let (whole, atto) = (clock.now - begin).components
    let seconds = Double(whole) + Double(atto) * 1e-18
    return
      "\(name): \(figures.passes) passes, \((seconds * 100).rounded() / 100) s: \(Int(Double(figures.passes) / seconds)) passes/s"
  }
}
