import Foundation
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Measured rows of latent, linear and sparse attention: what is read, and what is refused.
final class MixerObservationTests: XCTestCase {
  private static let columns: [String: (names: String, good: [String: String])] = [
    "mla": (
      "op,form,dtype,kv_dtype,batch,query,context,heads,kv_heads,qk_dim,v_dim",
      [
        "op": "decode", "form": "absorbed", "dtype": "bf16", "kv_dtype": "fp8", "batch": "3", "query": "1",
        "context": "70", "heads": "16", "kv_heads": "1", "qk_dim": "576", "v_dim": "512",
      ]
    ),
    "linear_attention": (
      "op,phase,dtype,state_dtype,batch,query,k_heads,v_heads,k_dim,v_dim,channels,width,chunk",
      [
        "op": "gdn", "phase": "prefill", "dtype": "bf16", "state_dtype": "fp32", "batch": "2", "query": "100",
        "k_heads": "4", "v_heads": "8", "k_dim": "128", "v_dim": "64", "channels": "1024", "width": "4", "chunk": "64",
      ]
    ),
    "sparse_attention": (
      "op,dtype,kv_dtype,batch,query,context,heads,index_heads,index_dim,topk,compress,qk_dim,v_dim,score_mode",
      [
        "op": "topk", "dtype": "fp32", "kv_dtype": "fp8", "batch": "2", "query": "10", "context": "100", "heads": "64",
        "index_heads": "64", "index_dim": "128", "topk": "50", "compress": "1", "qk_dim": "576", "v_dim": "512",
        "score_mode": "top_last",
      ]
    ),
  ]

  private func read(_ kind: String, _ changes: [String: String]) throws -> ObservationFile {
    let (names, good) = try XCTUnwrap(Self.columns[kind])
    let fields = names.split(separator: ",").map { changes[String($0)] ?? good[String($0)] ?? "" }
    let text =
      "kind,gpu,family,timing,\(names),time_us\n\(kind),h100_sxm,lib,graph,\(fields.joined(separator: ",")),9\n"
    return try ObservationFile(csv: Array(text.utf8), path: "test.csv")
  }

  private func value(_ kind: String, _ changes: [String: String] = [:]) throws -> Operator<Count> {
    let file = try read(kind, changes)
    XCTAssertEqual(file.unknownColumns, [])
    return try XCTUnwrap(file.observations.first, "\(file.skipped)").value
  }

  func testLatentRowsAreTheKernelsThatTheyName() throws {
    guard case .attention(let decode) = try value("mla") else { return XCTFail("no attention") }
    // 3 · 70 rows of 576 bytes; two products of 16 heads over 210 keys.
    XCTAssertEqual(decode.traffic.loadKVCache.value, 120_960)
    XCTAssertEqual(decode.flops.tensor.value, 7_311_360)
    let naive = ["op": "prefill", "form": "naive", "query": "70", "qk_dim": "192", "v_dim": "128", "kv_heads": "16"]
    // 1 + 2 + … + 70 pairs are 2485.
    guard case .attention(let prefill) = try value("mla", naive) else { return XCTFail("no attention") }
    XCTAssertEqual(prefill.flops.tensor.value, 76_339_200)
    guard case .batchedGEMM(let keys) = try value("mla", ["op": "bmm_k", "qk_dim": "128", "v_dim": "512"]) else {
      return XCTFail("no products")
    }
    XCTAssertEqual(keys.flops.tensor.value, 6_291_456)
    XCTAssertTrue(keys.isTransposed)
  }

  func testLinearRowsAreTheKernelsThatTheyName() throws {
    guard case .deltaRule(let chunks) = try value("linear_attention") else { return XCTFail("no rule") }
    XCTAssertEqual(chunks.recurrence.form, .chunks(of: 64))
    XCTAssertEqual(chunks.decay, .head)
    XCTAssertEqual(chunks.stateBytes.value, 524_288)
    let step = ["op": "kda", "phase": "decode", "query": "1", "chunk": "0", "state_dtype": "bf16"]
    guard case .deltaRule(let steps) = try value("linear_attention", step) else { return XCTFail("no rule") }
    XCTAssertEqual(steps.recurrence.form, .steps)
    XCTAssertEqual(steps.decay, .channel)
    XCTAssertEqual(steps.stateBytes.value, 262_144)
    for (op, bias, isKimi) in [("gdn_conv", false, false), ("kda_conv", false, true), ("mamba2_conv", true, false)] {
      guard case .causalConvolution(let conv) = try value("linear_attention", ["op": op]) else {
        return XCTFail("no convolution")
      }
      XCTAssertEqual(conv.hasBias, bias)
      XCTAssertEqual(conv.isKimi, isKimi)
      XCTAssertFalse(conv.isStep)
    }
  }

