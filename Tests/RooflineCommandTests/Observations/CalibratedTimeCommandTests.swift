import Foundation
import TestSupport
import XCTest
import roofline

/// `--time calibrated` as a user sees it.
final class CalibratedTimeCommandTests: CommandTestCase {
  private static let run = "--model llama-2-70b --hardware h100-sxm --tp 8 --batch 20 --prompt 1024"

  private func operators(_ document: [String: Any]) throws -> [[String: Any]] {
    try XCTUnwrap(document["phases"] as? [[String: Any]]).flatMap { try XCTUnwrap($0["operators"] as? [[String: Any]]) }
  }

  private func seconds(_ line: String) throws -> Double {
    let document = try json("kernel \(line) --time calibrated")
    return try XCTUnwrap((document["operator"] as? [String: Any])?["timeSeconds"] as? Double)
  }

  private func family(_ line: String) throws -> String? {
    let document = try json("kernel \(line) --time calibrated")
    return ((document["operator"] as? [String: Any])?["calibrated"] as? [String: Any])?["family"] as? String
  }

  func testTheDocumentSaysWhereTimesAreFrom() throws {
    for operatorSet in ["separate", "fused"] {
      let document = try json("analyze \(Self.run) --operators \(operatorSet) --time calibrated")
      let workload = try XCTUnwrap(document["workload"] as? [String: Any])
      XCTAssertEqual(workload["time"] as? String, "calibrated")
      XCTAssertEqual(workload["residency"] as? String, "serving")
      XCTAssertEqual(workload["launch"] as? String, "graph")
      XCTAssertEqual(workload["interval"] as? Double, 0.9)
      var bases: Set<String> = []
      for row in try operators(document) {
        let name = row["name"] as? String ?? ""
        let calibrated = try XCTUnwrap(row["calibrated"] as? [String: Any], name)
        let basis = try XCTUnwrap(calibrated["basis"] as? String, name)
        bases.insert(basis)
        let time = try XCTUnwrap(row["timeSeconds"] as? Double, name)
        let ideal = try XCTUnwrap(calibrated["idealTimeSeconds"] as? Double, name)
        XCTAssertGreaterThanOrEqual(time, ideal, name)
        let parts = try XCTUnwrap(calibrated["parts"] as? [[String: Any]], name)
        let sum = try parts.map { try XCTUnwrap($0["seconds"] as? Double, name) }.reduce(0, +)
        XCTAssertEqual(sum, time, accuracy: 1e-12 * time, name)
        XCTAssertEqual(parts.first?["name"] as? String, "roof", name)
        XCTAssertEqual(parts.contains { $0["name"] as? String == "clamp" }, basis == "clamped", name)
        switch basis {
        case "calibrated":
          XCTAssertNotNil(calibrated["family"] as? String, name)
          let interval = try XCTUnwrap(calibrated["intervalSeconds"] as? [Double], name)
          XCTAssertEqual(interval.count, 2)
          XCTAssertLessThan(interval[0], interval[1], name)
        case "clamped", "uncalibrated":
          XCTAssertEqual(time, ideal, name)
          XCTAssertTrue(calibrated["intervalSeconds"] is NSNull, name)
        default: XCTFail("\(name): \(basis)")
        }
      }
      XCTAssertTrue(bases.contains("calibrated"))
      if operatorSet == "separate" {
        XCTAssertTrue(bases.contains("uncalibrated"), "nobody timed unfused attention")
        let notices = try XCTUnwrap(document["notices"] as? [String])
        XCTAssertTrue(notices.contains { $0.contains("no constants for qk_matmul, softmax, sv_matmul") }, "\(notices)")
      }
    }
  }

