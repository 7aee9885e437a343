import Foundation
import RooflineAnalysis
import RooflineCore
import RooflineReport
import TestSupport
import XCTest

/// Runs that pictures are made of.
enum FigureTestRuns {
  static let caption = FigureCaption(title: "a picture", subtitle: "of a run", source: "made by a test")

  static func analysis(
    _ model: String, _ gpu: String, batch: UInt64 = 8, prompt: UInt64 = 1024, ranks: UInt64 = 1,
    fused: Bool = false
  ) throws -> Analysis {
    let configuration = try Fixtures.catalog.model(model)
    var options = RateOptions()
    // Links and formats that a GPU lacks are no matter of pictures.
    options.link = 100e9
    return try Analysis(
      configuration: configuration, hardware: try Fixtures.catalog.hardware(gpu),
      workload: Workload(
        batch: batch, prompt: prompt, context: prompt + 1, tensorParallel: ranks,
        operatorSet: fused ? .fused : .separate, formats: NumberFormats(configuration.dtype)),
      options: options)
  }

  /// Every configuration of the shared data and of the catalog, by its path or name.
  static func models() throws -> [String] {
    let folder = try SharedTable.url("configs").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0.hasSuffix(".json") && !$0.contains("hf_quant_config")
    }
    return Fixtures.catalog.modelNames + files.sorted().map { "\(folder)/\($0)" }
  }

  /// Labels that overlap, or lie outside their picture.
  static func misplaced(_ drawing: Drawing) -> [String] {
    var faults: [String] = []
    let page = Box(left: 0, top: 0, width: drawing.width, height: drawing.height)
    for (index, label) in drawing.labels.enumerated() {
      if !page.contains(label.box) { faults.append("\"\(label.text)\" leaves the picture") }
      for other in drawing.labels[(index + 1)...] where label.box.overlaps(other.box) {
        faults.append("\"\(label.text)\" and \"\(other.text)\" overlap")
      }
    }
    return faults
  }
}
