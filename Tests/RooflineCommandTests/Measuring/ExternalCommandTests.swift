import Foundation
import TestSupport
import XCTest
import roofline

/// `measure --external`: tasks out, times back, a file like any other; on a machine that need not have a GPU.
final class ExternalCommandTests: CommandTestCase {
  static let runner = "\(Fixtures.packageRoot)/Tests/RooflineCommandTests/Runners/cpu_runner.py"

  /// A machine without a driver.
  private let surroundings = Surroundings(
    environment: ["ROOFLINE_HOME": Fixtures.packageRoot, "ROOFLINE_CUDA_DRIVER": "/nowhere/libcuda.so.1"])

  private func measure(_ line: String, by command: String) -> Outcome {
    Tool.run(
      ["measure"] + line.split(separator: " ").map(String.init) + ["--external", command], surroundings)
  }

  private func measure(_ line: String, fault: String = "", _ more: String = "") -> Outcome {
    measure(line, by: "exec python3 '\(Self.runner)' \(fault.isEmpty ? "" : "--fault '\(fault)'") \(more)")
  }

  private func document(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func observations(_ path: String) throws -> [[String: Any]] {
    try XCTUnwrap(document(path)["observations"] as? [[String: Any]])
  }

  /// Three kernels in a list.
  private func list(in folder: URL) throws -> String {
    let list = folder.appendingPathComponent("list.csv")
    try """
    kind,dtype,rows,width,m,n,k
    rmsnorm,bf16,2,64,,,
    residual_add,fp16,2,64,,,
    gemm,bf16,,,4,8,16
    """.write(to: list, atomically: true, encoding: .utf8)
    return list.path
  }

  func testAModelsRowsAreMeasuredByACommand() throws {
    let folder = try temporaryFolder()
    let (file, log) = (folder.appendingPathComponent("o.json").path, folder.appendingPathComponent("log").path)
    let outcome = measure(
      "\(MeasureCommandTests.step.dropFirst("measure ".count)) --output \(file)", "--log \(log)")
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(outcome.exitCode, 0)
    for line in outcome.output.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 120, String(line)) }
    for text in [
      "measured by the command of --external on h100-sxm", "decode attn_norm", "python", "eager",
      "not measured decode attention: Python has no attention here", "not measured decode embedding: Python has no",
      "remark       decode attn_norm, python: in double precision", "written      6 observations in \(file)",
    ] {
      XCTAssertTrue(outcome.output.contains(text), "\(text) is not in\n\(outcome.output)")
    }
    // What the command was asked.
    let asked = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
      try XCTUnwrap(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    XCTAssertEqual(asked.compactMap { $0["id"] as? Int }, Array(1...asked.count))
    let norm = try XCTUnwrap(asked.first { $0["kind"] as? String == "rmsnorm" })
    XCTAssertEqual(norm["operator"] as? String, "rmsnorm rows=1 width=256")
    XCTAssertEqual(norm["columns"] as? [String: Int], ["rows": 1, "width": 256])
    XCTAssertEqual(norm["names"] as? [String], ["decode attn_norm"])
    XCTAssertEqual(norm["mode"] as? String, "rotating")
    XCTAssertEqual(norm["output"] as? String, "bf16")
    XCTAssertEqual(
      norm["formats"] as? [String: String],
      ["weight": "bf16", "activation": "bf16", "keyValueCache": "bf16", "residual": "bf16"])
    // Input, weight and output of 256 elements; 4w + 2 FLOPs and one root.
    XCTAssertEqual(norm["bytes"] as? Int, 3 * 256 * 2)
    XCTAssertEqual(norm["flops"] as? Int, 4 * 256 + 3)
    // Collectives are asked, too: a command may have several GPUs.
    XCTAssertTrue(asked.contains { $0["kind"] as? String == "all_reduce" })
    // What became of it.
    let whole = try document(file)
    XCTAssertEqual(whole["schemaVersion"] as? Int, 1)
    XCTAssertEqual(whole["gpu"] as? String, "h100-sxm")
    XCTAssertEqual(whole["isFake"] as? Bool, false)
    XCTAssertEqual((whole["device"] as? [String: Any])?["name"] as? String, "NVIDIA H100 80GB HBM3")
    XCTAssertEqual((whole["device"] as? [String: Any])?["l2Bytes"] as? Int, 52_428_800)
    XCTAssertEqual((whole["software"] as? [String: Any])?["runner"] as? [String: String], ["python": "3"])
    let refused = try XCTUnwrap(whole["unsupported"] as? [[String: Any]])
    XCTAssertTrue(refused.contains { $0["reason"] as? String == "Python has no attention here" })
    let row = try XCTUnwrap(observations(file).first { $0["op"] as? String == "rmsnorm" })
    XCTAssertEqual(row["kind"] as? String, "row")
    XCTAssertEqual(row["family"] as? String, "python")
    XCTAssertEqual(row["source"] as? String, "python 3")
    XCTAssertEqual(row["timing"] as? String, "eager")
    XCTAssertEqual(row["operator"] as? String, "rmsnorm rows=1 width=256")
    let samples = try XCTUnwrap(row["samples_us"] as? [Double])
    XCTAssertEqual(samples.count, 5)
    XCTAssertEqual(samples.sorted()[2], row["time_us"] as? Double)
    let achieved = try XCTUnwrap(row["achieved"] as? [String: Any])
    XCTAssertEqual(achieved["roof"] as? String, "memory")
  }