  func testClampedRowsAreSaid() throws {
    // An L40S borrows its row kernels from an A100, whose L2 is faster by its share of the clock than its DRAM allows.
    let document = try json(
      "analyze --model llama-3.1-8b --hardware l40s --prompt 100 --operators fused --time calibrated")
    let clamped = try operators(document).filter {
      ($0["calibrated"] as? [String: Any])?["basis"] as? String == "clamped"
    }.compactMap { $0["name"] as? String }
    XCTAssertFalse(clamped.isEmpty)
    let notices = try XCTUnwrap(document["notices"] as? [String])
    let notice = try XCTUnwrap(notices.first { $0.hasPrefix("calibrated below the ideal time") })
    for name in clamped { XCTAssertTrue(notice.contains(name), notice) }
  }

  func testIdealStaysTheDefaultAndHasNoTraceOfCalibration() throws {
    for format in ["text", "json", "csv", "markdown"] {
      for command in ["analyze \(Self.run)", "kernel gemm m=16 n=8192 k=1024 --dtype bf16 --hardware h100-sxm"] {
        let text = output("\(command) --format \(format)")
        XCTAssertEqual(text, output("\(command) --format \(format) --time ideal"))
        XCTAssertFalse(text.contains("calibrated"))
        XCTAssertFalse(text.contains("latency") && format == "text")
      }
    }
    let workload = try XCTUnwrap(try json("analyze \(Self.run)")["workload"] as? [String: Any])
    XCTAssertEqual(workload["time"] as? String, "ideal")
    XCTAssertNil(workload["residency"])
  }

  func testTextFitsThePage() {
    for command in [
      "analyze \(Self.run) --time calibrated", "analyze \(Self.run) --operators fused --time calibrated",
      "analyze --model llama-3.1-8b --hardware b200-sxm --prompt 100 --operators fused --time calibrated",
      "kernel gemm m=16 n=8192 k=1024 --dtype bf16 --hardware h100-sxm --time calibrated",
      "kernel attention phase=decode batch=8 context=4096 heads=8 kv_heads=1 head_dim=128 --dtype bf16 --hardware h200-sxm --time calibrated",
      "kernel all_reduce ranks=8 bytes=1048576 --hardware h100-sxm --time calibrated",
    ] {
      for line in output(command).split(separator: "\n") {
        XCTAssertLessThanOrEqual(line.count, 120, "\(command): \(line)")
      }
    }
  }

  /// 268 MFLOP and 17 MB: 5.1 µs at 3.35 TB/s. The launch of 2.66 µs and the share of the bandwidth come on top.
  func testAKernelSaysItsPartsTileAndRange() throws {
    let text = output("kernel gemm m=16 n=8192 k=1024 --dtype bf16 --hardware h100-sxm --time calibrated")
    for words in [
      "ideal    5.10 µs", "parts    roof 5.10, fixed 2.66", "chosen   tile ", "split of K 1", "waves", "interval ",
      "times    gemm cublas",
    ] {
      XCTAssertTrue(text.contains(words), "\(words) not in \(text)")
    }
    XCTAssertFalse(text.contains("quantization"), "cuBLAS quantises nothing")
    let document = try json("kernel gemm m=16 n=8192 k=1024 --dtype fp8 --hardware h100-sxm --time calibrated")
    let row = try XCTUnwrap(document["operator"] as? [String: Any])
    let parts = try XCTUnwrap((row["calibrated"] as? [String: Any])?["parts"] as? [[String: Any]])
    XCTAssertEqual(parts.last?["name"] as? String, "quantization")
  }

