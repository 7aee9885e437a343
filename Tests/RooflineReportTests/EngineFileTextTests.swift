import Foundation
import RooflineCore
import RooflineReport
import RooflineServing
import RooflineTimeModels
import TestSupport
import XCTest

/// Engines' files as the catalog has them and as `calibrate --steps` writes them.
final class EngineFileTextTests: XCTestCase {
  func testEveryEngineOfTheCatalogIsWrittenAsItIsRead() throws {
    let names = Fixtures.catalog.engineNames
    XCTAssertGreaterThan(names.count, 5)
    for name in names {
      let engine = try Fixtures.catalog.engine(name)
      let text = EngineFileText(engine).render()
      let again = try Engine.decode(try JSONValue.parse(Data(text.utf8), file: "again"), name: name, file: engine.path)
      XCTAssertEqual(again.pass.stated.map(\.key), engine.pass.stated.map(\.key), name)
      for (own, other) in zip(again.pass.stated, engine.pass.stated) {
        XCTAssertEqual(own.value, other.value, accuracy: 1e-3 * other.value, "\(name) \(own.key)")
      }
      XCTAssertEqual(again.families, engine.families, name)
      XCTAssertEqual(again.scheduler, engine.scheduler, name)
      XCTAssertEqual(again.versions, engine.versions, name)
      XCTAssertEqual(again.fusesQuantization, engine.fusesQuantization, name)
      XCTAssertEqual(again.decodeVersions, engine.decodeVersions, name)
      XCTAssertEqual(again.fit, engine.fit, name)
      XCTAssertEqual(Set(again.heldOut.keys), Set(engine.heldOut.keys), name)
    }
  }

  /// No two files may speak for one version: which of them predicts it would be chance.
  func testEachVersionHasOneFile() throws {
    var seen: [String: String] = [:]
    for name in Fixtures.catalog.engineNames {
      let engine = try Fixtures.catalog.engine(name)
      XCTAssertFalse(engine.versions.isEmpty, name)
      for version in engine.versions {
        XCTAssertNil(seen.updateValue(name, forKey: "\(engine.engine) \(version)"), "\(version) of \(name)")
      }
    }
  }

  /// The H100 has attention of `vllm-fa3`, and no experts.
  func testALibraryWithoutKernelsOfAKindIsPassedOver() throws {
    var engine = try Fixtures.catalog.engine("vllm-0.11")
    engine.families = [.experts: ["vllm-fa3", "vllm-triton"], .attention: ["vllm-fa3"]]
    let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware("h100-sxm"))
    XCTAssertEqual(engine.families(in: set), [.experts: "vllm-triton", .attention: "vllm-fa3"])
  }

  func testAnEngineFileWithASlipNamesFileAndKey() throws {
    func scheduler(_ rest: String) -> String {
      "{\"maxNumBatchedTokens\": 8, \"maxNumSeqs\": 2, \"prompts\": \"first\"\(rest)}"
    }
    let growing = ", \"cache\": \"growing\", \"blockTokens\": 16"
    for (key, value, expected) in [
      ("pass", "{\"miliseconds\": 1}", "pass.miliseconds"), ("pass", "{\"milliseconds\": -1}", "pass.milliseconds"),
      ("scheduler", "{}", "scheduler.maxNumBatchedTokens"), ("families", "{\"gem\": [\"a\"]}", "families.gem"),
      (
        "scheduler", "{\"maxNumBatchedTokens\": 8, \"maxNumSeqs\": 2, \"prompts\": \"first\", \"idleSeats\": 1.5}",
        "idleSeats"
      ),
      ("scheduler", scheduler(""), "scheduler.cache"),
      ("scheduler", scheduler(", \"cache\": \"paged\""), "scheduler.cache"),
      ("scheduler", scheduler(", \"cache\": \"growing\""), "scheduler.blockTokens"),
      ("scheduler", scheduler(", \"cache\": \"whole\", \"freeShare\": 0.1"), "scheduler.freeShare"),
      ("scheduler", scheduler("\(growing), \"freeShare\": 0.1"), "scheduler.reservedShare"),
      ("scheduler", scheduler("\(growing), \"freeShare\": 0.1, \"reservedShare\": 2"), "scheduler.reservedShare"),
      ("decodeAttention", "{}", "decodeAttention"),
      ("decodeAttention", "[{\"cache\": \"fp7\"}]", "decodeAttention[0].cache"),
      ("decodeAttention", "[{\"cache\": \"fp8\", \"times\": 1}]", "decodeAttention[0].queriesPerKey"),
      (
        "decodeAttention", "[{\"cache\": \"fp8\", \"queriesPerKey\": 1, \"times\": 0}]", "decodeAttention[0].times"
      ),
      (
        "decodeAttention",
        "[{\"cache\": \"fp8\", \"queriesPerKey\": 1, \"times\": 2}, {\"cache\": \"fp8\", \"queriesPerKey\": 1, \"times\": 3}]",
        "decodeAttention[1].queriesPerKey"
      ),
      ("fittedOn", "{\"data\": \"none\", \"rows\": 0.5}", "fittedOn.rows"), ("launch", "\"lazy\"", "launch"),
      ("zzz", "1", "zzz"),
    ] {
      var fields = [
        "schemaVersion": "1", "engine": "\"a\"", "pass": "{}", "fittedOn": "{\"data\": \"none\", \"rows\": 0}",
        "scheduler": scheduler(", \"cache\": \"whole\""),
      ]
      fields[key] = value
      let text = "{\(fields.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", "))}"
      XCTAssertThrowsError(
        try Engine.decode(JSONValue.parse(Data(text.utf8), file: "made.json"), name: "made", file: "made.json")
      ) { error in
        let sentence = (error as? InputError)?.sentence ?? ""
        XCTAssertTrue(sentence.contains("made.json") && sentence.contains(expected), "\(key): \(sentence)")
      }
    }
  }
}
