import Foundation
import RooflineTraces
import TestSupport
import XCTest

/// Kineto's JSON in forms that recorders, editors and copies leave behind.
final class KinetoFormsTests: TraceTestCase {
  private static func event(_ category: String, _ name: String, _ ts: Double, _ dur: Double, _ args: String = "")
    -> String
  {
    "{\"ph\": \"X\", \"cat\": \"\(category)\", \"name\": \"\(name)\", \"ts\": \(ts), \"dur\": \(dur), \"args\": {\(args)}}"
  }

  /// Three passes, one of another kind; each launch and its kernel have a number.
  private static let events: [String] = {
    var events: [String] = []
    for step in 0..<3 {
      let start = 1000.0 * Double(step)
      events.append(
        event(
          "user_annotation", "execute_context_0(0)_generation_\(step == 1 ? 8 : 4)(\(step == 1 ? 8 : 4))", start, 900))
      for kernel in 0..<20 {
        let number = 100 * step + kernel
        events.append(
          event("cuda_runtime", "cudaLaunchKernel", start + 10 * Double(kernel), 2, "\"correlation\": \(number)"))
        events.append(
          event(
            "kernel", "k\(kernel % 3)", start + 300 + 10 * Double(kernel), 5 + Double(step),
            "\"correlation\": \(number), \"device\": 0"))
      }
    }
    return events
  }()

  /// Which kernels the passes have that take longest, and when.
  private func passes(_ path: String) throws -> [[String]] {
    let trace = try TraceFile.read(path)
    return try TracePasses(trace, phase: nil, device: nil).passes.map { pass in
      pass.map { "\(trace.name(of: $0)) \(Int(($0.start * 1e6).rounded())) \(Int(($0.seconds * 1e6).rounded()))" }
    }
  }

  func testOrderFrameAndPackingChangeNothing() throws {
    let base = try passes(try file("base.json", Self.kineto(Self.events.joined(separator: ","))))
    // Passes 0 and 2 are alike: 20 kernels each, of 5 and of 7 µs.
    XCTAssertEqual(base.map(\.count), [20, 20])
    XCTAssertEqual(base[0][4], "k1 340 5")
    XCTAssertEqual(base[1][4], "k1 2340 7")
    var random = SeededGenerator(seed: 2)
    let shuffled = Self.events.shuffled(using: &random).joined(separator: ",")
    // A mark in a mark says the same of the pass; annotations of nothing known are none.
    let nested =
      Self.events + [
        Self.event("user_annotation", "execute_context_0(0)_generation_4(4)", 10, 500),
        Self.event("user_annotation", "nccl:all_reduce", 20, 5), Self.event("gpu_user_annotation", "own", 20, 50),
      ]
    // Launches that are recorded twice, as runtime and driver.
    let doubled =
      Self.events
      + Self.events.filter { $0.contains("cuda_runtime") }.map {
        $0.replacingOccurrences(of: "cuda_runtime", with: "cuda_driver")
      }
    for (name, text) in [
      ("shuffled", Self.kineto(shuffled)), ("list", "[\(shuffled)]\n"), ("comma", "[\(shuffled),\n]"),
      ("ns", Self.kineto(shuffled, "\"displayTimeUnit\": \"ns\", ")),
      ("nested", Self.kineto(nested.joined(separator: ","))),
      ("doubled", Self.kineto(doubled.joined(separator: ","))),
    ] {
      XCTAssertEqual(try passes(try file("\(name).json", text)), base, name)
    }
  }

  func testAnArchiveMayHaveSeveralMembersAndNoneMayBeCut() throws {
    let whole = Self.kineto(Self.events.joined(separator: ","))
    let base = try passes(try file("base.json", whole))
    try python(
      """
      import gzip, sys
      data = open(sys.argv[1] + "/base.json", "rb").read()
      half = len(data) // 2
      one, two = gzip.compress(data[:half]), gzip.compress(data[half:])
      def write(name, data): open(f"{sys.argv[1]}/{name}.json.gz", "wb").write(data)
      write("members", one + two)
      write("twice", gzip.compress(data) * 2)
      write("missing", one)
      write("cut", (one + two)[:-20])
      write("uncounted", gzip.compress(data)[:-4])
      """)
    XCTAssertEqual(try passes("\(folder.path)/members.json.gz"), base)
    for (name, part) in [
      ("twice", "something follows the end"), ("missing", "ends in the middle"), ("cut", ""), ("uncounted", ""),
    ] {
      let found = problem("\(folder.path)/\(name).json.gz")
      XCTAssertTrue(!found.isEmpty && (part.isEmpty || found.contains(part)), "\(name): \(found)")
    }
  }

  func testWhatNoProfilerWritesIsOneSentence() throws {
    let good = Self.kernel("good")
    let cases: [(text: String, part: String)] = [
      (Self.kineto("\(good), \(Self.kernel("own", dur: "\"5\""))"), "event 2, own, has a time in quotes"),
      (Self.kineto("\(good), \(Self.kernel("own", ts: "\"5\""))"), "event 2, own, has a time in quotes"),
      (
        Self.kineto(
          "{\"ph\": \"X\", \"cat\": \"user_annotation\", \"name\": \"step[DECODE bs=2]\", \"ts\": 1, \"dur\": \"5\"}, \(good)"
        ),
        "event 1, step[DECODE bs=2], has a time in quotes"
      ),
      ("[\(good)] x", "something follows the end"),
      ("{\"traceEvents\": [\(good)], \"traceEvents\": [\(good)]}", "`traceEvents` twice"),
      ("{\"displayTimeUnit\": \"ns\"}", "no `traceEvents`"), ("{\"traceEvents\": {\"0\": \(good)}}", "expected"),
      (Self.kineto(Self.kernel("own", dur: "-0.5")), "negative time"),
      (Self.kineto("{\"cat\": \"kernel\", \"name\": \"own\", \"ts\": 1}"), "no time that is a number"),
    ]
    for (index, (text, part)) in cases.enumerated() {
      let found = problem(try file("case\(index).json", text))
      XCTAssertTrue(found.contains(part), "\(part): \(found)")
    }
  }

  /// Bytes of a trace and of its archive, changed here and there: read or refused, and no trap.
  func testChangedBytesNeverTrap() throws {
    let whole = Array(Self.kineto(Self.events.joined(separator: ",")).utf8)
    _ = try file("base.json", whole)
    try python(
      """
      import gzip, sys
      open(sys.argv[1] + "/t.gz", "wb").write(gzip.compress(open(sys.argv[1] + "/base.json", "rb").read()))
      """)
    let packed = [UInt8](try Data(contentsOf: folder.appendingPathComponent("t.gz")))
    var random = SeededGenerator(seed: 7)
    var refused = 0
    for round in 0..<300 {
      var bytes = round % 2 == 0 ? whole : packed
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      do { _ = try TraceFile.read(try file("changed", bytes)) } catch { refused += 1 }
    }
    XCTAssertGreaterThan(refused, 150)
  }
}
