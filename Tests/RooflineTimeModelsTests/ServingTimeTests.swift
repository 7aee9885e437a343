import RooflineAnalysis
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Calibrated times of whole passes: every model of the catalog on every GPU that has the facts.
final class ServingTimeTests: XCTestCase {
  private struct Run {
    let hardware: HardwareSpec
    let model: ModelConfiguration
    let analysis: Analysis
    var name: String {
      "\(model.name) on \(hardware.name), \(analysis.workload.operatorSet.rawValue), tp \(analysis.workload.tensorParallel)"
    }
  }

  /// GPUs with calibrations of their own or of another, and those whose facts are too few.
  private func sets() throws -> (usable: [CalibrationSet], lacking: [String]) {
    var usable: [CalibrationSet] = []
    var lacking: [String] = []
    for name in Fixtures.catalog.hardwareNames {
      let hardware = try Fixtures.catalog.hardware(name)
      if let set = try? Fixtures.catalog.calibrations(for: hardware) {
        usable.append(set)
      } else {
        lacking.append(name)
      }
    }
    return (usable, lacking)
  }

  private func run(
    _ model: ModelConfiguration, _ set: CalibrationSet, _ operatorSet: OperatorSet, degree: UInt64 = 1,
    batch: UInt64 = 3, prompt: UInt64 = 777, options: CalibratedTime.Options = .init(), formats: DType? = nil
  ) throws -> Run {
    let formats = NumberFormats(formats ?? model.dtype)
    let request = TimeRequest(set, options: options)
    let analysis = try Analysis(
      configuration: model, hardware: set.hardware,
      workload: Workload(
        batch: batch, prompt: prompt, context: prompt + 1, tensorParallel: degree, operatorSet: operatorSet,
        formats: formats),
      phases: Phase.allCases, options: RateOptions(), calibrated: request.time(of: model.model, formats: formats))
    return Run(hardware: set.hardware, model: model, analysis: analysis)
  }

  func testNoRowInServingBeatsItsIdealTimeAndClampedRowsSayIt() throws {
    let (sets, lacking) = try sets()
    // Nobody timed AMD's kernels here, no document prints the L2 of one, and of the virtual GPU nothing is known.
    XCTAssertEqual(
      lacking, ["a30", "mi300x", "mi325x", "mi355x", "orion-b1-gpu-small"], "a GPU has lost its facts")
    var rows = 0
    var bases: [TimeBasis: Int] = [:]
    for modelName in Fixtures.catalog.modelNames {
      let model = try Fixtures.catalog.model(modelName)
      let degrees = model.model.legalTensorParallelDegrees.filter { $0 <= 8 }
      for (index, set) in sets.enumerated() {
        for operatorSet in OperatorSet.allCases {
          // Every degree on one GPU of three, in turn; one device and the largest on all.
          for degree in degrees where degree == 1 || degree == degrees.last || index % 3 == 0 {
            let formats: DType = set.hardware.compute?.tensor[.bf16] == nil ? .fp16 : .bf16
            let run = try run(model, set, operatorSet, degree: degree, formats: formats)
            for phase in run.analysis.phases {
              for row in phase.operators {
                guard let time = row.time else {
                  XCTAssertNotEqual(row.cost.wireSteps, 0, "\(run.name): \(row.name) has no time")
                  continue
                }
                rows += 1
                bases[row.prediction.basis, default: 0] += 1
                let ideal = try XCTUnwrap(row.prediction.ideal(run.analysis.rates, run.analysis.options).time)
                XCTAssertGreaterThanOrEqual(time.value, ideal.value, "\(run.name): \(row.name)")
                switch row.prediction.basis {
                case .clamped, .uncalibrated: XCTAssertEqual(time, ideal, "\(run.name): \(row.name)")
                case .calibrated: break
                default: XCTFail("\(run.name): \(row.name) is \(row.prediction.basis)")
                }
              }
            }
          }
        }
      }
    }
    XCTAssertGreaterThan(rows, 20_000)
    for basis in [TimeBasis.calibrated, .clamped, .uncalibrated] {
      XCTAssertGreaterThan(bases[basis] ?? 0, 100, "hardly a row is \(basis); the law was not put to the test")
    }
  }

