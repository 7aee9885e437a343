import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class CollectiveTimeModelTests: XCTestCase {
  /// The NCCL protocols of time-model.md, typed from it: (a, h, e), the printed h of an all-reduce.
  private static let printed: [String: CollectiveConstants] = [
    "a100_sxm": CollectiveConstants(
      first: .init(latency: 7.8, step: 2.1, share: 0.10), second: .init(latency: 14, step: 1.5, share: 0.43),
      third: .init(latency: 64, step: 0.9, share: 0.72)),
    "h100_sxm": CollectiveConstants(
      first: .init(latency: 4.5, step: 1.7, share: 0.10), second: .init(latency: 6.7, step: 1.5, share: 0.44),
      third: .init(latency: 18, step: 2.1, share: 0.67), switchLatency: 41, switchShare: 0.81, switchRanks: 3),
  ]

  func testGoldensOfThePrintedConstants() throws {
    // An all-to-all is no operator of a dense decoder; its rows stay aside.
    let rows = try SharedTable("reference/collective_golden.csv").rows.filter { try $0.text("op") != "alltoall" }
    XCTAssertEqual(rows.count, 90)
    for row in rows {
      let gpu = try row.text("gpu")
      let operation = try XCTUnwrap(OperatorKind(rawValue: try row.text("op")))
      let model = CollectiveTimeModel(
        try XCTUnwrap(PrintedAttention.facts[gpu]), try XCTUnwrap(CollectiveTimeModelTests.printed[gpu]))
      let pattern = try XCTUnwrap(CollectivePattern.allCases.first { $0.kind == operation })
      let value = Operator<Count>.collective(
        pattern, ranks: UInt64(try row.number("ranks")), bytes: UInt64(try row.number("bytes")))
      let golden = try row.number("time_us") * 1e-6
      XCTAssertEqual(model.seconds(of: value, KernelConditions(.warm)), golden, accuracy: 1e-6 * golden, "\(row)")
    }
  }
}
