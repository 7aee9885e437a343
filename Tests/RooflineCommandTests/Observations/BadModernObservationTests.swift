import Foundation
import TestSupport
import XCTest
import roofline

/// Faults in measurements of experts, exchanges and latent, linear and sparse attention: one sentence that names file, line and column,
/// and nothing printed or written.
final class BadModernObservationTests: CommandTestCase {
  /// A good row of a kind, and what a fault in one of its columns must be called by.
  private struct Table {
    let columns: [(name: String, value: String)]
    let faults: [(column: String, value: String, words: [String])]

    func text(_ column: String? = nil, _ value: String = "") -> String {
      let good = columns.map(\.value).joined(separator: ",")
      let changed = columns.map { $0.name == column ? value : $0.value }.joined(separator: ",")
      return "\(columns.map(\.name).joined(separator: ","))\n\(good)\n\(column == nil ? good : changed)\n"
    }

    /// Without a column.
    func text(without column: String) -> String {
      let kept = columns.filter { $0.name != column }
      return "\(kept.map(\.name).joined(separator: ","))\n\(kept.map(\.value).joined(separator: ","))\n"
    }
  }

  private static func columns(_ text: String) -> [(name: String, value: String)] {
    text.split(separator: " ").map { pair in
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
      return (String(parts[0]), String(parts[1]))
    }
  }

  private static let tables: [String: Table] = [
    "moe": Table(
      columns: columns(
        "kind=moe gpu=h100_sxm family=sglang-marlin source=s timing=graph dtype=int4_wo gated=1 tuned=1 tokens=64 hidden=4096 intermediate=1536 experts=128 top_k=8 tp=2 ep=4 distribution=balanced time_us=90"
      ),
      faults: [
        ("dtype", "int5_wo", ["dtype is \"int5_wo\""]), ("gated", "2", ["gated is \"2\"", "0 or 1"]),
        ("tuned", "yes", ["tuned is \"yes\"", "0 or 1"]), ("tokens", "0", ["tokens is \"0\""]),
        ("tokens", "", ["tokens is missing"]), ("hidden", "-1", ["hidden is \"-1\""]),
        ("intermediate", "7.5", ["intermediate is \"7.5\""]), ("intermediate", "1537", ["tp does not divide"]),
        ("experts", "many", ["experts is \"many\""]), ("experts", "130", ["ep does not divide experts"]),
        ("experts", "4000000000", ["experts is 4000000000", "at most"]),
        ("top_k", "129", ["top_k is more than experts"]),
        ("top_k", "1e30", ["top_k is \"1e30\""]), ("tp", "0", ["tp is \"0\""]), ("ep", "nan", ["ep is \"nan\""]),
        ("distribution", "zipf", ["distribution is \"zipf\"", "power1.2"]),
        ("distribution", "powerful", ["distribution is \"powerful\""]),
        ("distribution", "", ["distribution is missing"]),
        ("time_us", "-90", ["time_us is \"-90\""]), ("family", "", ["family is missing"]),
        ("tokens", "9000000000000000000", ["a count above 2^63 − 1"]),
      ]),
    "alltoall": Table(
      columns: columns(
        "kind=alltoall gpu=h100_sxm family=vllm-deepep source=s timing=graph op=dispatch dtype=default ranks=8 nodes=1 hidden=7168 experts=256 top_k=8 tokens=128 sms=24 time_us=60"
      ),
      faults: [
        ("op", "gather", ["op is \"gather\"", "dispatch or combine"]), ("dtype", "fp9", ["dtype is \"fp9\""]),
        ("ranks", "1", ["ranks is \"1\"", "at least 2"]), ("ranks", "7", ["ranks does not divide experts"]),
        ("nodes", "0", ["nodes is \"0\""]), ("hidden", "x", ["hidden is \"x\""]),
        ("top_k", "257", ["top_k is more than experts"]), ("tokens", "", ["tokens is missing"]),
        ("sms", "-1", ["sms is \"-1\""]), ("time_us", "inf", ["time_us is \"inf\""]),
      ]),
    "mla": Table(
      columns: columns(
        "kind=mla gpu=h100_sxm family=trtllm-flashmla source=s timing=graph op=decode form=absorbed dtype=bf16 kv_dtype=bf16 batch=4 query=1 context=512 heads=16 kv_heads=1 qk_dim=576 v_dim=512 time_us=20"
      ),
      faults: [
        ("form", "split", ["form is \"split\"", "naive or absorbed"]), ("kv_dtype", "bf17", ["kv_dtype is \"bf17\""]),
        ("batch", "0", ["batch is \"0\""]), ("context", "", ["context is missing"]),
        ("heads", "two", ["heads is \"two\""]),
        ("v_dim", "576", ["v_dim is not below qk_dim"]), ("query", "513", ["query is more than context"]),
        ("time_us", "0", ["time_us is \"0\""]),
      ]),
    "linear_attention": Table(
      columns: columns(
        "kind=linear_attention gpu=h100_sxm family=sglang-fla source=s timing=graph op=gdn phase=prefill dtype=bf16 state_dtype=fp32 batch=1 query=512 k_heads=16 v_heads=32 k_dim=128 v_dim=128 chunk=64 time_us=60"
      ),
      faults: [
        ("phase", "encode", ["phase is \"encode\"", "prefill, decode or verify"]), ("chunk", "0", ["chunk is 0"]),
        ("query", "", ["query is missing"]), ("state_dtype", "fp33", ["state_dtype is \"fp33\""]),
        ("time_us", "1e-9", ["time_us is \"1e-9\""]),
      ]),
    "sparse_attention": Table(
      columns: columns(
        "kind=sparse_attention gpu=h100_sxm family=sglang-sgl-topk source=s timing=graph op=topk dtype=fp32 batch=1 query=64 context=8192 topk=2048 score_mode=flat compress=1 time_us=30"
      ),
      faults: [
        ("score_mode", "steep", ["score_mode is \"steep\"", "flat or top_last"]), ("topk", "0", ["topk is \"0\""]),
        ("query", "9000", ["query is more than context"]), ("batch", "1.5", ["batch is \"1.5\""]),
        ("time_us", "fast", ["time_us is \"fast\""]),
      ]),
  ]