  func testExplainListsThePartsThatAddUp() throws {
    let text = output(
      "explain --format json \(Self.run) --operators fused --time calibrated --operator o_proj --phase decode")
    let list = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    let entries = try XCTUnwrap(list.first?["entries"] as? [[String: Any]])
    func value(_ entry: [String: Any]) throws -> Double {
      try XCTUnwrap(Double(try XCTUnwrap(entry["value"] as? String)))
    }
    let parts = entries.filter { ($0["quantity"] as? String)?.hasPrefix("parts.") == true }
    XCTAssertEqual(
      parts.compactMap { $0["quantity"] as? String },
      ["roof", "fixed", "waves", "tile", "rate", "sag", "L2", "DRAM", "split", "overlap"].map { "parts.\($0)" })
    let time = try value(try XCTUnwrap(entries.first { $0["quantity"] as? String == "timeSeconds" }))
    XCTAssertEqual(try parts.map(value).reduce(0, +), time, accuracy: 1e-12 * time)
    let ends = try ["interval.low", "interval.high"].map { name in
      try value(try XCTUnwrap(entries.first { $0["quantity"] as? String == name }))
    }
    XCTAssertLessThan(ends[0], time)
    XCTAssertGreaterThan(ends[1], time)
    for part in parts { XCTAssertFalse((part["source"] as? String ?? "").isEmpty, "\(part)") }
  }

  func testFamiliesByTheirNamesAndOtherNames() throws {
    let gemm = "gemm m=16 n=1024 k=1024 --dtype bf16 --hardware h100-sxm"
    let decode = "attention phase=decode batch=8 context=4096 heads=8 kv_heads=1 head_dim=128 --dtype bf16"
    for name in ["cublas", "nvjet", "cublaslt", "cuBLASLt"] {
      XCTAssertEqual(try family("\(gemm) --family gemm=\(name)"), "cublas", name)
    }
    XCTAssertEqual(try family("\(decode) --hardware h100-sxm --family attention=trtllm"), "trtllm")
    XCTAssertEqual(try family("\(decode) --hardware h100-sxm --family attention=flash-attention-3"), "vllm-fa3")
    XCTAssertEqual(try family("\(decode) --hardware h100-sxm --family attention=sglang-fa3"), "sglang-fa3")
    XCTAssertEqual(try family("\(decode) --hardware a100-sxm4-80gb --family attention=flashinfer"), "sglang")
    XCTAssertEqual(try family("\(decode) --hardware a100-sxm4-80gb --family attention=flash-attention-2"), "vllm-fa2")
    XCTAssertEqual(try family("\(decode) --hardware l40s --family attention=flashinfer"), "sglang-flashinfer")
    // Libraries differ; a choice that changed nothing would be no choice.
    XCTAssertNotEqual(
      try seconds("\(decode) --hardware h100-sxm"),
      try seconds("\(decode) --hardware h100-sxm --family attention=trtllm"))
  }

  func testResidencyLaunchAndInterval() throws {
    // 2 MB of weights fit into L2 many times over.
    let gemm = "gemm m=16 n=1024 k=1024 --dtype bf16 --hardware h100-sxm"
    XCTAssertLessThan(try seconds("\(gemm) --residency warm"), try seconds("\(gemm) --residency serving"))
    XCTAssertEqual(try seconds(gemm), try seconds("\(gemm) --residency serving"))
    XCTAssertLessThan(
      try seconds("gemm m=16 n=1024 k=1024 copies=1 --dtype bf16 --hardware h100-sxm"),
      try seconds("gemm m=16 n=1024 k=1024 copies=1000 --dtype bf16 --hardware h100-sxm"))

    // Eager constants are nobody's on this GPU, and the output says so.
    let document = try json("analyze \(Self.run) --operators fused --time calibrated --launch eager")
    XCTAssertEqual((document["workload"] as? [String: Any])?["launch"] as? String, "eager")
    let notices = try XCTUnwrap(document["notices"] as? [String])
    XCTAssertTrue(
      notices.contains { $0.contains("constants of graph launches") && $0.contains("gemm (cublas)") }, "\(notices)")

    func width(_ share: String) throws -> Double {
      let document = try json("kernel \(gemm) --time calibrated --interval \(share)")
      let calibrated = (document["operator"] as? [String: Any])?["calibrated"] as? [String: Any]
      let interval = try XCTUnwrap(calibrated?["intervalSeconds"] as? [Double])
      return interval[1] - interval[0]
    }
    XCTAssertLessThan(try width("0.5"), try width("0.9"))
    XCTAssertLessThan(try width("0.9"), try width("0.99"))
  }