  func testSparseRowsAreTheKernelsThatTheyName() throws {
    guard case .indexSelection(let choice) = try value("sparse_attention") else { return XCTFail("no choice") }
    // Ten queries see 91 … 100 keys, 955 pairs.
    XCTAssertEqual(choice.pairs, 955)
    XCTAssertFalse(choice.scoresTie)
    let compressed = ["op": "topk_compressed", "compress": "4", "topk": "512", "score_mode": "v1_flat"]
    guard case .indexSelection(let entries) = try value("sparse_attention", compressed) else {
      return XCTFail("no choice")
    }
    // 22, four times 23, four times 24 and 25 entries.
    XCTAssertEqual(entries.pairs, 235)
    XCTAssertEqual(entries.kept, 25)
    XCTAssertTrue(entries.scoresTie)
    guard case .indexScores(let scores) = try value("sparse_attention", ["op": "index_logits", "dtype": "fp8"]) else {
      return XCTFail("no scores")
    }
    XCTAssertEqual(scores.flops.tensor.value, 31_293_440)
    let chosen = ["op": "attention", "dtype": "bf16", "kv_dtype": "bf16"]
    guard case .attention(let attention) = try value("sparse_attention", chosen) else { return XCTFail("no attention") }
    XCTAssertEqual(attention.flops.tensor.value, 139_264_000)
    let window = ["op": "attention_compressed", "compress": "128", "dtype": "bf16", "qk_dim": "512", "topk": "0"]
    guard case .attention(let both) = try value("sparse_attention", window) else { return XCTFail("no attention") }
    // A window of 128 hides nothing of 100 keys, and no entry of 128 tokens is complete.
    XCTAssertEqual(both.flops.tensor.value, 250_347_520)
  }

  func testRowsWithoutAModelAreCountedWithAReason() throws {
    let cases: [(kind: String, changes: [String: String], reason: String)] = [
      ("mla", ["op": "decode_module"], "no model of mla op decode_module"),
      ("mla", ["query": "2"], "no model of decode with several queries a sequence"),
      ("mla", ["form": "naive"], "no model of naive latent attention in decode"),
      ("linear_attention", ["phase": "verify"], "no model of verifying drafted tokens by recurrences"),
      ("linear_attention", ["op": "scan"], "no model of linear_attention op scan"),
      ("sparse_attention", ["op": "dsa_module"], "no model of sparse_attention op dsa_module"),
      (
        "sparse_attention", ["op": "index_logits", "dtype": "fp8", "query": "1"],
        "scores of single queries over keys in a row, which serving does not run"
      ),
      (
        "sparse_attention", ["op": "topk_compressed", "compress": "128"],
        "no entry is complete, and nothing is scored"
      ),
    ]
    for (kind, changes, reason) in cases {
      let file = try read(kind, changes)
      XCTAssertEqual(file.observations.count, 0, reason)
      XCTAssertEqual(file.skipped.map(\.reason), [reason])
    }
  }

  func testMalformedRowsGetASentenceThatNamesLineAndColumn() throws {
    let cases: [(kind: String, changes: [String: String], problem: String)] = [
      ("mla", ["context": ""], "context is missing"),
      ("mla", ["heads": "-1"], "heads is \"-1\"; expected a whole number of at least 1"),
      ("mla", ["context": "0.5"], "context is \"0.5\"; expected a whole number of at least 1"),
      ("mla", ["op": "prefill", "query": "71"], "query is more than context, which includes the new tokens"),
      ("mla", ["form": "folded"], "form is \"folded\"; expected naive or absorbed"),
      ("mla", ["qk_dim": "512"], "v_dim is not below qk_dim, which holds the values"),
      (
        "mla", ["op": "prefill", "form": "naive", "query": "70", "qk_dim": "64"],
        "qk_dim is not above 64, which all heads share"
      ),
      ("mla", ["dtype": "bf17"], "dtype is \"bf17\"; expected one of"),
      ("mla", ["batch": "9000000000000000000"], "its FLOPs or bytes are a count above 2^63 − 1; correct its sizes"),
      ("linear_attention", ["phase": "train"], "phase is \"train\"; expected prefill, decode or verify"),
      ("linear_attention", ["chunk": "0"], "chunk is 0, and a prompt runs in chunks"),
      ("linear_attention", ["state_dtype": "big"], "state_dtype is \"big\"; expected one of"),
      ("linear_attention", ["op": "gdn_conv", "channels": ""], "channels is missing"),
      ("sparse_attention", ["score_mode": "odd"], "score_mode is \"odd\"; expected flat or top_last"),
      ("sparse_attention", ["query": "101"], "query is more than context, which includes the new tokens"),
      ("sparse_attention", ["op": "attention", "v_dim": "600"], "v_dim is above qk_dim, which holds the values"),
      ("sparse_attention", ["op": "attention", "topk": "0"], "topk is \"0\"; expected a whole number of at least 1"),
    ]
    for (kind, changes, problem) in cases {
      XCTAssertThrowsError(try read(kind, changes), problem) { error in
        guard case .notMeasurements(file: "test.csv", problem: let own)? = error as? InputError else {
          return XCTFail("\(error)")
        }
        XCTAssertTrue(own.hasPrefix("line 2: \(problem)"), own)
      }
    }
  }
}
