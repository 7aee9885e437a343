import Foundation
import RooflineCore
import RooflineTraces
import TestSupport
import XCTest

final class KinetoReaderTests: TraceTestCase {
  func testAnEventIsReadInAnyOrderOfItsKeys() throws {
    let path = try file(
      "trace.json",
      Self.kineto(
        """
        {"args": {"External id": 9, "correlation": 4, "device": 3}, "dur": 2.5, "ts": 1000.25, "name": "b\\u0041\\"c", "cat": "kernel", "ph": "X"},
        {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "ts": 1, "dur": 1, "args": {"External id": 9, "Input Dims": [[2, 3], [3, 5], []]}},
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 7, "dur": 1, "args": {"correlation": 4}},
        {"ph": "s", "id": 4, "pid": 0, "tid": 7, "ts": 3, "cat": "ac2g", "name": "ac2g"},
        {"ph": "X", "cat": "gpu_memset", "name": "Memset (Device)", "ts": 4, "dur": 0, "args": {"device": 3}},
        """,
        "\"distributedInfo\": {\"world_size\": 8}, \"deviceProperties\": [{\"id\": 3, \"name\": \"NVIDIA B200\"}], "))
    let trace = try TraceFile.read(path)
    XCTAssertEqual(trace.kernels.count, 2)
    let kernel = trace.kernels[0]
    XCTAssertEqual(trace.name(of: kernel), "bA\"c")
    XCTAssertEqual(kernel.seconds, 2.5e-6, accuracy: 1e-18)
    XCTAssertEqual(kernel.start, 1000.25e-6, accuracy: 1e-15)
    XCTAssertEqual(kernel.launched, 7e-6, accuracy: 1e-18)
    XCTAssertEqual(kernel.device, 3)
    XCTAssertEqual(trace.shapes[Int(kernel.shapes)].dimensions, [[2, 3], [3, 5], []])
    XCTAssertEqual(trace.kernels[1].activity, .set)
    XCTAssertEqual(trace.worldSize, 8)
    XCTAssertEqual(trace.devices, [TraceDevice(id: 3, name: "NVIDIA B200")])
  }

  func testMarksSayWhatAPassWorksOn() {
    func part(_ sequences: UInt64, _ tokens: UInt64? = nil, _ keys: UInt64? = nil) -> StepWork.Part {
      StepWork.Part(sequences: sequences, tokens: tokens, keys: keys)
    }
    let cases: [(mark: String, work: StepWork?)] = [
      ("execute_context_1(888_788544)_generation_0(0)", StepWork(prefill: part(1, 888), decode: nil)),
      ("execute_context_2(4096)_generation_31(31)", StepWork(prefill: part(2, 4096), decode: part(31, 31))),
      (
        "execute_32_context_0(sq0sk0sqsq0sqsk0)_generation_32(sq32sk32785sqsq32sqsk32785)",
        StepWork(prefill: nil, decode: part(32, 32, 32785))
      ),
      ("step[DECODE bs=32]", StepWork(prefill: nil, decode: part(32))),
      ("step[EXTEND bs=2 toks=1024]", StepWork(prefill: part(2, 1024), decode: nil)),
      // As SGLang's own tests have them.
      ("step[DECODE bs=2 g_sq=2 g_sqsq=2 g_sqsk=30 g_sk=30]", StepWork(prefill: nil, decode: part(2, 2, 30))),
      (
        "step[EXTEND bs=2 toks=12 c_sq=12 c_sqsq=80 c_sqsk=120 c_sk=20]",
        StepWork(prefill: part(2, 12, 20), decode: nil)
      ),
      (
        "step[MIXED bs=2 c=1 g=1 c_sq=5 c_sk=8 c_sqsq=25 c_sqsk=40 g_sq=1 g_sk=12 g_sqsq=1 g_sqsk=12]",
        StepWork(prefill: part(1, 5, 8), decode: part(1, 1, 12))
      ),
      (
        "step[MIXED bs=1 c=1 g=0 c_sq=3 c_sk=3 c_sqsq=9 c_sqsk=9 g_sq=0 g_sk=0 g_sqsq=0 g_sqsk=0]",
        StepWork(prefill: part(1, 3, 3), decode: nil)
      ),
      ("step[MIXED bs=2]", StepWork(prefill: nil, decode: nil, untold: .shares(of: 2))),
      // Three drafted tokens of each behind 10 and 20 keys.
      (
        "step[TARGET_VERIFY bs=2 g_sq=6 g_sqsq=18 g_sqsk=90 g_sk=30]",
        StepWork(prefill: nil, decode: part(2, 6, 36))
      ),
      (
        "step[TARGET_VERIFY bs=2 c_sq=6 c_sqsq=18 c_sqsk=90 c_sk=30]",
        StepWork(prefill: nil, decode: part(2, 6, 36))
      ),
      ("step[TARGET_VERIFY bs=2]", StepWork(prefill: nil, decode: nil, untold: .drafted(of: 2))),
      ("step[DRAFT_EXTEND bs=2]", StepWork(prefill: nil, decode: nil, untold: .all(mode: "DRAFT_EXTEND"))),
      (
        "[Executor] _forward_step 12: 1 ctx reqs, 888 ctx tkns, 32 gen reqs",
        StepWork(prefill: part(1, 888), decode: part(32, 32))
      ),
      ("execute_context_0(0)_generation_0(0)", nil), ("nccl:_all_gather_base", nil), ("step[IDLE bs=0]", nil),
      ("execute_context_99999999999999999999(1)_generation_0(0)", nil), ("_forward_step", nil),
    ]
    for (mark, work) in cases { XCTAssertEqual(StepWork(mark: mark), work, mark) }
  }

