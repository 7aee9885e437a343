import RooflineCore
import RooflineDeployment
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Configurations a second of a sweep on all cores, whose rows are looked at and thrown away.
struct SweepThroughput {
  let name: String
  var batch = NumberAxis(from: 1, through: 1000, adding: 1)
  var prompt = NumberAxis(from: 1, through: 1000, adding: 1)
  var generate: NumberAxis? = NumberAxis(2)
  /// Whether times are calibrated; the GPU is an H100 then.
  var isCalibrated = false
  var operatorSet = OperatorSet.separate

  static let cases = [
    SweepThroughput(name: "sweep: llama-2-70b tp 8, separate operators, batch 1..1000, prompt 1..1000"),
    SweepThroughput(
      name: "sweep: the same, fused, 128 tokens each", generate: NumberAxis(128), operatorSet: .fused),
    SweepThroughput(
      name: "sweep: fused, calibrated on h100-sxm, batch 1..64, prompt 1..1000",
      batch: NumberAxis(from: 1, through: 64, adding: 1), isCalibrated: true, operatorSet: .fused),
    SweepThroughput(
      name: "sweep: the same, shapes repeat: batch 1..256x2, prompt 128..16384x2, generate 1..512",
      batch: NumberAxis(from: 1, through: 256, multiplyingBy: 2),
      prompt: NumberAxis(from: 128, through: 16384, multiplyingBy: 2),
      generate: NumberAxis(from: 1, through: 512, adding: 1), isCalibrated: true, operatorSet: .fused),
  ]

  func run(_ catalog: Catalog) throws -> String {
    guard let batch, let prompt, let generate else { return "\(name): an axis is empty" }
    let configuration = try catalog.model("llama-2-70b")
    let hardware = try catalog.hardware(isCalibrated ? "h100-sxm" : "a100-sxm4-40gb")
    var scenario = Scenario(
      configuration: configuration, hardware: hardware,
      workload: Workload(
        batch: 1, prompt: 1, context: 2, tensorParallel: 8, operatorSet: operatorSet, formats: NumberFormats(.fp16)),
      options: RateOptions(), tokens: 1)
    if isCalibrated { scenario.time = TimeRequest(try catalog.calibrations(for: hardware), options: .init()) }
    let setting = SweepSetting(scenario)
    var grid = SweepGrid(
      models: [configuration.name], hardware: [hardware.name], times: [isCalibrated ? "calibrated" : "ideal"],
      prompt: prompt, generate: generate
    ) { _ in setting }
    grid.tensorParallel = NumberAxis(8)
    grid.batch = batch
    let cores = ProcessInfo.processInfo.activeProcessorCount
    var fitting = 0
    let elapsed = ContinuousClock().measure {
      _ = SweepRun(grid, workers: cores).forEach(
        work: { rows, _ in rows.count(where: \.fits) },
        take: { count, _ in
          fitting += count
          return true
        })
    }
    let (whole, atto) = elapsed.components
    let seconds = Double(whole) + Double(atto) * 1e-18
    let rows = Double(grid.count ?? 0)
    return
      "\(name): \(Int(rows)) rows, \(fitting) fit, \(cores) cores, \((seconds * 100).rounded() / 100) s: \(Int(rows / seconds)) rows/s"
  }
}
