import Foundation
import TestSupport
import XCTest
import roofline

/// Whatever is wrong with measurements gets one sentence that names file and place; nothing is printed and nothing written.
final class BadObservationTests: CommandTestCase {
  private static let header = "kind,gpu,family,source,timing,copies,dtype,m,n,k,time_us"
  private static let good = "gemm,h100_sxm,cublas,s,graph,6,bf16,64,1024,1024,5.5"

  /// A row with one field changed.
  private func gemm(_ column: String, _ value: String) -> String {
    let columns = Self.header.split(separator: ",")
    var fields = Self.good.split(separator: ",").map(String.init)
    fields[columns.firstIndex(of: column[...])!] = value
    return fields.joined(separator: ",")
  }

  private func attention(_ changes: [String: String]) -> String {
    var fields = [
      ("kind", "attention"), ("gpu", "h100_sxm"), ("family", "vllm-fa3"), ("phase", "prefill"), ("dtype", "bf16"),
      ("kv_dtype", "bf16"), ("batch", "1"), ("query", "64"), ("context", "64"), ("heads", "8"), ("kv_heads", "2"),
      ("head_dim", "128"), ("window", "0"), ("time_us", "12"),
    ]
    for index in fields.indices { fields[index].1 = changes[fields[index].0] ?? fields[index].1 }
    return "\(fields.map(\.0).joined(separator: ","))\n\(fields.map(\.1).joined(separator: ","))\n"
  }