  func testEachFaultIsOneSentenceThatNamesFileLineAndColumn() throws {
    let folder = try temporaryFolder()
    let existing = folder.appendingPathComponent("existing.json")
    try Data("old".utf8).write(to: existing)
    let file = folder.appendingPathComponent("o.csv")
    let absent = folder.appendingPathComponent("absent.json")
    func assertRefused(_ text: String, _ words: [String], _ what: String) throws {
      try Data(text.utf8).write(to: file)
      for command in ["validate", "calibrate --output \(absent.path)", "calibrate --output \(existing.path)"] {
        let outcome = roofline("\(command) --observations \(file.path)")
        XCTAssertEqual(outcome.exitCode, 1, "\(what), \(command): \(outcome.errors)")
        XCTAssertEqual(outcome.output, "", what)
        XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors)
        for word in [file.path] + words { XCTAssertTrue(outcome.errors.contains(word), "\(what): \(outcome.errors)") }
      }
      XCTAssertFalse(FileManager.default.fileExists(atPath: absent.path), what)
      XCTAssertEqual(try String(contentsOf: existing, encoding: .utf8), "old", what)
    }
    for (kind, table) in Self.tables.sorted(by: { $0.key < $1.key }) {
      // The row itself is good: whatever is refused below is refused for its fault.
      try Data(table.text().utf8).write(to: file)
      XCTAssertEqual(roofline("validate --observations \(file.path)").exitCode, 0, kind)
      for fault in table.faults {
        try assertRefused(table.text(fault.column, fault.value), ["line 3"] + fault.words, "\(kind), \(fault)")
      }
      try assertRefused(table.text(without: "time_us"), ["no column time_us"], "\(kind) without a time")
      try assertRefused(table.text() + "\(kind),h100_sxm\n", ["line 4", "2 fields"], "\(kind), a short line")
    }
  }
}
