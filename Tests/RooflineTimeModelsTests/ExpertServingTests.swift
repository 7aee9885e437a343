import RooflineAnalysis
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Calibrated times of whole models with routed experts, each with the formats of its published file.
final class ExpertServingTests: XCTestCase {
  /// Models that fit the reference's formats on an H100, with the format of their experts.
  private static let models: [(name: String, format: ProductFormat?)] = [
    ("mistralai--Mixtral-8x7B-v0.1", nil), ("Qwen--Qwen3-30B-A3B", nil), ("Qwen--Qwen3-30B-A3B-FP8", .fp8Block),
    ("deepseek-ai--DeepSeek-V3", .fp8Block), ("openai--gpt-oss-20b", .mxfp4Weight),
    ("moonshotai--Kimi-K2.5", .int4Weight),
    ("nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", nil), ("google--gemma-4-26B-A4B", nil),
  ]

  private func analysis(
    _ name: String, batch: UInt64 = 24, degree: UInt64 = 1, on gpu: String = "h100-sxm",
    options: CalibratedTime.Options = .init()
  ) throws -> (analysis: Analysis, time: CalibratedTime) {
    let configuration = try Fixtures.catalog.model(try SharedTable.url("configs/\(name).json").path)
    let hardware = try Fixtures.catalog.hardware(gpu)
    let formats = NumberFormats(.bf16)
    let time = TimeRequest(try Fixtures.catalog.calibrations(for: hardware), options: options)
      .time(of: configuration.model, formats: formats)
    let workload = Workload(
      batch: batch, prompt: 512, context: 513, tensorParallel: degree, operatorSet: .separate, formats: formats)
    return (
      try Analysis(
        configuration: configuration, hardware: hardware, workload: workload, phases: Phase.allCases,
        options: RateOptions(), calibrated: time), time
    )
  }

  func testEveryRowOfALayersExpertsIsTimedByTheEntryOfItsFormat() throws {
    for (name, format) in Self.models {
      let (analysis, time) = try analysis(name)
      for phase in analysis.phases {
        var parts: [ExpertLayer<Count>.Part] = []
        for row in phase.operators {
          guard case .expertLayer(let layer) = row.row.kernel else { continue }
          parts.append(layer.part)
          let timed = try XCTUnwrap(TimedRow(row.row.kernel, by: time), "\(name): \(row.name)")
          XCTAssertEqual(timed.found.entry.key.format, format, "\(name): \(row.name)")
          XCTAssertTrue([.calibrated, .clamped].contains(row.basis), "\(name): \(row.name)")
          // The counts are the row's own, whatever its kernel.
          XCTAssertEqual(row.cost, row.row.operator.cost, "\(name): \(row.name)")
        }
        let layers = parts.filter { $0 == .first }.count
        XCTAssertGreaterThan(layers, 0, name)
        for part in ExpertLayer<Count>.Part.allCases where part != .whole {
          XCTAssertEqual(parts.filter { $0 == part }.count, layers, "\(name): \(part)")
        }
      }
    }
  }

  /// Rows that are raised to their ideal time aside.
  func testTheRowsOfALayerAddUpToTheLibrarysCall() throws {
    var options = CalibratedTime.Options()
    options.conditions = KernelConditions(.warm)
    for (name, _) in Self.models {
      let (analysis, time) = try analysis(name, options: options)
      for phase in analysis.phases {
        let group = try XCTUnwrap(
          phase.operators.first { if case .expertLayer = $0.row.kernel { true } else { false } }?.scope)
        var sum = 0.0
        var whole: Operator<Count>?
        for row in phase.operators where row.scope == group {
          guard case .expertLayer(let layer) = row.row.kernel else { continue }
          sum += try XCTUnwrap(row.time).value
          whole = .expertLayer(layer.part(.whole))
        }
        let call = try XCTUnwrap(whole)
        let model = try XCTUnwrap(time.found(call)).model
        let seconds = model.seconds(of: call, options.conditions)
        XCTAssertEqual(sum, seconds, accuracy: 1e-12 * seconds, "\(name), \(phase.step.name)")
      }
    }
  }

  func testAnotherLibrarysExpertsHaveTheirOwnTimes() throws {
    var options = CalibratedTime.Options()
    options.families = [.experts: "vllm-triton"]
    let (usual, _) = try analysis("Qwen--Qwen3-30B-A3B")
    let (other, time) = try analysis("Qwen--Qwen3-30B-A3B", options: options)
    for (first, second) in zip(usual.phases, other.phases) {
      for (row, own) in zip(first.operators, second.operators) {
        guard case .expertLayer(let layer) = own.row.kernel, layer.part != .activation else {
          if case .expertLayer = own.row.kernel { continue }
          XCTAssertEqual(row.time, own.time, "\(row.name)")
          continue
        }
        XCTAssertEqual(TimedRow(own.row.kernel, by: time)?.found.entry.key.family, "vllm-triton")
        XCTAssertNotEqual(row.time, own.time, "\(row.name)")
      }
    }
  }

  /// Dense products of a checkpoint in fp8 blocks are DeepGEMM's; routers and the head keep 16 bits.
  func testProductsAreTimedByTheFormatOfTheirMatrix() throws {
    let (analysis, time) = try analysis("Qwen--Qwen3-30B-A3B-FP8")
    for row in analysis.phases[1].operators {
      guard case .gemm(let gemm) = row.row.operator else { continue }
      let key = try XCTUnwrap(TimedRow(row.row.kernel, by: time)).found.entry.key
      let isNarrow = gemm.formats.weight.bits < 16
      XCTAssertEqual(key.kind, isNarrow ? .lowPrecisionGEMM : .gemm, "\(row.name)")
      XCTAssertEqual(key.format, isNarrow ? .fp8Block : nil, "\(row.name)")
    }
  }

  func testAGPUWithoutConstantsBorrowsThemAndSaysSo() throws {
    for (gpu, donor) in [("h200-sxm", "h100-sxm"), ("b200-sxm", "h100-sxm"), ("l4", "l40s")] {
      let (analysis, _) = try analysis("Qwen--Qwen3-30B-A3B", on: gpu)
      XCTAssertTrue(
        analysis.notices.contains {
          if case .borrowedConstants(from: donor, isSameGeneration: _, let kernels) = $0 {
            kernels.contains("moe (trtllm-cutlass)")
          } else {
            false
          }
        }, "\(gpu): \(analysis.notices)")
    }
  }
}
