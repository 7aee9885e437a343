import RooflineAnalysis
import RooflineCore
import RooflineReport
import RooflineTimeModels
import TestSupport
import XCTest

/// What pictures show is what the analysis says.
final class FigureValueTests: XCTestCase {
  func testAxesAreOfTheGPUAndNotOfTheModel() throws {
    let models = ["llama-3.2-1b", "llama-3.1-70b", "qwen3-30b-a3b", "opt-6.7b"]
    for gpu in ["h100-sxm", "l4", "mi300x"] {
      let figures = try models.map { model in
        RooflineFigure(try FigureTestRuns.analysis(model, gpu), caption: FigureTestRuns.caption)
      }
      XCTAssertEqual(Set(figures.map(\.rates)).count, 1, gpu)
      XCTAssertEqual(Set(figures.map(\.intensities)).count, 1, gpu)
    }
    // 989 TFLOP/s and 3.35 TB/s: decades around the ridges of 1.2 (special functions) and 591 FLOP/B (fp8), and room beyond.
    let figure = RooflineFigure(
      try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm"), caption: FigureTestRuns.caption)
    XCTAssertEqual(figure.intensities, 0.01...10_000)
    XCTAssertEqual(figure.rates, 1e10...1e16)
  }

  func testEveryUnitFormatAndMemoryHasItsRoof() throws {
    let figure = RooflineFigure(
      try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm"), caption: FigureTestRuns.caption)
    let rates = Dictionary(uniqueKeysWithValues: figure.roofs.map { ($0.name, $0.rate) })
    // The datasheet's, in FLOP/s and B/s; 16 functions a clock and SM × 132 SMs × 1.98 GHz.
    XCTAssertEqual(rates["bf16, fp16 tensor"] ?? rates["fp16, bf16 tensor"], 989e12)
    XCTAssertEqual(rates["fp8, int8 tensor"] ?? rates["int8, fp8 tensor"], 1979e12)
    XCTAssertEqual(rates["tf32 tensor"], 494.5e12)
    XCTAssertEqual(rates["fp32 vector"], 66.9e12)
    XCTAssertEqual(rates["DRAM"], 3350e9)
    XCTAssertEqual(try XCTUnwrap(rates["special functions"]), 16 * 132 * 1.98e9, accuracy: 1)
    XCTAssertEqual(rates.count, 6)
    XCTAssertEqual(Set(figure.roofs.filter(\.isInUse).map(\.level)), [.compute, .memory])
  }

  /// The row of the README's table: 335.54 MFLOP over 17.15 MB in 11.03 µs.
  func testAPointStandsAtItsIntensityAndRate() throws {
    let analysis = try FigureTestRuns.analysis("llama-2-70b", "a100-sxm4-40gb", batch: 20, ranks: 8)
    let figure = RooflineFigure(analysis, caption: FigureTestRuns.caption)
    let point = try XCTUnwrap(figure.points.first { $0.pass == .decode && $0.name == "q_proj" })
    XCTAssertEqual(point.intensity, 19.57, accuracy: 0.005)
    XCTAssertEqual(point.rate, 30.43e12, accuracy: 0.005e12)
    let ridgeless = figure.points.filter { $0.name == "embedding" || $0.name == "attn_all_reduce" }
    XCTAssertTrue(ridgeless.isEmpty, "a row that computes nothing has no place among roofs")
    XCTAssertTrue(figure.notes.contains { $0.contains("embedding_all_reduce") })
  }

  func testBarsOfAPassAddUpToIt() throws {
    for model in try FigureTestRuns.models().suffix(12) {
      guard let analysis = try? FigureTestRuns.analysis(model, "h100-sxm") else { continue }
      let figure = try LayerFigure(analysis, caption: FigureTestRuns.caption)
      XCTAssertEqual(figure.panels.count, analysis.phases.count)
      for (panel, phase) in zip(figure.panels, analysis.phases) {
        let whole = try XCTUnwrap(phase.time).value
        XCTAssertEqual(panel.bars.reduce(0) { $0 + $1.seconds }, whole, accuracy: whole * 1e-9, model)
        XCTAssertEqual(panel.bars.reduce(0) { $0 + $1.share }, 1, accuracy: 1e-9, model)
        XCTAssertLessThanOrEqual(panel.bars.count, 24)
      }
    }
  }

  /// 1 ms a pass, 10 µs for each of 8 sequences: parts of their own in every picture of a pass, above or behind the kernels.
  func testWhatAnEngineAddsIsAPartOfItsOwn() throws {
    var run = try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm", fused: true)
    let kernels = try run.phases.map { try XCTUnwrap($0.time).value }
    run = try Analysis(
      configuration: run.configuration, hardware: run.hardware, workload: run.workload,
      options: {
        var options = run.options
        options.engine = PassOverhead(perPass: 1e-3, perSequence: 1e-5)
        return options
      }())
    let layer = try LayerFigure(run, caption: FigureTestRuns.caption)
    let latency = try LatencyFigure(run, over: .batch, tool: "a test")
    for (index, time) in kernels.enumerated() {
      let bars = layer.panels[index].bars
      XCTAssertEqual(bars.filter(\.isEngine).map(\.name), ["engine: each pass", "engine: each sequence"])
      XCTAssertEqual(bars.filter(\.isEngine).reduce(0) { $0 + $1.seconds }, 1.08e-3, accuracy: 1e-12)
      XCTAssertEqual(bars.reduce(0) { $0 + $1.seconds }, time + 1.08e-3, accuracy: time * 1e-9)
      let own = try XCTUnwrap(latency.panels[index].bars.first(where: \.isOwn))
      XCTAssertEqual(own.engine, 1.08e-3, accuracy: 1e-12)
      XCTAssertEqual(own.total, time + 1.08e-3, accuracy: time * 1e-9)
      let largest = try XCTUnwrap(latency.panels[index].bars.last)
      XCTAssertEqual(largest.engine, 1e-3 + 1e-5 * Double(largest.size), accuracy: 1e-12)
    }
    XCTAssertTrue(layer.description.contains("engine: each pass 1.00 ms (engine)"), layer.description)
    let time = TimeRequest(try Fixtures.catalog.calibrations(for: run.hardware), options: CalibratedTime.Options())
    let calibrated = try Analysis(
      configuration: run.configuration, hardware: run.hardware, workload: run.workload, phases: Phase.allCases,
      options: run.options, calibrated: time.time(of: run.configuration.model, formats: run.workload.formats))
    let waterfall = try WaterfallFigure(calibrated, row: nil, measured: nil, caption: FigureTestRuns.caption)
    for (panel, phase) in zip(waterfall.panels, calibrated.phases) {
      let sums = panel.steps.filter { $0.kind == .sum }
      XCTAssertEqual(sums.map(\.name), ["kernels", "prediction"])
      XCTAssertEqual(sums[1].to - sums[0].to, 1.08e-3, accuracy: 1e-12)
      let whole = try XCTUnwrap(calibrated.time(of: phase)).value
      XCTAssertEqual(sums[1].to, whole, accuracy: whole * 1e-9)
    }
    for width in FigureWidth.allCases {
      XCTAssertEqual(FigureTestRuns.misplaced(layer.drawing(width)), [])
      XCTAssertEqual(FigureTestRuns.misplaced(latency.drawing(width)), [])
      XCTAssertEqual(FigureTestRuns.misplaced(waterfall.drawing(width)), [])
    }
  }

  /// Llama-3.1-8B: 2 tensors × 32 layers × 8 heads × 128 elements × 2 bytes a key, 16,060,522,496 bytes of weights.
  func testMemoryGrowsByTheBytesOfAKey() throws {
    let analysis = try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm", batch: 3, prompt: 100)
    let footprint = try Footprint(analysis.configuration, analysis.workload, capacity: 80_000_000_000)
    let figure = try MemoryFigure(footprint, maxPositions: 131_072, caption: FigureTestRuns.caption)
    let cache = try XCTUnwrap(figure.parts.first { $0.name == "KV cache" })
    for (context, bytes) in zip(figure.contexts, cache.bytes) {
      XCTAssertEqual(bytes, 3 * context * 2 * 32 * 8 * 128 * 2, "\(context)")
    }
    XCTAssertEqual(figure.parts.first { $0.name == "weights" }?.bytes.first, 16_060_522_496)
    XCTAssertGreaterThan(figure.contexts.count, 40)
    XCTAssertEqual(figure.contexts, figure.contexts.sorted())
  }

  func testABarOverTheBatchIsTheRunWithThatBatch() throws {
    let analysis = try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm", batch: 24)
    let figure = try LatencyFigure(analysis, over: .batch, tool: "a test")
    XCTAssertEqual(figure.panels.map(\.pass), ["prefill", "decode"])
    for (panel, index) in zip(figure.panels, 0...) {
      XCTAssertEqual(panel.bars.map(\.size), [1, 2, 4, 8, 16, 24, 32, 64, 128, 256, 512])
      XCTAssertEqual(panel.bars.filter(\.isOwn).map(\.size), [24])
      for bar in panel.bars {
        let alone = try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm", batch: bar.size)
        let time = try XCTUnwrap(alone.phases[index].time).value
        XCTAssertEqual(bar.total, time, accuracy: time * 1e-9, "\(panel.pass) \(bar.size)")
      }
    }
  }

  func testABarOverTheContextIsTheRunWithThatPrompt() throws {
    let analysis = try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm", prompt: 999)
    let decode = try XCTUnwrap(LatencyFigure(analysis, over: .context, tool: "a test").panels.last)
    let bar = try XCTUnwrap(decode.bars.first { $0.size == 4096 })
    let alone = try FigureTestRuns.analysis("llama-3.1-8b", "h100-sxm", prompt: 4095)
    XCTAssertEqual(bar.total, try XCTUnwrap(alone.phases[1].time).value, accuracy: 1e-12)
    XCTAssertEqual(decode.bars.filter(\.isOwn).map(\.size), [1000])
    XCTAssertEqual(decode.bars.last?.size, 131_072)
  }
}