  func testContradictionsAndBadNames() {
    let run = "analyze \(Self.run)"
    let cases: [(String, [String])] = [
      ("\(run) --time calibrated --efficiency 0.9", ["--efficiency", "ideal"]),
      ("\(run) --time calibrated --bandwidth 1e12", ["--bandwidth"]),
      ("\(run) --time calibrated --overlap sum", ["--overlap"]),
      ("\(run) --time best", ["ideal, calibrated, anchored"]),
      ("\(run) --residency warm", ["--residency needs --time calibrated"]),
      ("\(run) --launch eager", ["--launch needs --time calibrated"]),
      ("\(run) --family attention=trtllm", ["--family needs --time calibrated"]),
      ("\(run) --interval 0.5", ["--interval needs"]), ("\(run) --time calibrated --interval 1", ["0.5 to 0.99"]),
      ("\(run) --time calibrated --observations x.csv", ["--time anchored"]),
      ("\(run) --time anchored", ["--observations is missing"]),
      ("\(run) --time calibrated --residency cold", ["serving, warm"]),
      ("\(run) --time calibrated --launch lazy", ["graph, eager"]),
      ("\(run) --time calibrated --family trtllm", ["kind=name"]),
      ("\(run) --time calibrated --family attention=", ["kind=name"]),
      ("\(run) --time calibrated --family conv=x", ["gemm, attention, row, collective"]),
      ("\(run) --time calibrated --family attention=vllm-fa4", ["vllm-fa4", "did you mean", "vllm-fa3"]),
      ("\(run) --time calibrated --family gemm=trtlm-fp8", ["did you mean trtllm-fp8"]),
      ("\(run) --time calibrated --family gemm=zzzzzzzz", ["zzzzzzzz", "cublas"]),
      ("\(run) --time calibrated --family attention=trtllm --family attention=vllm-fa3", ["given twice"]),
    ]
    for (command, words) in cases {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, "\(command): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors)
      for word in words { XCTAssertTrue(outcome.errors.contains(word), "\(command): \(word) not in \(outcome.errors)") }
    }
  }

  func testBorrowedConstantsAreSaidInTextAndJSON() throws {
    for (hardware, donor, isOld) in [
      ("h200-sxm", "h100-sxm", false), ("b200-sxm", "h100-sxm", true), ("l4", "l40s", false),
    ] {
      let command =
        "analyze --model llama-3.1-8b --hardware \(hardware) --prompt 100 --operators fused --time calibrated"
      let notices = try XCTUnwrap(try json(command)["notices"] as? [String])
      let notice = try XCTUnwrap(notices.first { $0.hasPrefix("constants of \(donor)") }, "\(hardware): \(notices)")
      XCTAssertTrue(notice.contains("gemm (cublas)"), notice)
      XCTAssertEqual(notice.contains("another generation"), isOld, notice)
      XCTAssertTrue(output(command).contains("note     constants of \(donor)"))
      // Errors of 10 to 50 % are nothing to overlook in a pipe.
      if isOld { XCTAssertTrue(roofline(command).errors.contains("another generation"), hardware) }
    }
    // The L40S has no constants of row kernels, so its sister takes those of the A100, and says so.
    let errors = roofline("analyze --model llama-3.1-8b --hardware l4 --prompt 100 --time calibrated").errors
    XCTAssertTrue(errors.contains("constants of a100-sxm4-80gb") && errors.contains("rmsnorm (vllm)"), errors)
    XCTAssertFalse(errors.contains("gemm"), errors)
  }

