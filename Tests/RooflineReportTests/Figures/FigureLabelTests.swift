import RooflineAnalysis
import RooflineCore
import RooflineReport
import TestSupport
import XCTest

/// Every word of a picture can be read.
final class FigureLabelTests: XCTestCase {
  func testNoTwoLabelsOverlapWhateverTheModelAndTheGPU() throws {
    var pictures = 0
    let others = ["l4", "mi300x", "a100-sxm4-40gb", "b200-sxm"]
    for (index, model) in try FigureTestRuns.models().enumerated() {
      for (gpu, isFused) in [("h100-sxm", [false, true]), (others[index % others.count], [false])] {
        for fused in isFused {
          // A GPU without a model's format has no picture of it.
          guard let analysis = try? FigureTestRuns.analysis(model, gpu, fused: fused) else { continue }
          let caption = FigureCaption("a picture", analysis, tool: "a test")
          let figures: [any Figure] = [
            RooflineFigure(analysis, caption: caption), try LayerFigure(analysis, caption: caption),
          ]
          for figure in figures {
            for width in FigureWidth.allCases {
              let faults = FigureTestRuns.misplaced(figure.drawing(width))
              XCTAssertEqual(faults, [], "\(model) on \(gpu), \(figure.kind), \(width)")
              pictures += 1
            }
          }
        }
      }
    }
    XCTAssertGreaterThan(pictures, 300)
  }

  func testTheTwelveLargestOperatorsCarryTheirNames() throws {
    for model in try FigureTestRuns.models() {
      guard let analysis = try? FigureTestRuns.analysis(model, "h100-sxm") else { continue }
      var rows: [(name: String, share: Double)] = []
      for phase in analysis.phases {
        let whole = try XCTUnwrap(phase.time).value
        for row in phase.operators where row.cost.flops.total.value > 0 && row.cost.traffic.total.value > 0 {
          rows.append((phase.label(of: row), (row.time?.value ?? 0) * Double(row.occurrences.value) / whole))
        }
      }
      rows.sort { $0.share > $1.share }
      // Of equal shares any may be left out.
      let limit = rows[min(12, rows.count - 1)].share
      let figure = RooflineFigure(analysis, caption: FigureTestRuns.caption)
      for width in FigureWidth.allCases {
        let words = figure.drawing(width).labels.map(\.text)
        for row in rows.prefix(12) where row.share > limit {
          XCTAssertTrue(words.contains { $0.contains(row.name) }, "\(model), \(width): \(row.name)")
        }
      }
    }
  }

  func testOtherPicturesOverlapNoLabelsEither() throws {
    for model in ["llama-3.1-70b", "qwen3-30b-a3b"] {
      let analysis = try FigureTestRuns.analysis(model, "h100-sxm", ranks: 4)
      let footprint = try Footprint(analysis.configuration, analysis.workload, capacity: 80_000_000_000)
      var figures: [any Figure] = [
        try MemoryFigure(
          footprint, maxPositions: analysis.configuration.maxPositionEmbeddings, caption: FigureTestRuns.caption),
        try KernelsFigure(
          on: analysis.hardware, dtype: .bf16, options: RateOptions(), time: nil, observations: [], tool: "a test"),
      ]
      for axis in LatencyFigure.Axis.allCases {
        figures.append(try LatencyFigure(analysis, over: axis, tool: "a test"))
      }
      for figure in figures {
        for width in FigureWidth.allCases {
          XCTAssertEqual(FigureTestRuns.misplaced(figure.drawing(width)), [], "\(model), \(figure.kind), \(width)")
        }
      }
    }
  }

  func testTextIsAsWideAsItsLettersAndIsCutWhereItDoesNotFit() {
    // Helvetica's advance widths: A 667, i 222, W 944; none may be wider than the table's.
    XCTAssertGreaterThanOrEqual(TextMetrics.width("AiW", size: 1000), 667 + 222 + 944)
    XCTAssertEqual(TextMetrics.width("AA", size: 20), 2 * TextMetrics.width("A", size: 20), accuracy: 1e-9)
    XCTAssertGreaterThanOrEqual(TextMetrics.width("漢", size: 10), 10)
  }
}
