import Foundation
import RooflineTraces
import TestSupport
import XCTest

/// Exports that Python's sqlite3 writes.
final class NsightSystemsTests: TraceTestCase {
  private static let script = """
    import gzip, random, sqlite3, sys
    folder = sys.argv[1]
    random.seed(3)
    def write(name, page, count, vacuum=False):
        db = sqlite3.connect(f"{folder}/{name}.sqlite")
        db.execute(f"PRAGMA page_size = {page}")
        db.execute('CREATE TABLE StringIds (-- a comment, with a comma\\n id INTEGER NOT NULL PRIMARY KEY, -- key\\n value TEXT NOT NULL)')
        db.execute('CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, "end" INTEGER NOT NULL, deviceId INTEGER, '
                   'correlationId INTEGER, globalPid INTEGER, demangledName INTEGER NOT NULL, shortName INTEGER, size DECIMAL(3, 1))')
        db.execute('CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, "end" INTEGER, globalTid INTEGER, correlationId INTEGER)')
        db.execute('CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY (start INTEGER, "end" INTEGER, deviceId INTEGER, correlationId INTEGER)')
        db.execute('CREATE TABLE NVTX_EVENTS (start INTEGER, "end" INTEGER, text TEXT, textId INTEGER)')
        db.execute('CREATE TABLE TARGET_INFO_GPU (id INTEGER, name TEXT)')
        db.execute("INSERT INTO TARGET_INFO_GPU VALUES (1, 'NVIDIA H200')")
        db.execute("INSERT INTO NVTX_EVENTS VALUES (100, 1000000000000, NULL, 5)")
        names = ["kernel_%d_%s" % (i, "n" * random.choice([3, 80, 700, 9000])) for i in range(40)]
        for i, own in enumerate(names): db.execute("INSERT INTO StringIds VALUES (?, ?)", (1000 + i, own))
        db.execute("INSERT INTO StringIds VALUES (5, '[Executor] _forward_step 3: 0 ctx reqs, 0 ctx tkns, 8 gen reqs')")
        rows, start = [], 10**9
        for i in range(count):
            start += random.randrange(1, 10**random.randrange(1, 9))
            length = random.randrange(0, 10**random.randrange(1, 7))
            rows.append((start, start + length, random.randrange(2), i, 7 << 24, 1000 + random.randrange(40)))
        db.executemany("INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (?, ?, ?, ?, ?, ?, NULL, 1.5)", rows)
        db.executemany("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (?, ?, ?, ?)",
                       [(r[0] - 5, r[0], (7 << 24) + 99, r[3]) for r in rows if r[3] % 3])
        db.execute("INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES (5, 25, 1, 1)")
        db.commit()
        if vacuum: db.execute("VACUUM")
        db.close()
        with open(f"{folder}/{name}.tsv", "w") as file:
            for r in sorted(rows): file.write("\\t".join(map(str, [r[0], r[1] - r[0], r[2], names[r[5] - 1000], r[3] % 3 > 0])) + "\\n")
    write("small", 512, 9)
    write("pages", 1024, 5000, True)
    write("large", 65536, 3000)
    data = open(f"{folder}/pages.sqlite", "rb").read()
    open(f"{folder}/packed.sqlite.gz", "wb").write(gzip.compress(data, 1))
    """

  func testKernelsAreThoseThatPythonWrote() throws {
    try python(Self.script)
    for (name, table) in [
      ("small.sqlite", "small"), ("pages.sqlite", "pages"), ("large.sqlite", "large"), ("packed.sqlite.gz", "pages"),
    ] {
      let trace = try TraceFile.read("\(folder.path)/\(name)")
      let expected = try String(contentsOfFile: "\(folder.path)/\(table).tsv", encoding: .utf8)
        .split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
      let kernels = trace.kernels.filter { $0.activity == .kernel }.sorted { $0.start < $1.start }
      XCTAssertEqual(kernels.count, expected.count, name)
      for (kernel, row) in zip(kernels, expected) {
        XCTAssertEqual(kernel.start * 1e9, try XCTUnwrap(Double(row[0])), accuracy: 1, name)
        XCTAssertEqual((kernel.seconds * 1e9).rounded(), Double(row[1]), name)
        XCTAssertEqual(kernel.device, Int32(row[2]), name)
        XCTAssertEqual(trace.name(of: kernel), row[3], name)
        XCTAssertEqual(!kernel.launched.isNaN, row[4] == "True", name)
      }
      XCTAssertEqual(trace.kernels.count { $0.activity == .copy }, 1, name)
      XCTAssertEqual(trace.devices, [TraceDevice(id: 1, name: "NVIDIA H200")], name)
      XCTAssertEqual(trace.steps.map(\.work.decode?.sequences), [8], name)
    }
  }

  func testDamagedPagesAreOneSentenceAndNeverATrap() throws {
    try python(Self.script)
    let whole = [UInt8](try Data(contentsOf: folder.appendingPathComponent("pages.sqlite")))
    for count in [20, 99, 100, 600, 1024, 1500, whole.count / 2, whole.count - 2000] {
      XCTAssertFalse(problem(try file("cut.sqlite", whole[..<count])).isEmpty, "\(count)")
    }
    var random = SeededGenerator(seed: 5)
    for round in 0..<400 {
      var bytes = Array(whole.prefix(60_000 + round))
      bytes.replaceSubrange(0..<0, with: [])
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let limit = round % 2 == 0 ? 4096 : bytes.count
        bytes[Int.random(in: 16..<limit, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? TraceFile.read(try file("random.sqlite", bytes))
    }
  }

  func testADatabaseWithoutKernelsSaysWhatToRecord() throws {
    try python(
      """
      import sqlite3, sys
      for name, table in [("other", "things"), ("graphs", "CUPTI_ACTIVITY_KIND_GRAPH_TRACE"), ("none", "CUPTI_ACTIVITY_KIND_KERNEL")]:
          db = sqlite3.connect(f"{sys.argv[1]}/{name}.sqlite")
          db.execute(f'CREATE TABLE {table} (start INTEGER, "end" INTEGER)')
          db.commit()
      """)
    XCTAssertTrue(problem("\(folder.path)/other.sqlite").contains("without CUPTI_ACTIVITY_KIND_KERNEL"))
    XCTAssertTrue(problem("\(folder.path)/graphs.sqlite").contains("--cuda-graph-trace=node"))
    XCTAssertTrue(problem("\(folder.path)/none.sqlite").contains("no GPU kernels"))
  }

  /// Two H100, one second of training: figures by Python's sqlite3.
  func testARealExportHasItsKernels() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no ../shared") }
    let trace = try TraceFile.read("\(shared)/traces/h100-2gpu-training-1s.nsys.sqlite.gz")
    XCTAssertEqual(trace.kernels.count { $0.activity == .kernel }, 3442)
    XCTAssertEqual(trace.kernels.count { $0.activity == .copy }, 904)
    XCTAssertEqual(trace.kernels.count { $0.activity == .set }, 22)
    XCTAssertEqual(trace.kernels.count { $0.activity == .kernel && $0.device == 1 }, 1721)
    let longest = trace.kernels.filter {
      trace.name(of: $0).contains("tilesize64x256x8_stage3_warpsize1x4x1_ffma_aligna4_alignc4_execute_kernel")
    }
    XCTAssertEqual(longest.count, 248)
    XCTAssertEqual(longest.reduce(0) { $0 + $1.seconds }, 31121.7e-6, accuracy: 0.05e-6)
  }
}
