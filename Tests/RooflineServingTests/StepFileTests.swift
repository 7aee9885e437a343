import Foundation
import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// Files of published steps: what rows say, and what is wrong with bad ones.
final class StepFileTests: XCTestCase {
  static let header =
    "id,source,engine,engine_version,gpu,gpus,tp,pp,model,dtype,kv_dtype,batch,prompt,generate,metric,value,notes"

  static func read(_ lines: [String], header: String = header) throws -> StepFile {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("steps-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    try ([header] + lines).joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    return try StepFile.read(file.path)
  }

  func testARowsNotesSayHowItWasMeasured() throws {
    let file = try Self.read([
      "a,org/name@123:table.md,vllm,0.5.x,H100-SXM-80GB,2,2,1,llama-2-7b,fp16,,8,128,64,tokens_per_s_total,900,\"kind=static;tok=out;per=gpu;a remark, with a comma\"",
      "b,other,x,1,l40s,1,1,1,opt-1.3b,fp32,fp32,4,512,1,ttft_ms,3,\"kind=forward;one pass, head on all tokens; head=all\"",
      "c,other,x,1,l40s,1,1,1,opt-1.3b,fp8,,4,,100,tpot_ms,3,kind=steady;mean batch 4",
      "d,other,x,1,l40s,1,1,1,opt-1.3b,int4_wo,,4,1000,500,tpot_ms,3,kind=closed;len_scale=0.9",
      "e,other,x,1,l40s,1,1,1,opt-1.3b,bf16,,4,1000,500,tpot_ms,3,kind=warmup",
    ])
    let rows = file.measurements
    XCTAssertEqual(rows.map(\.conditions.regime), [.oneBatch, .forward, .steady, .closedLoop, .listed("warmup")])
    XCTAssertEqual(rows[0].conditions.counted, .generated)
    XCTAssertTrue(rows[0].conditions.isPerGPU)
    XCTAssertEqual(rows[0].publisher, "org/name")
    XCTAssertTrue(rows[1].conditions.headsEveryToken)
    XCTAssertNil(rows[2].prompt)
    XCTAssertEqual(rows[3].meanPrompt, 900)
    XCTAssertEqual(rows[3].meanGenerated, 450)
    // What the cache is kept in where a row does not say: the format of 16 bits.
    XCTAssertEqual(rows.map(\.formats.cache), [.fp16, .fp32, .bf16, .bf16, .bf16])
    let formats = rows[3].formats.formats(model: .fp16)
    XCTAssertEqual([formats.weight, formats.activation], [.int4, .bf16])
  }

  func testColumnsAreFoundByNameAndUnknownOnesAreNoted() throws {
    let file = try Self.read(
      ["closed?,llama-2-7b,9.5,tpot_ms,16,vllm,bf16,100,l40s,kind=closed,7"],
      header: "mood,model,value,metric,batch,engine,dtype,prompt,gpu,notes,generate")
    XCTAssertEqual(file.measurements[0].id, "line 2")
    XCTAssertEqual(file.measurements[0].gpus, 1)
    XCTAssertEqual(file.notes.count, 1)
    XCTAssertTrue(file.notes[0].contains("mood"))
  }

  func testACopiedLineCountsOnce() throws {
    let line = "a,s,vllm,1,l40s,1,1,1,opt-1.3b,fp16,,4,10,5,e2e_s,3,kind=static"
    let file = try Self.read([line, line.replacingOccurrences(of: "a,", with: "b,"), line])
    XCTAssertEqual(file.measurements.map(\.id), ["a", "b"])
    XCTAssertTrue(file.notes[0].contains("line 4"))
  }

  func testBadRowsAreNamedInOneSentence() {
    let good = "a,s,vllm,1,l40s,2,2,1,opt-1.3b,fp16,fp16,4,10,5,e2e_s,3.5,kind=static"
    func bad(_ old: String, _ new: String) -> String { good.replacingOccurrences(of: old, with: new) }
    for (line, words) in [
      (bad("e2e_s", "e2e_ms"), ["line 2", "metric", "ttft_ms"]), (bad("3.5", "-1"), ["line 2", "value"]),
      (bad("3.5", "nan"), ["value"]), (bad("3.5", ""), ["value is missing"]),
      (bad("fp16,fp16", "fp7,"), ["dtype", "fp7"]),
      (bad(",4,", ",0,"), ["batch"]), (bad(",4,", ",4.5,"), ["batch"]), (bad(",10,", ",,"), ["prompt is missing"]),
      (bad(",2,2,", ",3,2,"), ["gpus is 3", "tp"]), (bad("kind=static", "fast"), ["kind=static"]),
      (bad("kind=static", "kind=static;tok=both"), ["tok", "both"]), (bad(",10,5,", ",0,0,"), ["both 0"]),
      (bad("kind=static", "kind=closed;len_scale=9"), ["len_scale"]), (bad("vllm", ""), ["engine is missing"]),
      (good + ",more", ["line 2", "18 fields"]), (bad(",4,", ",99999999999999999999,"), ["batch"]),
    ] {
      XCTAssertThrowsError(try Self.read([line]), line) { error in
        for word in words { XCTAssertTrue("\(error)".contains(word), "\(error) for \(line)") }
      }
    }
    XCTAssertThrowsError(try Self.read([good, bad("e2e_s,3.5", "e2e_s,4")])) { XCTAssertTrue("\($0)".contains("id")) }
    XCTAssertThrowsError(try Self.read([])) { XCTAssertTrue("\($0)".contains("no measurement")) }
    XCTAssertThrowsError(try Self.read([good], header: "id,id")) { XCTAssertTrue("\($0)".contains("twice")) }
    XCTAssertThrowsError(try Self.read([good], header: "id,engine")) { XCTAssertTrue("\($0)".contains("no column")) }
  }
}