  /// Runs both commands on files; neither may print or write, both must say one sentence with all of the words.
  private func assertRefused(
    _ files: [URL], naming words: [String], exitCode: Int32 = 1, what: String, line: UInt = #line
  ) throws {
    let folder = try temporaryFolder()
    let absent = folder.appendingPathComponent("absent.json")
    let existing = folder.appendingPathComponent("existing.json")
    try Data("old".utf8).write(to: existing)
    let observations = files.flatMap { ["--observations", $0.path] }
    for arguments in [
      ["validate"] + observations, ["calibrate"] + observations + ["--output", absent.path],
      ["calibrate"] + observations + ["--output", existing.path, "--format", "json"],
    ] {
      let outcome = Tool.run(arguments, Surroundings())
      XCTAssertEqual(outcome.exitCode, exitCode, "\(what), \(arguments[0]): \(outcome.errors)", line: line)
      XCTAssertEqual(outcome.output, "", "\(what), \(arguments[0])", line: line)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors, line: line)
      for word in words {
        XCTAssertTrue(outcome.errors.contains(word), "\(what): \"\(word)\" not in \(outcome.errors)", line: line)
      }
    }
    XCTAssertFalse(FileManager.default.fileExists(atPath: absent.path), what, line: line)
    XCTAssertEqual(try String(contentsOf: existing, encoding: .utf8), "old", what, line: line)
  }

  func testMalformedFiles() throws {
    let (header, good) = (Self.header, Self.good)
    var cases: [(what: String, text: String, words: [String])] = [
      ("a missing column", "kind,gpu,family,dtype,m,n,k\n", ["no column time_us", "kind,gpu,family"]),
      ("a missing kind", "gpu,family,time_us\n", ["no column kind"]),
      ("a column twice", "kind,gpu,family,m,m,time_us\n", ["column m stands twice"]),
      ("an empty file", "", ["it is empty"]), ("blank lines", "\n \r\n\n", ["it is empty"]),
      ("a header alone", "\(header)\n", ["no measurement"]),
      ("a short line", "\(header)\n\(good)\ngemm,h100_sxm,cublas\n", ["line 3", "3 fields", "11"]),
      ("a long line", "\(header)\n\(good),7\n", ["line 2", "12 fields"]),
      ("an open quote", "\(header)\n\"\(good)\n\(good)\n", ["line 2", "1 fields"]),
      ("mixed GPUs", "\(header)\n\(good)\n\(gemm("gpu", "l40s"))\n", ["line 3", "h100_sxm", "l40s"]),
      ("no GPU", "\(header)\n\(gemm("gpu", ""))\n", ["line 2", "gpu is missing"]),
      (
        "an unknown kind", "\(header)\n\(gemm("kind", "wobble"))\n",
        ["line 2", "kind is \"wobble\"", "gemm, attention"]
      ),
      ("no kind", "\(header)\n\(gemm("kind", ""))\n", ["line 2", "kind is missing"]),
      ("no family", "\(header)\n\(gemm("family", ""))\n", ["line 2", "family is missing"]),
      ("an unknown dtype", "\(header)\n\(gemm("dtype", "bf17"))\n", ["line 2", "dtype is \"bf17\"", "bf16"]),
      ("a zero byte", "\(header)\n\(good)\n\(gemm("m", "\0"))\n", ["not text", "line 3"]),
      ("carriage returns alone", "\(header)\r\(good)\r", ["no column time_us"]),
      ("another separator", "\(header)\n".split(separator: ",").joined(separator: ";"), ["no column kind"]),
      ("half a JSON document", "{\"schemaVersion\": 1", []),
      ("an unknown phase", attention(["phase": "encode"]), ["line 2", "phase is \"encode\"", "prefill or decode"]),
      ("heads that do not divide", attention(["kv_heads": "3"]), ["line 2", "kv_heads does not divide heads"]),
      ("more queries than keys", attention(["query": "65"]), ["line 2", "query is more than context"]),
      ("no queries in a prompt", attention(["query": ""]), ["line 2", "query is missing"]),
      ("a negative window", attention(["window": "-1"]), ["line 2", "window is \"-1\""]),
      (
        "one rank", "kind,gpu,family,op,dtype,ranks,bytes,time_us\ncollective,h100_sxm,nccl,all_reduce,bf16,1,8,3\n",
        ["line 2", "ranks is \"1\"", "at least 2"]
      ),
    ]
    let rows = "kind,gpu,family,op,dtype,rows,width,time_us"
    let collectives = "kind,gpu,family,op,dtype,ranks,bytes,time_us"
    for (what, text) in [
      (
        "a gemm",
        "\(header)\n\(gemm("m", "4000000000,4000000000,4000000000").replacingOccurrences(of: ",1024,1024", with: ""))\n"
      ),
      ("a prefill", attention(["query": "1000000000000", "context": "1000000000000"])),
      ("a decode step", attention(["phase": "decode", "query": "1", "context": "1000000000000000000"])),
      ("a norm", "\(rows)\nrow,h100_sxm,vllm,rmsnorm,fp16,4000000000,4000000000,5\n"),
      ("a collective", "\(collectives)\ncollective,h100_sxm,nccl,all_reduce,fp16,8,9000000000000000000,5\n"),
    ] {
      cases.append(("\(what) beyond counts", text, ["line 2", "a count above 2^63 − 1"]))
    }
    for time in ["-1", "0", "nan", "inf", "-inf", "1e999", "1e-9", "fast", "0x", "5.5us", "5,5"] {
      let text = time.contains(",") ? "\"\(time)\"" : time
      cases.append(
        ("time \(time)", "\(header)\n\(good)\n\(gemm("time_us", text))\n", ["line 3", "time_us is \"\(time)\""]))
    }
    cases.append(("no time", "\(header)\n\(gemm("time_us", ""))\n", ["line 2", "time_us is missing"]))
    for (column, size) in [
      ("m", "0"), ("m", "-64"), ("n", "1024.5"), ("k", "many"), ("k", "1e30"), ("k", "nan"), ("copies", "0.5"),
      ("n", "99999999999999999999"),
    ] {
      cases.append(("\(column) \(size)", "\(header)\n\(gemm(column, size))\n", ["line 2", "\(column) is \"\(size)\""]))
    }
    let folder = try temporaryFolder()
    for (index, (what, text, words)) in cases.enumerated() {
      let file = folder.appendingPathComponent("\(index).csv")
      try Data(text.utf8).write(to: file)
      try assertRefused([file], naming: [file.path] + words, what: what)
    }
  }

  func testFilesThatAreNone() throws {
    let folder = try temporaryFolder()
    try assertRefused([folder], naming: [folder.path, "a folder"], what: "a folder")
    let absent = folder.appendingPathComponent("absent.csv")
    try assertRefused([absent], naming: [absent.path, "no such file"], what: "an absent file")
    try assertRefused(
      [URL(fileURLWithPath: "/dev/zero")], naming: ["/dev/zero", "a device"], what: "a file without an end")
    var generator = SeededGenerator(seed: 81)
    let garbage = folder.appendingPathComponent("garbage.csv")
    try Data((0..<4096).map { _ in UInt8(generator.next() % 255 + 1) }).write(to: garbage)
    try assertRefused([garbage], naming: [garbage.path], what: "garbage without a zero byte")
    // 300 MiB that take no room on the disk.
    let huge = folder.appendingPathComponent("huge.csv")
    XCTAssertTrue(FileManager.default.createFile(atPath: huge.path, contents: nil))
    let handle = try FileHandle(forWritingTo: huge)
    try handle.truncate(atOffset: 300 << 20)
    try handle.close()
    try assertRefused([huge], naming: [huge.path, "larger than 256 MiB"], what: "a huge file")
  }

  /// A wrapped count would be a roof of 0 or less; what compares against roofs or leans on rows refuses the row, JSON's by its index.
  func testARowBeyondCountsIsRefusedByWhateverReadsIt() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("o.json")
    let good = #"{"kind": "gemm", "family": "cublas", "dtype": "bf16", "m": 64, "n": 64, "k": 64, "time_us": 5}"#
    try Data(
      #"{"schemaVersion": 1, "gpu": "h100_sxm", "observations": [\#(good), \#(good.replacingOccurrences(of: "64", with: "4000000000"))]}"#
        .utf8
    ).write(to: file)
    for command in [
      "compare", "validate --time ideal", "validate --time anchored", "calibrate --output \(folder.path)/c.json",
      "analyze --model llama-2-7b --hardware h100-sxm --prompt 8 --time anchored",
      "kernel gemm m=8 n=8 k=8 --dtype bf16 --hardware h100-sxm --time anchored",
    ] {
      let outcome = roofline("\(command) --observations \(file.path)")
      XCTAssertEqual(outcome.exitCode, 1, command)
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertTrue(outcome.errors.contains("observations[1]: its FLOPs or bytes are a count above"), outcome.errors)
    }
  }

  func testFilesOfSeveralGPUsAndFilesThatAreNotTheNamedGPUs() throws {
    let folder = try temporaryFolder()
    let h100 = folder.appendingPathComponent("h100.csv")
    let l40s = folder.appendingPathComponent("l40s.csv")
    try Data("\(Self.header)\n\(Self.good)\n".utf8).write(to: h100)
    try Data("\(Self.header)\n\(gemm("gpu", "l40s"))\n".utf8).write(to: l40s)
    try assertRefused([h100, l40s], naming: [l40s.path, "l40s", h100.path, "h100_sxm"], what: "two GPUs")
    let outcome = roofline("validate --observations \(l40s.path) --hardware h100-sxm")
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertTrue(outcome.errors.contains("are of l40s, not of h100-sxm"), outcome.errors)
  }

  func testUsage() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("h100.csv")
    try Data("\(Self.header)\n\(Self.good)\n".utf8).write(to: file)
    let unknown = folder.appendingPathComponent("unknown.csv")
    try Data("\(Self.header)\n\(gemm("gpu", "nobody's"))\n".utf8).write(to: unknown)
    let cases: [(String, [String])] = [
      ("validate", ["--observations is missing"]), ("calibrate", ["--output is missing"]),
      ("calibrate --output \(folder.path)/x.json", ["--observations is missing"]),
      ("validate --observations \(file.path) --observations \(file.path)", ["given twice"]),
      ("validate --observations \(file.path) --interval 1.5", ["--interval", "0.5 to 0.99"]),
      ("validate --observations \(file.path) --interval nan", ["--interval"]),
      ("validate --observations \(file.path) --residency cold", ["serving, warm"]),
      ("validate --observations \(file.path) --prior nothing", ["nothing"]),
      ("validate --observations \(file.path) --prior h100-sxm --calibration x.json", ["contradict"]),
      ("validate --observations \(file.path) --hardware h101", ["h101", "h200"]),
      ("validate --observations \(unknown.path)", ["nobody's", "--hardware"]),
      ("calibrate --observations \(file.path) --output \(file.path)", ["is the file of --observations"]),
      (
        "calibrate --observations \(file.path) --output \(folder.path)/../\(folder.lastPathComponent)/h100.csv",
        ["the file of"]
      ),
    ]
    for (command, words) in cases {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, "\(command): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors)
      for word in words { XCTAssertTrue(outcome.errors.contains(word), "\(command): \(word) not in \(outcome.errors)") }
    }
    XCTAssertEqual(try String(contentsOf: file, encoding: .utf8), "\(Self.header)\n\(Self.good)\n")
  }

  func testBadCalibrationFiles() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("h100.csv")
    try Data("\(Self.header)\n\(Self.good)\n".utf8).write(to: file)
    let shipped = try String(
      contentsOfFile: "\(Fixtures.packageRoot)/Hardware/Calibration/h100-sxm.json", encoding: .utf8)
    func changed(_ old: String, _ new: String) -> String {
      XCTAssertTrue(shipped.contains(old), old)
      guard let range = shipped.range(of: old) else { return shipped }
      return shipped.replacingCharacters(in: range, with: new)
    }
    /// The first value of a key replaced.
    func valued(_ pattern: String, _ value: String) -> String {
      let key = pattern.prefix { $0 != "\"" }
      guard let range = shipped.range(of: "\"\(pattern)", options: .regularExpression) else {
        XCTFail("\(pattern) matches nothing")
        return shipped
      }
      return shipped.replacingCharacters(in: range, with: "\"\(key)\": \(value)")
    }
    let cases: [(String, [String])] = [
      ("", ["it is empty"]), ("[]", ["an object"]), ("{\"schemaVersion\": 2}", ["schemaVersion"]),
      (changed("\"schemaVersion\": 1", "\"schemaVersion\": 1, \"entires\": []"), ["entires", "entries"]),
      (changed("\"kind\": \"gemm\"", "\"kind\": \"gem\""), ["entries[0].kind", "gemm"]),
      (
        changed("\"launchMicroseconds\": ", "\"launchMicroseconds\": -"),
        ["entries[0].constants.launchMicroseconds", "from"]
      ),
      (changed("\"logQuantiles\": [-", "\"logQuantiles\": [-1000, -"), ["logQuantiles", "11 numbers"]),
      (changed("\"logQuantiles\": [-0.", "\"logQuantiles\": [-1000."), ["logQuantiles[0]", "from -7.0 to 7.0"]),
      (valued("logQuantiles\": \\[[^]]*", "[-7, -6, -5, -4, -3, 0, 3, 4, 5, 6, 1e3"), ["logQuantiles[10]", "1000"]),
      (valued("mape\": [0-9.]*", "-0.1"), ["heldOut.mape", "from 0.0 to 1.0"]),
      (valued("mape\": [0-9.]*", "1e308"), ["heldOut.mape", "from 0.0 to 1.0"]),
      (valued("bias\": [-0-9.]*", "-1.5"), ["heldOut.bias", "from -1.0 to 1.0"]),
      (valued("upToMicroseconds\": [0-9.]*", "1e9"), ["upToMicroseconds", "bin before"]),
      (valued("queryRows\": [0-9.]*", "1e6"), ["cut.queryRows", "to 65536.0"]),
      (valued("slotsPerSM\": [0-9.]*", "1000"), ["cut.slotsPerSM", "to 64.0"]),
      (changed("\"burstShareOfPeak\": ", "\"burstShareOfPeak\": 1e400, \"was\": "), ["JSON"]),
      (changed("\"splitKMicroseconds\": ", "\"splitMicroseconds\": "), ["splitMicroseconds", "splitKMicroseconds"]),
    ]
    for (index, (text, words)) in cases.enumerated() {
      let calibration = folder.appendingPathComponent("\(index).json")
      try Data(text.utf8).write(to: calibration)
      for command in [
        "validate --observations \(file.path) --calibration \(calibration.path)",
        "kernel gemm m=1 n=64 k=64 --dtype bf16 --hardware h100-sxm --time calibrated --calibration \(calibration.path)",
      ] {
        let outcome = roofline(command)
        XCTAssertEqual(outcome.exitCode, 1, "\(command): \(outcome.errors)")
        XCTAssertEqual(outcome.output, "")
        XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, outcome.errors)
        for word in [calibration.path] + words {
          XCTAssertTrue(outcome.errors.contains(word), "\(word) not in \(outcome.errors)")
        }
      }
    }
  }
}
