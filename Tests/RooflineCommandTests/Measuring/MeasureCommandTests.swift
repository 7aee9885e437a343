import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// `measure` on the stand-in of the driver: what it prints, and what it writes.
final class MeasureCommandTests: MeasureTestCase {
  /// A model's step with few, small rows.
  static let step =
    "measure --model llama-3.2-1b --set hidden_size=256 --set intermediate_size=768 --set vocab_size=640 --set num_attention_heads=4 --set num_key_value_heads=2 --set head_dim=64 --prompt 2 --phase decode --operators fused --tp 2"

  func testAStepIsMeasuredRowByRow() throws {
    let file = try temporaryFolder().appendingPathComponent("step.json").path
    let outcome = try roofline("\(Self.step) --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertEqual(outcome.errors, "")
    for line in outcome.output.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 120, String(line)) }
    for text in [
      "decode embedding ", "decode attn_norm ", "decode qkv_proj ", "decode rotary ", "decode attention ",
      "decode o_proj ", "decode attn_add_norm +1 ", "decode gate_up_proj ", "decode mlp_silu_dot ", "decode down_proj ",
      "decode lm_head ",
      "stand-in     these times are made up; nothing here is a measurement",
      "decode attn_all_reduce", "it needs several GPUs; one", "written      11 observations in \(file)",
    ] {
      XCTAssertTrue(outcome.output.contains(text), "\(text) is not in\n\(outcome.output)")
    }
    let whole = try document(file)
    XCTAssertEqual(whole["schemaVersion"] as? Int, 1)
    XCTAssertEqual(whole["isFake"] as? Bool, true)
    XCTAssertEqual((whole["device"] as? [String: Any])?["uuid"] as? String, "GPU-fafafafa-fafa-fafa-fafa-fafafafafa00")
    XCTAssertEqual((whole["software"] as? [String: Any])?["cudaDriver"] as? String, "13.0")
    XCTAssertEqual(whole["command"] as? String, "\(Self.step.dropFirst(8)) --output \(file)")
    // All-reduces and the gather of the logits.
    let refused = try XCTUnwrap(whole["unsupported"] as? [[String: Any]])
    XCTAssertTrue(refused.contains { ($0["names"] as? [String])?.contains("decode logits_all_gather") == true })
    let rows = try observations(file)
    XCTAssertEqual(
      rows.map { $0["op"] as? String ?? $0["kind"] as? String },
      [
        "embedding", "rmsnorm", "gemm", "rope", "attention", "gemm", "add_rmsnorm", "gemm", "silu_and_mul", "gemm",
        "gemm",
      ])
    XCTAssertEqual(rows[2]["family"] as? String, "cublaslt")
    XCTAssertEqual(["m", "n", "k"].map { rows[2][$0] as? Int }, [1, 256, 256])
    XCTAssertEqual(rows[4]["phase"] as? String, "decode")
    XCTAssertEqual(rows[4]["context"] as? Int, 3)
    // Lengths of the sequences.
    XCTAssertEqual((rows[4]["counts"] as? [String: Any])?["workspaceBytes"] as? Int, 4)
    let norm = rows[1]
    XCTAssertEqual(norm["operator"] as? String, "rmsnorm rows=1 width=256")
    XCTAssertEqual(norm["names"] as? [String], ["decode attn_norm"])
    XCTAssertEqual(norm["kind"] as? String, "row")
    XCTAssertEqual(norm["rows"] as? Int, 1)
    XCTAssertEqual(norm["width"] as? Int, 256)
    XCTAssertEqual(norm["dtype"] as? String, "bf16")
    XCTAssertEqual(norm["family"] as? String, "roofline")
    XCTAssertEqual(norm["timing"] as? String, "graph")
    XCTAssertEqual(norm["mode"] as? String, "rotating")
    let counts = try XCTUnwrap(norm["counts"] as? [String: Any])
    // Input, weight and output of 256 elements; 4w + 2 FLOPs and one root.
    XCTAssertEqual(counts["bytes"] as? Int, 3 * 256 * 2)
    XCTAssertEqual(counts["vectorFLOPs"] as? Int, 4 * 256 + 2)
    XCTAssertEqual(counts["specialFLOPs"] as? Int, 1)
    XCTAssertEqual(counts["workspaceBytes"] as? Int, 0)
    let kernel = try XCTUnwrap((norm["kernels"] as? [[String: Any]])?.first)
    XCTAssertEqual(kernel["name"] as? String, "rmsnorm_bf16")
    XCTAssertEqual(kernel["configuration"] as? NSNull, NSNull())
    XCTAssertEqual(kernel["registers"] as? Int, 32)
    XCTAssertEqual(kernel["localBytes"] as? Int, 0)
    // The stand-in's clock: 2 µs a launch, and 200 bytes a nanosecond.
    let time = try XCTUnwrap(norm["time_us"] as? Double)
    XCTAssertEqual(time, 2 + 1536 / 200e3, accuracy: 1e-3)
    let samples = try XCTUnwrap(norm["samples_us"] as? [Double])
    let statistics = try XCTUnwrap(norm["statistics"] as? [String: Any])
    XCTAssertEqual(statistics["n"] as? Int, samples.count)
    XCTAssertEqual(samples.sorted()[samples.count / 2], time, accuracy: 1e-3)
    XCTAssertEqual(statistics["floor_us"] as? Double ?? 0, 2, accuracy: 1e-3)
    let achieved = try XCTUnwrap(norm["achieved"] as? [String: Any])
    XCTAssertEqual(achieved["bytesPerSecond"] as? Double ?? 0, 1536 / (time * 1e-6), accuracy: 1e6)
    XCTAssertEqual((norm["before"] as? [String: Any])?["temperatureCelsius"] as? Double, 40)
    let check = try XCTUnwrap(norm["check"] as? [String: Any])
    XCTAssertEqual(check["comparedElements"] as? Int, 256)
  }

  /// Two seconds of calls with power and clock beside them, in the file and in the table; no joules of shorter runs.
  func testSustainedTimesHavePowerAndJoules() throws {
    let file = try temporaryFolder().appendingPathComponent("sustained.json").path
    let outcome = try roofline(
      "measure --kernel gelu rows=2 width=64 --dtype fp16 --modes rotating,sustained --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertTrue(outcome.output.contains("clock power a call") && outcome.output.contains(" 0.190"), outcome.output)
    let rows = try observations(file)
    XCTAssertEqual(rows.map { $0["mode"] as? String }, ["rotating", "sustained"])
    XCTAssertEqual(rows[0]["sustained"] as? NSNull, NSNull())
    XCTAssertEqual((rows[0]["elapsed"] as? [String: Any])?["energyJoules"] as? NSNull, NSNull())
    let sustained = try XCTUnwrap(rows[1]["sustained"] as? [String: Any])
    XCTAssertGreaterThanOrEqual(try XCTUnwrap(sustained["seconds"] as? Double), 2)
    XCTAssertEqual(sustained["powerWatts"] as? Double, 95)
    XCTAssertEqual(sustained["smClockHz"] as? Double, 900e6)
    let time = try XCTUnwrap(rows[1]["time_us"] as? Double)
    XCTAssertEqual(try XCTUnwrap(sustained["joulesPerCall"] as? Double), 95 * time * 1e-6, accuracy: 1e-8)
    XCTAssertGreaterThan(try XCTUnwrap(sustained["readings"] as? [[String: Any]]).count, 20)
    XCTAssertGreaterThan(
      try XCTUnwrap((rows[1]["recheck"] as? [String: Any])?["comparedElements"] as? Int), 0)
  }

  /// Modes, roofs of a named GPU, one kernel by its columns.
  func testOneKernelInEachMode() throws {
    let file = try temporaryFolder().appendingPathComponent("kernel.json").path
    let outcome = try roofline(
      "measure --kernel rmsnorm rows=20 width=128 --dtype fp16 --modes rotating,cold,hot --hardware h100-sxm --output \(file)",
      surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let rows = try observations(file)
    XCTAssertEqual(rows.map { $0["mode"] as? String }, ["rotating", "cold", "hot"])
    XCTAssertEqual(rows.map { $0["timing"] as? String }, ["graph", "event", "graph"])
    // An empty kernel takes 2 µs of the stand-in's clock.
    XCTAssertEqual(rows.map { $0["floor_us"] as? Double }, [nil, 2, nil])
    // An event costs nothing there.
    XCTAssertEqual(rows.map { $0["gap_us"] as? Double }, [nil, 0, nil])
    for row in rows {
      let achieved = try XCTUnwrap(row["achieved"] as? [String: Any])
      XCTAssertEqual(achieved["roof"] as? String, "memory")
      // 3.35 TB/s.
      let roof = Double((2 * 20 + 1) * 128 * 2) / 3.35e12 * 1e6
      XCTAssertEqual(achieved["roof_us"] as? Double ?? 0, roof, accuracy: 1e-4)
      XCTAssertEqual(
        achieved["shareOfRoof"] as? Double ?? 0, roof / (row["time_us"] as? Double ?? 0), accuracy: 1e-4)
    }
    XCTAssertEqual(outcome.output.components(separatedBy: "rmsnorm rows=20 width=128").count, 4)
    XCTAssertTrue(outcome.output.contains("memory"))
  }

  /// Which kernel cuBLASLt launched, and how it was set up.
  func testAProductOfCuBLASLtNamesItsKernel() throws {
    let file = try temporaryFolder().appendingPathComponent("product.json").path
    let outcome = try roofline(
      "measure --kernel gemm m=8 n=16 k=16 --dtype bf16 --output \(file)", surroundings("workspace=4096"))
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let row = try XCTUnwrap(observations(file).first)
    XCTAssertEqual(row["family"] as? String, "cublaslt")
    let kernels = try XCTUnwrap(row["kernels"] as? [[String: Any]])
    XCTAssertEqual(kernels.map { $0["name"] as? String }, ["fake_gemm"])
    XCTAssertEqual(
      kernels[0]["configuration"] as? String,
      "algorithm 66, tile 20, stages 36, split-K 1, swizzling 1, waves 0.5, workspace 4096 B")
    XCTAssertEqual(kernels[0]["grid"] as? [Int], [1, 1, 1])
    XCTAssertEqual(kernels[0]["block"] as? [Int], [128, 1, 1])
    XCTAssertEqual(kernels[0]["registers"] as? Int, 168)
    XCTAssertEqual(kernels[0]["codeHash"] as? NSNull, NSNull())
  }

  /// A list of kernels in the columns of published measurements; copies of a kernel are measured once.
  func testAListOfKernels() throws {
    let folder = try temporaryFolder()
    let list = folder.appendingPathComponent("list.csv")
    let file = folder.appendingPathComponent("list.json").path
    try """
    kind,gpu,family,source,timing,op,dtype,rows,width,heads,kv_heads,head_dim,tp,time_us
    row,a100,x,y,kernel,rmsnorm,fp16,3,64,,,,,1.5
    row,a100,x,y,kernel,rmsnorm,fp16,3,64,,,,,1.6
    row,a100,x,y,kernel,add,bf16,3,64,,,,,1.5
    row,a100,x,y,kernel,rope,bf16,3,384,4,2,64,1,1.5
    """.write(to: list, atomically: true, encoding: .utf8)
    let outcome = try roofline("measure --kernels \(list.path) --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertEqual(
      try observations(file).map { $0["operator"] as? String },
      [
        "rmsnorm rows=3 width=64", "residual_add rows=1 width=192",
        "rope rows=3 batch=1 heads=4 kv_heads=2 head_dim=64",
      ])
    XCTAssertEqual(try observations(file).map { $0["dtype"] as? String }, ["fp16", "bf16", "bf16"])
  }

  /// What `measure` writes `compare` and `calibrate` refuse with the mark, and read without it.
  func testMadeUpTimesAreNoObservations() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("fake.json")
    let surroundings = try surroundings()
    XCTAssertEqual(
      roofline(
        "measure --kernel rmsnorm rows=3 width=64 --dtype fp16 --modes rotating,hot --output \(file.path)", surroundings
      ).exitCode, 0)
    for command in ["compare", "validate", "calibrate --output \(folder.path)/c.json"] {
      let outcome = roofline("\(command) --observations \(file.path) --hardware h100-sxm")
      XCTAssertEqual(outcome.exitCode, 1)
      XCTAssertEqual(outcome.errors, "roofline: \(file.path): a fake device's file; its times are made up\n")
    }
    let text = try String(contentsOf: file, encoding: .utf8)
    try text.replacingOccurrences(of: "\"isFake\" : true", with: "\"isFake\" : false")
      .write(to: file, atomically: true, encoding: .utf8)
    // A CPU's times are beyond every tolerance: exit code 2, and a report all the same.
    let compare = "compare --observations \(file.path) --hardware h100-sxm --tolerance 1"
    let document = roofline("\(compare) --format json")
    XCTAssertEqual(document.errors, "")
    let compared = try JSONSerialization.jsonObject(with: Data(document.output.utf8)) as? [String: Any]
    XCTAssertEqual(try XCTUnwrap(compared?["rows"] as? [[String: Any]]).count, 1)
    let text2 = roofline(compare).output
    XCTAssertTrue(text2.contains("constants of vllm for the kernels of roofline"), text2)
    XCTAssertTrue(text2.contains("timed hot, not rotating as a model runs"), text2)
  }

  /// Without a name for the file, made-up times are not measured at all.
  func testMadeUpTimesNeedAName() throws {
    let outcome = try roofline("measure --kernel rmsnorm rows=3 width=64 --dtype fp16", surroundings())
    XCTAssertEqual(outcome.exitCode, 64)
    XCTAssertEqual(
      outcome.errors,
      "roofline: GPU 0 is a stand-in, whose times are made up; name a file for them with --output\n")
  }

  func testResumeMeasuresOnlyWhatIsMissing() throws {
    let file = try temporaryFolder().appendingPathComponent("step.json").path
    XCTAssertEqual(try roofline("\(Self.step) --output \(file)", surroundings("refuse=rmsnorm.cu")).exitCode, 1)
    let before = try observations(file)
    XCTAssertEqual(before.count, 10)
    XCTAssertFalse(before.contains { $0["op"] as? String == "rmsnorm" })
    let again = try roofline("\(Self.step) --output \(file)", surroundings())
    XCTAssertEqual(again.exitCode, 1)
    XCTAssertEqual(
      again.errors, "roofline: \(file): it exists; --resume goes on with it, --output names another\n")
    let resumed = try roofline("\(Self.step) --output \(file) --resume", surroundings())
    XCTAssertEqual(resumed.exitCode, 0, resumed.errors)
    XCTAssertTrue(resumed.output.contains("11 observations, 10 of them from before"), resumed.output)
    let after = try observations(file)
    XCTAssertEqual(NSArray(array: Array(after[..<10])), NSArray(array: before), "what was there stays as it was")
    XCTAssertEqual(after.last?["op"] as? String, "rmsnorm")
    let done = try roofline("\(Self.step) --output \(file) --resume", surroundings())
    XCTAssertEqual(done.exitCode, 0, done.errors)
    XCTAssertTrue(done.output.contains("written      11 observations, 11 of them from before"), done.output)
    // Another driver would make two measurements of one file.
    let other = try roofline("\(Self.step) --output \(file) --resume", surroundings("version=12090"))
    XCTAssertEqual(other.exitCode, 1)
    XCTAssertEqual(
      other.errors,
      "roofline: \(file): its driver's CUDA is 13.0, this one's 12.9; measure into another file\n")
    // So would another cuBLASLt, or none.
    var environment = try surroundings().environment
    environment["ROOFLINE_CUBLASLT"] = "/nowhere/libcublasLt.so.13"
    let without = roofline("\(Self.step) --output \(file) --resume", Surroundings(environment: environment))
    XCTAssertEqual(without.exitCode, 1)
    XCTAssertEqual(
      without.errors,
      "roofline: \(file): its cuBLASLt is 13.1.0, this one's none; measure into another file\n")
  }

  /// What a library chooses and the fastest that it offers are two measurements, either of which may be missing.
  func testResumeTellsALibrarysChoiceFromTheFastest() throws {
    let file = try temporaryFolder().appendingPathComponent("choice.json").path
    let line = "measure --kernel gemm m=16 n=32 k=64 --dtype bf16 --output \(file)"
    let switches = "algorithms=8 fastest=3"
    XCTAssertEqual(try roofline(line, surroundings(switches)).exitCode, 0)
    let whole = try document(file)
    let both = try observations(file)
    XCTAssertEqual(both.map { $0["family"] as? String }, ["cublaslt", "cublaslt-best"])
    for kept in 0..<2 {
      var document = whole
      document["observations"] = [both[kept]]
      try JSONSerialization.data(withJSONObject: document).write(to: URL(fileURLWithPath: file))
      let resumed = try roofline("\(line) --resume", surroundings(switches))
      XCTAssertEqual(resumed.exitCode, 0, resumed.errors)
      let families = try observations(file).map { $0["family"] as? String }
      XCTAssertEqual(families, kept == 0 ? ["cublaslt", "cublaslt-best"] : ["cublaslt-best", "cublaslt"])
    }
    let done = try roofline("\(line) --resume", surroundings(switches))
    XCTAssertTrue(done.output.contains("2 observations, 2 of them from before"), done.output)
  }

  func testAttentionWithoutAMaskIsWrittenAsSuch() throws {
    let file = try temporaryFolder().appendingPathComponent("full.json").path
    let kernel = "attention batch=1 query=40 context=40 heads=2 kv_heads=2 head_dim=64"
    for (options, causal) in [(" causal=0", 0), ("", nil)] as [(String, Int?)] {
      let own = "\(file)\(options.count).json"
      XCTAssertEqual(
        try roofline("measure --kernel \(kernel)\(options) --dtype fp16 --output \(own)", surroundings()).exitCode, 0)
      XCTAssertEqual(try observations(own).first?["causal"] as? Int, causal)
    }
  }

  /// A file holds measurements of one kind: another way to multiply, or another cache, is another file's.
  func testResumeKeepsToItsWay() throws {
    let file = try temporaryFolder().appendingPathComponent("kernel.json").path
    let kernel = "measure --kernel gemm m=4 n=64 k=64 --dtype bf16 --output \(file)"
    XCTAssertEqual(try roofline(kernel, surroundings()).exitCode, 0)
    XCTAssertEqual(
      try roofline("\(kernel) --resume --gemm own", surroundings()).errors,
      "roofline: \(file): its --gemm is cublaslt, this one's own; measure into another file\n")
    let decode = "measure --kernel attention batch=1 query=1 context=40 heads=2 kv_heads=1 head_dim=64 --dtype bf16"
    XCTAssertEqual(
      try roofline("\(decode) --output \(file) --resume --page-size 16", surroundings()).errors,
      "roofline: \(file): its --page-size is none, this one's 16; measure into another file\n")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacingOccurrences(of: "\"observations\" : [", with: "\"observations\" : [7, ")
      .write(toFile: file, atomically: true, encoding: .utf8)
    XCTAssertEqual(
      try roofline("\(kernel) --resume", surroundings()).errors,
      "roofline: \(file): observations[0] is none that `measure` wrote; measure into another file\n")
    // Ceilings stay where they are, and each observation says which run it is of.
    try text.replacingOccurrences(of: "\"ceilings\" : null", with: "\"ceilings\" : {\"copies\": [], \"floors\": []}")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let other = kernel.replacingOccurrences(of: "m=4", with: "m=5")
    XCTAssertEqual(try roofline("\(other) --resume", surroundings()).exitCode, 0)
    XCTAssertNotNil(try document(file)["ceilings"] as? [String: Any])
    let seeds = try observations(file).map { ($0["run"] as? [String: Any])?["seed"] as? Int }
    XCTAssertEqual(seeds.count, 2)
    XCTAssertNotEqual(seeds[0], seeds[1])
  }

  /// What machines cannot see in the lines stands on standard error.
  func testCSVOfAKernel() throws {
    let file = try temporaryFolder().appendingPathComponent("kernel.json").path
    let outcome = try roofline(
      "measure --kernel rmsnorm rows=2 width=64 --dtype fp16 --format csv --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    XCTAssertEqual(lines.count, 2)
    XCTAssertTrue(lines[0].hasPrefix("device,curve,variable,x,operator,dtype,mode,time_s,noise,bytes_per_second,"))
    XCTAssertTrue(lines[1].contains(",rmsnorm rows=2 width=64,fp16,rotating,"), lines[1])
    XCTAssertTrue(outcome.errors.contains("roofline: note: stand-in"), outcome.errors)
    XCTAssertTrue(outcome.errors.contains("1 observation in \(file)"), outcome.errors)
  }

  /// A product that is stored in the cache's format is not the one of the same shape that stays an activation.
  func testProductsIntoAnotherFormatAreNotMeasuredWithOthers() throws {
    let file = try temporaryFolder().appendingPathComponent("step.json").path
    let step = Self.step.replacingOccurrences(of: " --operators fused", with: " --kv-dtype fp8")
      .replacingOccurrences(of: "num_key_value_heads=2", with: "num_key_value_heads=4")
    let outcome = try roofline("\(step) --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let names = try observations(file).compactMap { $0["names"] as? [String] }
    XCTAssertTrue(names.contains(["decode q_proj"]), "\(names)")
    let refused = try XCTUnwrap(document(file)["unsupported"] as? [[String: Any]])
    let projections = refused.first { $0["names"] as? [String] == ["decode k_proj", "decode v_proj"] }
    XCTAssertEqual(
      projections?["reason"] as? String, "cuBLASLt stores a bf16 product in 2 bytes an element, not in fp8")
  }

  func testProgressOnATerminal() throws {
    let file = try temporaryFolder().appendingPathComponent("step.json").path
    let lines = Lines()
    let outcome = try roofline("\(Self.step) --output \(file)", surroundings(terminal: { lines.add($0) }))
    XCTAssertEqual(outcome.exitCode, 0)
    let all = lines.all
    XCTAssertEqual(all.count, 12)
    XCTAssertEqual(all.first, "\r\u{1B}[K[1/11] embedding rows=1 width=256")
    XCTAssertTrue(all[1].hasPrefix("\r\u{1B}[K[2/11] rmsnorm rows=1 width=256, "), all[1])
    XCTAssertTrue(all[1].hasSuffix(" s left"), all[1])
    XCTAssertEqual(all.last, "\r\u{1B}[K")
  }

  private final class Lines: @unchecked Sendable {
    private(set) var all: [String] = []
    func add(_ line: String) { all.append(line) }
  }

  func testBadArguments() throws {
    let surroundings = try surroundings()
    let cases: [(String, String)] = [
      (
        "measure",
        "nothing to measure; give --model and the options of analyze, --kernel KIND column=value …, --kernels FILE or --suite NAME"
      ),
      ("measure --model llama-3.2-1b --kernel rmsnorm", "--model and --kernel contradict each other; give one"),
      ("measure --kernel rmsnorm rows=2 width=8 --dtype fp16 --batch 2", "--batch needs --model"),
      (
        "measure --model llama-3.2-1b --prompt 2 rows=2",
        "unexpected argument \"rows=2\"; columns belong to --kernel KIND"
      ),
      (
        "measure --kernel rmsnorm rows=2 width=8",
        "--dtype is missing; one of fp32, tf32, bf16, fp16, fp8, int8, fp4, int4"
      ),
      ("measure --kernel gemm_dx m=2 n=2 k=2 --dtype fp16", "gemm_dx is of a backward pass, which is not measured"),
      (
        "measure --kernel rmsnorm rows=2 width=8 --dtype fp16 --modes warm",
        "--modes is \"warm\"; expected one of rotating, cold, hot, sustained, layer"
      ),
      ("measure --kernel rmsnorm rows=2 width=8 --dtype fp16 --modes hot,hot", "--modes names hot twice"),
      (
        "measure --kernel rmsnorm rows=2 width=8 --dtype fp16 --device x",
        "--device is \"x\"; expected the number of a GPU, counted from 0"
      ),
    ]
    let unused = [
      ("--kernel rmsnorm rows=2 width=8 --dtype fp16 --gemm own", "gemm", "no matrix product is measured"),
      ("--kernel rmsnorm rows=2 width=8 --dtype fp16 --gemm cublaslt", "gemm", "no matrix product is measured"),
      ("--kernel gemm m=2 n=8 k=8 --dtype fp16 --page-size 16", "page-size", "no decode attention is measured"),
      (
        "--kernel attention batch=1 query=8 context=8 heads=2 head_dim=64 --dtype fp16 --page-size 16", "page-size",
        "no decode attention is measured"
      ),
      ("--suite ceilings --page-size 16", "page-size", "no decode attention is measured"),
      ("--suite ceilings --modes cold", "modes", "ceilings have ways of their own"),
      ("--model llama-3.2-1b --prompt 2 --dp 2", "dp", "every replica runs the same operators"),
    ].map { ("measure \($0.0)", "--\($0.1) says nothing here: \($0.2); leave it out") }
    for (line, sentence) in cases + unused {
      XCTAssertEqual(
        roofline(line, surroundings), Outcome(errors: "roofline: \(sentence)\n", exitCode: 64), line)
    }
  }

  func testBadLists() throws {
    let folder = try temporaryFolder()
    let surroundings = try surroundings()
    let file = folder.appendingPathComponent("list.csv").path
    let cases = [
      ("", "it is empty; the first line must name the columns, kind among them"),
      ("rows,width\n1,2\n", "it has no column kind, which says what is to be run"),
      ("kind,rows,rows\n", "column rows stands twice in its first line"),
      ("kind,rows\n", "it has a first line and no kernel"),
      ("kind,dtype,rows,width\nrmsnorm,fp16,2\n", "line 2 has 3 fields, the first line 4"),
      ("kind,dtype,rows,width\nrmsnorm,fp16,2,x\n", "line 2: width=x is not a whole number of at least 1, below 2^63"),
      ("kind,dtype,rows,width\nrmsnrom,fp16,2,2\n", "line 2: unknown operator kind \"rmsnrom\"; did you mean rmsnorm?"),
      (
        "kind,rows,width\nrmsnorm,2,2\n",
        "line 2: --dtype is missing; one of fp32, tf32, bf16, fp16, fp8, int8, fp4, int4"
      ),
    ]
    for (text, problem) in cases {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      let outcome = roofline("measure --kernels \(file) --output \(folder.path)/o.json", surroundings)
      XCTAssertEqual(outcome.errors, "roofline: \(file): \(problem)\n")
      XCTAssertEqual(outcome.exitCode, 1)
    }
  }

  /// What cannot run is listed with its reason; a run of nothing else has failed.
  /// A missing cuBLASLt changes whose products are measured, which is said where there are any and nobody asked for them.
  func testProductsOfOurOwnAreNamedWhereTheLibraryIsMissing() throws {
    var without = try surroundings()
    without.environment["ROOFLINE_CUBLASLT"] = "/nowhere/x.so"
    let product = "gemm m=4 n=64 k=64"
    for (kernel, isNamed) in [(product, true), ("\(product) --gemm own", false), ("rmsnorm rows=2 width=64", false)] {
      let file = try temporaryFolder().appendingPathComponent("o.json").path
      let outcome = roofline("measure --kernel \(kernel) --dtype bf16 --modes hot --output \(file)", without)
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      XCTAssertEqual(text.contains("no cuBLASLt was found (looked for /nowhere/x.so)"), isNamed, text)
      XCTAssertEqual(text.contains("products are of this package's own kernel"), isNamed, text)
    }
  }

  func testWhatCannotRunIsListed() throws {
    let file = try temporaryFolder().appendingPathComponent("o.json").path
    let cases = [
      (
        "attention batch=1 query=8 heads=2 head_dim=72 --dtype bf16",
        "the attention kernels have head dims 32, 64, 80, 96, 128, 256, not 72"
      ),
      (
        "attention batch=1 query=8 heads=2 head_dim=64 --dtype fp32",
        "the attention kernels run on tensor cores, in fp16 and bf16"
      ),
      (
        "gemm m=3 n=63 k=64 --dtype fp8",
        "fp8 needs n and what lies between the output's rows as multiples of 8 elements"
      ),
      ("gemm m=3 n=64 k=64 --dtype int4", "no product of int4 is measured"),
      (
        "gemm m=3 n=64 k=64 --dtype bf16 --weight-dtype int4",
        "it multiplies two formats, bf16 and int4; kernels here take one"
      ),
      ("all_reduce ranks=8 bytes=1024", "it needs several GPUs; one is measured"),
    ]
    for (kernel, reason) in cases {
      let outcome = try roofline("measure --kernel \(kernel) --output \(file)", surroundings())
      let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      XCTAssertTrue(text.contains(": \(reason)"), "\(reason) is not in \(text)")
      XCTAssertEqual(
        outcome.errors,
        "roofline: nothing was measured: none of the operators runs on this GPU; their reasons are listed\n")
      XCTAssertEqual(outcome.exitCode, 1)
      XCTAssertFalse(FileManager.default.fileExists(atPath: file))
    }
  }

  /// Integers leave cuBLASLt as integers, which the operator's bytes do not say.
  func testARemarkIsPrintedAndWritten() throws {
    let file = try temporaryFolder().appendingPathComponent("o.json").path
    let outcome = try roofline(
      "measure --kernel gemm m=4 n=64 k=64 --dtype int8 --modes rotating,hot --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertEqual(outcome.output.components(separatedBy: "the product is stored as 32-bit integers").count, 2)
    XCTAssertEqual(
      try observations(file).map { $0["remark"] as? String },
      ["the product is stored as 32-bit integers", "the product is stored as 32-bit integers"])
  }

  /// A paged cache: its table is workspace, and so are the sequences' lengths and what the splits leave.
  func testAPagedCache() throws {
    let file = try temporaryFolder().appendingPathComponent("o.json").path
    let kernel = "attention batch=2 query=1 context=600 heads=4 kv_heads=2 head_dim=64 --dtype bf16"
    let outcome = try roofline("measure --kernel \(kernel) --page-size 16 --output \(file)", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let row = try XCTUnwrap(observations(file).first)
    // 4 SMs take 12 blocks: 3 for each of the 4 heads of keys, but 600 keys are worth 2 splits.
    let splits = 2 * 4 * 2 * (64 + 2) * 4
    XCTAssertEqual((row["counts"] as? [String: Any])?["workspaceBytes"] as? Int, 2 * 4 + 2 * 38 * 4 + splits)
    XCTAssertEqual(
      (row["kernels"] as? [[String: Any]])?.map { $0["name"] as? String },
      ["flash_decode_bf16_d64", "flash_decode_combine_bf16"])
    let wrong = try roofline("measure --kernel \(kernel) --page-size 10 --output \(file)", surroundings())
    XCTAssertEqual(wrong.errors, "roofline: --page-size is 10; expected a multiple of 16, e.g. 16\n")
  }

  /// Where nothing can be written nothing is measured.
  func testUnwritableOutputs() throws {
    let folder = try temporaryFolder()
    let surroundings = try surroundings()
    try "".write(to: folder.appendingPathComponent("file"), atomically: true, encoding: .utf8)
    for path in ["\(folder.path)/file/o.json", folder.path, "/proc/o.json"] {
      let fake = try FakeGPU()
      let outcome = roofline("measure --kernel rmsnorm rows=2 width=8 --dtype fp16 --output \(path)", surroundings)
      XCTAssertEqual(outcome.exitCode, 1, path)
      XCTAssertTrue(outcome.errors.hasPrefix("roofline: \(path): it cannot be written: "), outcome.errors)
      XCTAssertEqual(outcome.output, "")
      XCTAssertEqual(try fake.launches(), 0)
    }
  }
}
