import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Analyses a second on one core. One analysis is a model under TP 8, prefill and decode: every row with its counts, bound
/// and time, and the time of both passes. No two in a row are alike, so nothing can be hoisted out of the loop.
struct Throughput {
  let name: String
  let operatorSet: OperatorSet
  /// The GPU whose calibrated times are computed; nil: ideal times.
  var hardware: String?

  var model = BenchmarkModel.llama2

  /// Whether every row is kept, as for a table; sums alone are what a search asks, eight workloads at a time.
  var keepsRows = true

  static let cases = [
    Throughput(
      name: "llama-2-70b tp 8, separate operators, batch, prompt and context vary", operatorSet: .separate,
      keepsRows: false),
    Throughput(
      name: "llama-2-70b tp 8, fused operators, batch, prompt and context vary", operatorSet: .fused, keepsRows: false),
    Throughput(name: "the same, separate, every row kept", operatorSet: .separate),
    Throughput(name: "the same, fused, every row kept", operatorSet: .fused),
    Throughput(
      name: "the same, fused, calibrated on a100-sxm4-80gb", operatorSet: .fused, hardware: "a100-sxm4-80gb"),
    Throughput(name: "the same, fused, calibrated on h100-sxm", operatorSet: .fused, hardware: "h100-sxm"),
    Throughput(name: "the same, separate, calibrated on h100-sxm", operatorSet: .separate, hardware: "h100-sxm"),
    Throughput(
      name: "deepseek-v3 tp 8 as published, fused, calibrated on h100-sxm", operatorSet: .fused, hardware: "h100-sxm",
      model: .deepseekV3),
    Throughput(
      name: "deepseek-v3 tp 8 as published, fused, ideal", operatorSet: .fused, model: .deepseekV3, keepsRows: false),
  ]

  /// Looked up once, as a run does.
  private func calibrated(
    _ model: DecoderModel, _ formats: NumberFormats, _ catalog: Catalog
  ) throws -> CalibratedTime? {
    guard let hardware else { return nil }
    let set = try catalog.calibrations(for: catalog.hardware(hardware))
    return TimeRequest(set, options: .init()).time(of: model, formats: formats)
  }

  /// The median of five passes that share the time.
  func run(seconds: Double, _ catalog: Catalog) throws -> String {
    let (model, formats) = try self.model.model()
    var rates = DeviceRates()
    for unit in [DType.fp16, .bf16] { rates[tensor: unit] = 312e12 }
    rates[tensor: .fp8] = 624e12
    rates.vector = 19.5e12
    rates.special = 2.43648e12
    rates.bandwidth = 1555e9
    rates.link = 300e9
    let times = try calibrated(model, formats, catalog)
    let sample = times == nil ? 100_000 : 2_000
    _ = measure(analyses: sample / 10, model, formats, rates, times)
    let trial = measure(analyses: sample, model, formats, rates, times)
    let perPass = max(1, Int(Double(sample) * seconds / 5 / trial.seconds))
    let passes = (0..<5).map { _ in measure(analyses: perPass, model, formats, rates, times) }.sorted {
      $0.seconds < $1.seconds
    }
    let rate = Int(Double(perPass) / passes[2].seconds)
    let rows = trial.rows / sample
    return
      "\(name): \(rows) rows each, 5 passes of \(perPass), mean step \(passes[2].meanMilliseconds) ms: \(rate) analyses/s"
  }

  private func sizes(_ index: UInt64) -> (batch: UInt64, prompt: UInt64, context: UInt64) {
    (1 + index % 64, 512 + index % 1031, 513 + index % 2053)
  }

  private func workload(_ index: UInt64, _ formats: NumberFormats) -> Workload {
    let (batch, prompt, context) = sizes(index)
    return Workload(
      batch: batch, prompt: prompt, context: context, tensorParallel: 8, operatorSet: operatorSet, formats: formats)
  }

  /// The times are added up and reported, so that no row's time can be left uncomputed.
  private func measure(
    analyses: Int, _ model: DecoderModel, _ formats: NumberFormats, _ rates: DeviceRates,
    _ calibrated: CalibratedTime?
  ) -> (seconds: Double, rows: Int, meanMilliseconds: Double) {
    var rows = 0
    var total = 0.0
    let time = IdealTime(overlap: .max)
    let clock = ContinuousClock()
    let elapsed = clock.measure {
      for first in stride(from: 0, to: UInt64(analyses), by: PassBatch.width) {
        let lanes = 0..<min(PassBatch.width, analyses - Int(first))
        for phase in Phase.allCases {
          if keepsRows {
            for lane in lanes {
              let step = DecoderStep(phase, workload(first + UInt64(lane), formats))
              let analysis = PhaseAnalysis(model, step, rates: rates, time: time, calibrated: calibrated)
              rows += analysis.operators.count
              total += analysis.time?.value ?? 0
            }
          } else {
            let like = DecoderStep(phase, workload(first, formats))
            // As a search does: one pass, whose sizes change.
            var (step, shapes) = (like, PassBatch.Shapes(like))
            for lane in lanes.dropFirst() {
              let sizes = sizes(first + UInt64(lane))
              step.batch = sizes.batch
              step.queryTokens = phase == .prefill ? sizes.prompt : 1
              step.attendedKeys = phase == .prefill ? sizes.prompt : sizes.context
              shapes.set(lane, step)
            }
            let batch = PassBatch(model, like: like, shapes, rates: rates, time: time)
            for lane in lanes {
              let summary = batch[lane]
              rows += summary.rows
              total += summary.time?.value ?? 0
            }
          }
        }
      }
    }
    let (whole, atto) = elapsed.components
    return (Double(whole) + Double(atto) * 1e-18, rows, (total / Double(analyses) * 1e6).rounded() / 1e3)
  }
}