  /// Several libraries side by side, which the commands that read observations tell apart.
  func testFamiliesMeetTheCalibratedOnes() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("o.json").path
    let list = folder.appendingPathComponent("many.csv")
    let norms = (1...12).map { "rmsnorm,bf16,\($0 * 64),\(1024 * ($0 % 4 + 1)),,," }
    try (["kind,dtype,rows,width,m,n,k"] + norms + ["gemm,bf16,,,16,4096,4096"]).joined(separator: "\n")
      .write(to: list, atomically: true, encoding: .utf8)
    let outcome = measure(
      "--kernels \(list.path) --output \(file)", "--families vllm,torch-triton,torch-cublas")
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(try observations(file).count, 39)
    XCTAssertEqual(try observations(file).first?["sm_clock_mhz"] as? Double, 1755)
    let products = try observations(file).filter { $0["kind"] as? String == "gemm" }
    XCTAssertEqual(products.map { $0["copies"] as? Int }, [16, 16, 16])
    let compared = roofline("compare --observations \(file) --tolerance 1 --format json")
    XCTAssertEqual(compared.errors, "")
    let rows = try XCTUnwrap(
      (JSONSerialization.jsonObject(with: Data(compared.output.utf8)) as? [String: Any])?["rows"] as? [[String: Any]])
    // Whose kernels nobody fitted yet is left out, with the reason.
    XCTAssertEqual(Set(rows.compactMap { $0["family"] as? String }), ["vllm", "torch-cublas"])
    XCTAssertTrue(compared.output.contains("of torch-triton"), compared.output)
    let fitted = roofline(
      "calibrate --observations \(file) --hardware h100-sxm --output \(folder.path)/fitted.json --format json")
    XCTAssertEqual(fitted.errors, "")
    let entries = try XCTUnwrap(
      (JSONSerialization.jsonObject(with: Data(fitted.output.utf8)) as? [String: Any])?["entries"] as? [[String: Any]])
    XCTAssertTrue(entries.contains { ($0["entry"] as? String)?.contains("torch-triton") == true }, "\(entries)")
    let again = roofline(
      "compare --observations \(file) --calibration \(folder.path)/fitted.json --tolerance 1 --format json")
    XCTAssertTrue(again.output.contains("\"torch-triton\""), again.output)
  }

  func testOneTaskAMode() throws {
    let file = try temporaryFolder().appendingPathComponent("o.json").path
    let outcome = measure(
      "--kernel rmsnorm rows=2 width=64 --dtype fp16 --modes rotating,hot --output \(file)", "--families a,b")
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(try observations(file).map { $0["mode"] as? String }, ["rotating", "rotating", "hot", "hot"])
    XCTAssertEqual(try observations(file).map { $0["family"] as? String }, ["a", "b", "a", "b"])
  }

  /// What every bad command leaves: one sentence, its exit code, and what was done before.
  func testEveryFaultHasItsSentence() throws {
    let folder = try temporaryFolder()
    let list = try list(in: folder)
    let command = "the command of --external"
    let left = "; --resume --output "
    // (fault, observations kept, how the sentence begins, whether the run went on to its end)
    let faults: [(String, Int?, String, Bool)] = [
      (
        "dies", 1,
        "\(command) ended with exit code 1 with 2 tasks unanswered, saying \"RuntimeError: CUDA error: out of memory\"\(left)",
        false
      ),
      (
        "diesAtOnce", nil,
        "\(command) ended with exit code 1 with 3 tasks unanswered, saying \"no module named torch\"; nothing was written",
        false
      ),
      ("killed", 1, "\(command) was ended by signal 9 with 2 tasks unanswered\(left)", false),
      ("ends", 1, "\(command) came to its end with 2 tasks unanswered\(left)", false),
      ("nonsense", 1, "\(command) printed no answer in line 3: \"INFO loading weights\" is no JSON object", false),
      ("list", 1, "\(command) printed no answer in line 3: \"[1, 2]\" is no JSON object", false),
      ("binary", 1, "\(command) printed no answer in line 3: ", false),
      (
        "hangs", 1,
        "\(command) answered nothing for 4 s and was ended, saying \"compiling kernel 7\"; --timeout gives it longer\(left)",
        false
      ),
      ("hangsDeaf", 1, "\(command) answered nothing for 4 s and was ended; --timeout", false),
      ("blankLines", 1, "\(command) answered nothing for 4 s and was ended; --timeout", false),
      (
        "floodsErrors", 1, "\(command) answered nothing for 4 s and was ended, saying \"again and again\"; --timeout",
        false
      ),
      ("floods", 1, "\(command) printed more than 1048576 bytes in line 3; an answer is one short line", false),
      ("floodsLines", 2, "\(command) answered task 2 a second time in line 4; give all results", false),
      ("twice", 2, "\(command) answered task 2 a second time in line 4; give all results", false),
      ("stranger", 1, "\(command) answered task 99 in line 3, and was asked tasks 1 to 3", false),
      ("noId", 1, "\(command) answered task null in line 3, and was asked tasks 1 to 3", false),
      ("lateDevice", 1, "\(command) speaks of its device again in line 3", false),
      (
        "wrongDevice", nil,
        "line 1 of the command's output: `device.computeCapability` is \"nine\"; expected two numbers", false
      ),
      ("refusesInput", nil, "\(command) ", false),
      ("diesLast", 3, "\(command) ended with exit code 3 behind its last answer\n", true),
      ("hangsLast", 3, "\(command) answered nothing for 4 s and was ended; --timeout gives it longer\n", true),
      (
        "NaN", 2,
        "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is nan; expected microseconds above 0",
        true
      ),
      (
        "negative", 2,
        "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is -3; expected", true
      ),
      (
        "zero", 2, "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is 0; expected",
        true
      ),
      (
        "infinite", 2,
        "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is inf; expected", true
      ),
      (
        "aeon", 2,
        "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is 1e+300; expected", true
      ),
      (
        "text", 2,
        "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is \"7.5\"; expected", true
      ),
      (
        "none", 2, "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is missing", true
      ),
      (
        "noTime", 2, "residual_add rows=1 width=128 by python: line 3 of the command's output: `time_us` is missing",
        true
      ),
      (
        "noFamily", 2,
        "residual_add rows=1 width=128: line 3 of the command's output: `family` is null; expected a library's name",
        true
      ),
      (
        "noTiming", 2,
        "residual_add rows=1 width=128 by python: line 3 of the command's output: `timing` is \"wall\"; expected one of",
        true
      ),
      ("misspelt", 2, "residual_add rows=1 width=128: line 3 of the command's output: ", true),
      (
        "otherTask", 2,
        "residual_add rows=1 width=128: line 3 of the command's output: `operator` is \"rmsnorm rows=1 width=1\"; expected",
        true
      ),
      ("error", 2, "residual_add rows=1 width=128 by python: the library crashed on this shape\n", true),
      (
        "emptySamples", 2, "residual_add rows=1 width=128 by python: line 3 of the command's output: `samples_us` is ",
        true
      ),
    ]
    for (fault, kept, sentence, isFinished) in faults {
      let file = folder.appendingPathComponent("\(fault).json").path
      let began = Date()
      // Long enough for Python to start on a busy machine.
      let patience = sentence.contains("for 4 s") ? 4 : 60
      let outcome = measure("--kernels \(list) --output \(file) --timeout \(patience)", fault: fault)
      XCTAssertLessThan(Date().timeIntervalSince(began), 40, fault)
      XCTAssertEqual(outcome.exitCode, 1, fault)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, "\(fault): \(outcome.errors)")
      XCTAssertTrue(outcome.errors.hasPrefix("roofline: \(sentence)"), "\(sentence)\nis not\n\(outcome.errors)")
      XCTAssertEqual(outcome.errors.contains("--resume --output"), !isFinished && kept != nil, outcome.errors)
      guard let kept else {
        XCTAssertFalse(FileManager.default.fileExists(atPath: file), fault)
        XCTAssertEqual(outcome.output, "", fault)
        continue
      }
      XCTAssertEqual(try observations(file).count, kept, fault)
      XCTAssertTrue(outcome.output.contains("written      \(kept) observation"), fault)
      // What is missing is asked for again, and nothing else.
      let log = folder.appendingPathComponent("\(fault).log").path
      let again = measure("--kernels \(list) --output \(file) --resume", fault: "", "--log \(log)")
      XCTAssertTrue(again.errors.contains("its --external is "), again.errors)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    XCTAssertEqual(names.filter { $0.hasPrefix(".") }, [], "nothing half-written")
  }

  /// The same command goes on with its file: it is asked what has no time.
  func testResumeAsksForWhatIsMissing() throws {
    let folder = try temporaryFolder()
    let (list, flag) = (try list(in: folder), folder.appendingPathComponent("flag").path)
    let (file, log) = (folder.appendingPathComponent("o.json").path, folder.appendingPathComponent("log").path)
    // Fails until the flag is there.
    let command =
      "if [ -e \(flag) ]; then python3 \(Self.runner) --log \(log); else python3 \(Self.runner) --fault dies; fi"
    let first = measure("--kernels \(list) --output \(file)", by: command)
    XCTAssertEqual(first.exitCode, 1)
    let before = try observations(file)
    XCTAssertEqual(before.count, 1)
    try "".write(toFile: flag, atomically: true, encoding: .utf8)
    let again = measure("--kernels \(list) --output \(file) --resume", by: command)
    XCTAssertEqual(again.errors, "")
    XCTAssertTrue(again.output.contains("3 observations, 1 of them from before in"), again.output)
    XCTAssertEqual(NSArray(array: Array(try observations(file)[..<1])), NSArray(array: before))
    XCTAssertEqual(try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count, 2)
    // Nothing is left, and nobody is asked.
    let done = measure("--kernels \(list) --output \(file) --resume", by: command)
    XCTAssertEqual(done.exitCode, 0, done.errors)
    XCTAssertEqual(try observations(file).count, 3)
    XCTAssertEqual(try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count, 2)
  }

  /// Who tells no device needs --hardware, and who tells another than the file's is refused.
  func testTheDevice() throws {
    let folder = try temporaryFolder()
    let kernel = "--kernel rmsnorm rows=2 width=64 --dtype fp16"
    let file = folder.appendingPathComponent("o.json").path
    let nobody = measure("\(kernel) --output \(file)", fault: "", "--device ''")
    XCTAssertEqual(
      nobody.errors,
      "roofline: the command of --external does not say which GPU it measures on; let its first line be {\"device\": {\"name\": …}}, or give --hardware; nothing was written\n"
    )
    XCTAssertFalse(FileManager.default.fileExists(atPath: file))
    let named = measure("\(kernel) --hardware a100-sxm4-80gb --output \(file)", fault: "", "--device ''")
    XCTAssertEqual(named.errors, "")
    XCTAssertEqual(try document(file)["gpu"] as? String, "a100-sxm4-80gb")
    let other = measure("\(kernel) --hardware a100-sxm4-80gb --output \(folder.path)/p.json")
    XCTAssertEqual(
      other.errors,
      "roofline: --hardware a100-sxm4-80gb is another GPU than NVIDIA H100 80GB HBM3: compute capability 8.0, the GPU has 9.0\n"
    )
    let unknown = measure("\(kernel) --output \(folder.path)/q.json", fault: "", "--device 'Abacus 9'")
    XCTAssertEqual(unknown.errors, "")
    XCTAssertEqual(try document("\(folder.path)/q.json")["gpu"] as? String, "Abacus 9")
    XCTAssertTrue(unknown.output.contains("no roofs     no hardware file fits Abacus 9"), unknown.output)
  }

  /// Many tasks fill every pipe; neither side waits for the other.
  func testMoreTasksThanPipesHold() throws {
    let folder = try temporaryFolder()
    let list = folder.appendingPathComponent("long.csv")
    let rows = (1...3000).map { "rmsnorm,bf16,\($0),64" }
    try (["kind,dtype,rows,width"] + rows).joined(separator: "\n").write(to: list, atomically: true, encoding: .utf8)
    let file = folder.appendingPathComponent("o.json").path
    // Reads everything before it answers anything.
    let late = folder.appendingPathComponent("late.py")
    try """
    import json, sys
    tasks = [json.loads(line) for line in sys.stdin]
    print(json.dumps({"device": {"name": "NVIDIA H100 80GB HBM3"}}))
    for task in tasks:
        print(json.dumps({**task, "family": "x", "timing": "graph", "time_us": 5}))
    """.write(to: late, atomically: true, encoding: .utf8)
    let outcome = measure("--kernels \(list.path) --output \(file)", by: "python3 \(late.path)")
    XCTAssertEqual(outcome.errors, "")
    XCTAssertEqual(try observations(file).count, 3000)
    // Who reads a few and goes away is no reason to die of a signal.
    let early = measure(
      "--kernels \(list.path) --output \(folder.path)/early.json", by: "head -n 3 >/dev/null")
    XCTAssertEqual(
      early.errors,
      "roofline: the command of --external closed its input before it had read every task with 3000 tasks unanswered; nothing was written\n"
    )
  }

  func testCommandsThatAreNone() throws {
    let kernel = "--kernel rmsnorm rows=2 width=64 --dtype fp16 --output \(try temporaryFolder().path)/o.json"
    let absent = measure(kernel, by: "/nowhere/runner")
    XCTAssertEqual(absent.exitCode, 1)
    XCTAssertTrue(absent.errors.contains("ended with exit code 127 with 1 task unanswered, saying "), absent.errors)
    XCTAssertTrue(absent.errors.contains("/nowhere/runner"), absent.errors)
    XCTAssertEqual(absent.errors.split(separator: "\n").count, 1)
    // A child that outlives its parent holds the pipe open.
    let began = Date()
    let orphan = measure(kernel, by: "sleep 60 & exit 0")
    XCTAssertLessThan(Date().timeIntervalSince(began), 15)
    XCTAssertTrue(orphan.errors.contains("with 1 task unanswered; nothing was written"), orphan.errors)
  }

  func testOptionsThatSayNothingAreRefused() throws {
    let cases = [
      (
        "--kernel gemm m=2 n=8 k=8 --dtype fp16 --gemm own",
        "--gemm says nothing here: the command of --external measures; leave it out"
      ),
      (
        "--kernel rmsnorm rows=2 width=8 --dtype fp16 --device 1",
        "--device says nothing here: the command of --external measures; leave it out"
      ),
      ("--suite ceilings", "--suite ceilings has no tasks for --external, only ways of its own; leave one of them out"),
      (
        "--kernel rmsnorm rows=2 width=8 --dtype fp16 --resume",
        "--resume with --external needs the file's name; give --output"
      ),
      (
        "--kernel rmsnorm rows=2 width=8 --dtype fp16 --timeout 0",
        "--timeout is \"0\"; expected seconds, from 0.1 to a million"
      ),
    ]
    for (line, sentence) in cases {
      XCTAssertEqual(measure(line), Outcome(errors: "roofline: \(sentence)\n", exitCode: 64), line)
    }
    XCTAssertEqual(
      roofline("measure --kernel rmsnorm rows=2 width=8 --dtype fp16 --timeout 5", surroundings).errors,
      "roofline: --timeout needs --external\n")
    XCTAssertEqual(
      measure("--kernel rmsnorm rows=2 width=8 --dtype fp16", by: " ").errors,
      "roofline: --external is empty; expected a shell command\n")
  }

  /// The documented runner says what it lacks, for every task, and prints nothing else.
  func testTheExampleRunnerWithoutPyTorch() throws {
    let folder = try temporaryFolder()
    // A module of that name that cannot be imported, wherever the tests run.
    try "raise ImportError('not here')\n".write(
      to: folder.appendingPathComponent("torch.py"), atomically: true, encoding: .utf8)
    let runner = "\(Fixtures.packageRoot)/Sources/roofline/Documentation.docc/Resources/torch_runner.py"
    let outcome = measure(
      "--kernels \(try list(in: folder)) --hardware h100-sxm --output \(folder.path)/o.json",
      by: "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=\(folder.path) python3 '\(runner)'")
    XCTAssertEqual(
      outcome.errors,
      "roofline: nothing was measured: the command of --external ran none of the operators; its reasons are listed\n")
    XCTAssertEqual(outcome.exitCode, 1)
    let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(
      text.contains("not measured 3 operators: torch cannot be imported (ImportError: not here)"), outcome.output)
  }
}