  /// Sizes that no GPU has seen: a time, the ideal one with a note, or one sentence. Never a trap, never a number that is none.
  func testSizesBeyondAllMeasure() {
    let kernels = [
      "gemm m=1 n=1 k=1", "gemm m=10000000 n=1 k=1", "gemm m=1000000000 n=2000000000 k=1",
      "gemm m=9223372036854775807 n=1 k=1", "gemm m=1 n=1 k=4611686018427387904",
      "attention query=1 heads=1 head_dim=1", "attention query=5000 window=1 heads=1 head_dim=1",
      "attention query=1000000 heads=2000000 kv_heads=1 head_dim=1", "attention query=10000000 heads=1 head_dim=1",
      "attention query=4611686018427387904 heads=1 head_dim=1",
      "attention query=1 heads=1 head_dim=9223372036854775807",
      "attention phase=decode batch=1000000000 context=1000000000 heads=1 head_dim=1",
      "attention phase=decode context=4611686018427387904 heads=1 head_dim=1",
      "attention phase=decode batch=200 context=9007199254740993 heads=1024 kv_heads=1 head_dim=1",
      "attention query=2 context=1152921504606846976 heads=2048 head_dim=1", "rope rows=1 heads=7 head_dim=2",
      "rope rows=1 heads=1 head_dim=2", "rmsnorm rows=1 width=1", "rmsnorm rows=4611686018427387904 width=1",
      "embedding rows=1 width=4611686018427387", "residual_add rows=1 width=1152921504606846",
      "all_reduce ranks=1048576 bytes=1", "all_reduce ranks=1048576 bytes=4611686018427387904",
      "all_gather ranks=9223372036854775807 bytes=9223372036854775807", "reduce_scatter ranks=2 bytes=1",
    ]
    for (hardware, kinds, format) in [
      ("h100-sxm", [""], "json"), ("l40s --family attention=flashinfer", ["attention"], "text"),
      ("a100-sxm4-80gb --residency warm", ["gemm", "embedding", "rope"], "text"),
    ] {
      for kernel in kernels where kinds.contains(where: { $0.isEmpty || kernel.hasPrefix($0) }) {
        let outcome = roofline(
          "kernel \(kernel) --dtype bf16 --hardware \(hardware) --time calibrated --format \(format)")
        XCTAssertTrue([0, 1].contains(outcome.exitCode), "\(kernel): \(outcome.exitCode) \(outcome.errors)")
        XCTAssertFalse(outcome.errors.contains("could not be written"), "\(kernel) \(hardware): \(outcome.errors)")
        for word in ["nan", " inf", "-inf"] {
          XCTAssertFalse(outcome.output.contains(word), "\(kernel): \(outcome.output)")
        }
      }
    }
    let large = "kernel attention query=1000000 heads=2000000 kv_heads=1 head_dim=1 --dtype bf16 --hardware h100-sxm"
    XCTAssertTrue(output("\(large) --time calibrated").contains("note     too large for what the time model describes"))
  }

  func testEveryFormatIsTimedOrSaysThatNobodyTimedIt() throws {
    for dtype in ["bf16", "fp16", "fp32", "tf32", "fp8", "int8", "int4", "fp4"] {
      for hardware in ["h100-sxm", "l40s", "t4"] {
        let outcome = roofline(
          "analyze --model llama-3.2-1b --hardware \(hardware) --prompt 64 --operators fused --dtype \(dtype) --time calibrated --format json"
        )
        if outcome.exitCode == 0 {
          let isTimed = ["bf16", "fp16"].contains(dtype) && hardware != "t4"
          if isTimed { XCTAssertFalse(outcome.output.contains("no constants for qkv_proj"), "\(dtype) on \(hardware)") }
          if ["fp32", "int8", "int4", "fp4"].contains(dtype) {
            XCTAssertTrue(outcome.output.contains("no constants for"), "\(dtype) on \(hardware)")
          }
        } else {
          XCTAssertEqual(outcome.exitCode, 1)
          XCTAssertTrue(outcome.errors.contains("\(hardware) has no"), "\(dtype) on \(hardware): \(outcome.errors)")
        }
      }
    }
  }
}
