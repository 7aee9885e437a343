import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineReport
import TestSupport
import XCTest

final class StepListingTests: XCTestCase {
  /// Written piece by piece, a document is byte for byte what the encoder makes of it at once.
  func testPiecesAreTheDocument() throws {
    let configuration = try Fixtures.catalog.model("llama-3.2-1b")
    let analysis = try Analysis(
      configuration: configuration, hardware: Fixtures.catalog.hardware("l4"),
      workload: Workload(
        batch: 1, prompt: 8, context: 9, tensorParallel: 1, operatorSet: .separate,
        formats: NumberFormats(configuration.dtype)), phases: Phase.allCases, options: RateOptions())
    let generation = try Generation(analysis, tokens: 2500)
    let report = AnalysisReport(analysis, generation: generation)
    XCTAssertNil(try report.everyStep(), "it is short enough to be listed anyway")
    let whole = try JSONFormat().render(report.report)
    let lines = whole.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try XCTUnwrap(lines.firstIndex { $0.hasPrefix("    \"steps\" : [") })
    let end = try XCTUnwrap(lines[start...].firstIndex { $0.hasPrefix("    ]") })
    let empty = (lines[..<start] + ["    \"steps\" : null" + lines[end].dropFirst(5)] + lines[(end + 1)...]).joined(
      separator: "\n")
    let listing = try XCTUnwrap(StepListing(empty, steps: generation.steps))
    XCTAssertEqual(listing.head + listing.joined(), whole)
    XCTAssertEqual(Array(listing).count, 4, "three pieces of up to a thousand steps, and the tail")
  }
}
