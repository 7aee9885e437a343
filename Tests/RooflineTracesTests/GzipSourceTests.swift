import Foundation
import RooflineTraces
import TestSupport
import XCTest

/// Against Python's zlib.
final class GzipSourceTests: TraceTestCase {
  func testWhatPythonPacksComesBack() throws {
    try python(
      """
      import gzip, random, sys, zlib
      folder = sys.argv[1]
      random.seed(7)
      words = [bytes(random.randrange(97, 123) for _ in range(random.randrange(2, 9))) for _ in range(400)]
      samples = {
          "empty": b"", "one": b"x", "zeros": bytes(700000), "noise": random.randbytes(400000),
          "words": b" ".join(random.choice(words) for _ in range(150000)),
          "far": (lambda block: block + random.randbytes(32768 - 600) + block)(random.randbytes(600)),
      }
      for name, data in samples.items():
          open(f"{folder}/{name}.bin", "wb").write(data)
          for level in [0, 1, 6, 9]:
              open(f"{folder}/{name}-{level}.gz", "wb").write(gzip.compress(data, level))
          fixed = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_FIXED)
          open(f"{folder}/{name}-fixed.gz", "wb").write(fixed.compress(data) + fixed.flush())
      with gzip.GzipFile(f"{folder}/words-named.gz", "wb") as file:
          file.write(samples["words"])
      half = len(samples["words"]) // 2
      members = gzip.compress(samples["words"][:half]) + gzip.compress(samples["words"][half:]) + bytes(20)
      open(f"{folder}/words-members.gz", "wb").write(members)
      """)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".gz") }
    XCTAssertEqual(files.count, 32)
    for name in files {
      let stem = name.prefix { $0 != "-" }
      let expected = try Data(contentsOf: folder.appendingPathComponent("\(stem).bin"))
      let source = GzipSource(try FileSource(folder.appendingPathComponent(name).path))
      XCTAssertEqual(Data(try bytes(source)), expected, name)
    }
  }

  func testDamageIsSeenByItsChecksumOrItsCodes() throws {
    let text = TraceTestCase.kineto((0..<60).map { TraceTestCase.kernel("kernel_\($0 * 7919)") }.joined(separator: ","))
    _ = try file("trace.json", text)
    try python(
      """
      import gzip, sys
      folder = sys.argv[1]
      open(f"{folder}/trace.gz", "wb").write(gzip.compress(open(f"{folder}/trace.json", "rb").read()))
      """)
    let packed = [UInt8](try Data(contentsOf: folder.appendingPathComponent("trace.gz")))
    XCTAssertEqual(try TraceFile.read(folder.appendingPathComponent("trace.gz").path).kernels.count, 60)
    for count in stride(from: 2, to: packed.count, by: 17) {
      XCTAssertTrue(problem(try file("cut.gz", packed[..<count])).contains("gzip data ends too early"), "\(count)")
    }
    // Behind the head, whose date and system nobody checks.
    for place in stride(from: 10, to: packed.count, by: 5) {
      var damaged = packed
      damaged[place] ^= 0x24
      XCTAssertFalse(problem(try file("damaged.gz", damaged)).isEmpty, "\(place)")
    }
  }

  /// A hundred megabytes of blanks, or of an open list, from as many kilobytes.
  func testABombIsReadInPiecesAndRefused() throws {
    try python(
      """
      import gzip, sys
      folder = sys.argv[1]
      for name, unit in [("blanks", b" " * 65536), ("zeros", bytes(65536)), ("quote", b'"' + b"a" * 65535), ("brackets", b"[" * 65536)]:
          with gzip.GzipFile(f"{folder}/{name}.gz", "wb", 9) as file:
              for _ in range(160): file.write(unit)
      """)
    for (name, part) in [
      ("blanks", "not a trace"), ("zeros", "not a trace"), ("quote", "not a trace"), ("brackets", "brackets are open"),
    ] {
      XCTAssertTrue(problem(folder.appendingPathComponent("\(name).gz").path).contains(part), name)
    }
  }
}