  /// Of the same compute capability; else of the newest generation before; else of the oldest after.
  func testGPUsThatNobodyTimedBorrowFromTheirGenerationOrTheOneBefore() throws {
    let donors: [String: (gemm: String?, attention: String?)] = [
      "h200-sxm": ("h100-sxm", "h100-sxm"), "h100-pcie": ("h100-sxm", "h100-sxm"), "b200-sxm": ("h100-sxm", "h100-sxm"),
      "a100-sxm4-40gb": ("a100-sxm4-80gb", "a100-sxm4-80gb"), "a10": ("a100-sxm4-80gb", "a100-sxm4-80gb"),
      "a40": ("a100-sxm4-80gb", "a100-sxm4-80gb"), "l4": ("l40s", "l40s"),
      // Of whose GEMM tiles nothing is known.
      "t4": (nil, "a100-sxm4-80gb"), "v100-sxm2-16gb": (nil, "a100-sxm4-80gb"),
    ]
    for (name, donor) in donors {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      for (value, from) in [
        (Operator<Count>.gemm(m: 64, n: 4096, k: 4096, dtype: .fp16), donor.gemm),
        (
          .attention(batch: 1, query: 64, context: 64, heads: 8, keyValueHeads: 8, headDim: 128, dtype: .fp16),
          donor.attention
        ),
      ] {
        let found = set.find(value, family: nil)
        XCTAssertEqual(found?.borrowedFrom, from, "\(name), \(value.kind)")
        if let found { XCTAssertGreaterThan(found.model.seconds(of: value, KernelConditions()), 0, name) }
      }
    }
    for name in ["a100-sxm4-80gb", "h100-sxm", "l40s"] {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      XCTAssertNil(
        try XCTUnwrap(set.find(.gemm(m: 64, n: 4096, k: 4096), family: nil)).borrowedFrom,
        "\(name) has its own constants")
    }
  }

  /// Borrowed constants meet the borrower's own facts: an H200 is an H100 with 4.8 instead of 3.35 TB/s, so that a GEMM bound by its
  /// weights takes less time, by no more than the bandwidths' ratio, and one bound by the tensor cores hardly less.
  func testABorrowerKeepsItsOwnFacts() throws {
    func time(_ name: String, _ m: UInt64) throws -> Double {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      let value = Operator<Count>.gemm(m: m, n: 16_384, k: 16_384)
      return try XCTUnwrap(set.find(value, family: nil)).model.seconds(of: value, KernelConditions())
    }
    let thin = try time("h100-sxm", 1) / time("h200-sxm", 1)
    XCTAssertGreaterThan(thin, 1.3)
    XCTAssertLessThan(thin, 4.8 / 3.35)
    let square = try time("h100-sxm", 16_384) / time("h200-sxm", 16_384)
    XCTAssertGreaterThan(square, 1)
    XCTAssertLessThan(square, 1.02)
  }

  func testACollectiveWithoutALinkForItsRanksHasNoTime() throws {
    let model = try Fixtures.catalog.model("llama-3.1-8b")
    // A bridge joins two H100 PCIe; an L40S has no link at all.
    for (name, degree, isKnown) in [("h100-pcie", UInt64(2), true), ("h100-pcie", 4, false), ("l40s", 2, false)] {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      let run = try run(model, set, .fused, degree: degree)
      let row = try XCTUnwrap(run.analysis.phases[0].operators.first { $0.name == .attnAllReduce })
      XCTAssertEqual(row.time != nil, isKnown, "\(name), tp \(degree)")
      for case .uncalibrated(let rows) in run.analysis.notices {
        XCTAssertFalse(rows.contains("attn_all_reduce"), "\(name): an unknown time is no ideal one")
      }
      XCTAssertEqual(
        run.analysis.notices.contains { if case .missingFacts = $0 { true } else { false } }, !isKnown, name)
    }
  }
}