  func testWhatIsNoTraceIsOneSentence() throws {
    let good = Self.kernel("a")
    let cases: [(text: String, part: String)] = [
      ("", "empty"), ("{", "ends in the middle"), ("{}", "no `traceEvents`"), ("{\"a\": 1}", "no `traceEvents`"),
      ("[]", "no GPU kernels"), (Self.kineto(""), "no GPU kernels"), ("[1, 2", "ends in the middle"),
      (Self.kineto(Self.kernel("a", dur: "-5")), "negative time"),
      (Self.kineto(Self.kernel("a", dur: "NaN")), "no time"),
      (Self.kineto(Self.kernel("a", dur: "\"x\"")), "in quotes"),
      (Self.kineto(Self.kernel("a", dur: "1e400")), "no time"),
      (Self.kineto(Self.kernel("a", ts: "1e30")), "no time"), (Self.kineto(Self.kernel("a", dur: "null")), "no time"),
      (Self.kineto("\(good) \(good)"), "expected"), (Self.kineto(good) + "x", "follows the end"),
      (Self.kineto("{\"a\": ]}"), "expected"), ("{\"traceEvents\": 5}", "expected"),
      (String(repeating: "[", count: 100_000), "brackets are open"),
      ("{\"a\": " + String(repeating: "{\"b\": ", count: 100_000), "brackets are open"),
      ("{\"traceEvents\": [\(good), {\"name\": \"" + String(repeating: "x", count: 300_000), "ends in the middle"),
      ("hello", "not a trace"), ("kind,gpu\n1,2\n", "not a trace"), ("\u{0}\u{1}\u{2}", "not a trace"),
      ("SQLite format 3\u{0}", "SQLite"), ("SQLite format 3\u{0}" + String(repeating: "\u{0}", count: 4096), "SQLite"),
    ]
    for (text, part) in cases {
      let problem = problem(try file("trace.json", text))
      XCTAssertTrue(problem.contains(part), "\(text.prefix(60)): \(problem)")
    }
    XCTAssertTrue(problem("\(folder.path)/none.json").contains("no such file"))
    XCTAssertTrue(problem(folder.path).contains("folder"))
  }

  /// Cut anywhere, a trace is one sentence, and never a shorter trace.
  func testATraceThatIsCutAnywhereIsRefused() throws {
    let whole = try Data(
      contentsOf: URL(fileURLWithPath: "\(Fixtures.packageRoot)/Tests/RooflineTracesTests/Traces/decode.json"))
    for count in stride(from: 1, to: whole.count - 4, by: 4999) {
      XCTAssertFalse(problem(try file("cut.json", whole[..<count])).isEmpty, "\(count)")
    }
  }

  func testRandomBytesInATraceNeverTrap() throws {
    let whole = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: "\(Fixtures.packageRoot)/Tests/RooflineTracesTests/Traces/decode.json"))
        .prefix(6000))
    var random = SeededGenerator(seed: 18)
    for round in 0..<300 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      // Some are still traces, or end as they did.
      _ = try? TraceFile.read(try file("random-\(round).json", bytes))
    }
  }
}
