import Foundation
import RooflineTraces
import TestSupport
import XCTest

/// Files of other versions, settings and tools: read, or refused in a sentence that says why.
final class ForeignTraceTests: TraceTestCase {
  private func kernels(_ name: String, _ text: String) throws -> [(name: String, seconds: Double, launches: Int32)] {
    let trace = try TraceFile.read(try file(name, text))
    return trace.kernels.map { (trace.name(of: $0), $0.seconds, $0.launches) }
  }

  private static let sums = "Time (%),Total Time (ns),Instances,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns)"

  /// `nsys stats` prints all its reports one behind the other.
  func testTheListOfKernelsIsFoundAmongOtherReports() throws {
    let all = try kernels(
      "all.csv",
      """

       ** CUDA API Summary (cuda_api_sum):

      Time (%),Total Time (ns),Num Calls,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Name
      60.0,900000,16,20000,1,1,1,0,cudaLaunchKernel

       ** CUDA GPU Kernel Summary (cuda_gpu_kern_sum):

      \(Self.sums),Name
      60.0,320000,16,20000,1,1,1,0,nvjet_x
      40.0,100,2,50,1,1,1,0,"a<b, c>"

       ** CUDA GPU MemOps Summary (by Time) (cuda_gpu_mem_time_sum):

      Time (%),Total Time (ns),Count,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Operation
      60.0,320000,16,20000,1,1,1,0,[CUDA memcpy Host-to-Device]
      """)
    XCTAssertEqual(all.map(\.name), ["nvjet_x", "a<b, c>"])
    XCTAssertEqual(all.map(\.launches), [16, 2])
    XCTAssertEqual(all[0].seconds, 320e-6, accuracy: 1e-12)
  }

  func testSumsOfKernelsAndCopiesAreToldApart() throws {
    let trace = try TraceFile.read(
      try file(
        "sums.csv",
        """
        \(Self.sums),Category,Operation
        60.0,320000,16,20000,1,1,1,0,CUDA_KERNEL,nvjet_x
        40.0,1000,4,250,1,1,1,0,MEMORY_OPER,[CUDA memcpy Host-to-Device]
        1.0,500,4,125,1,1,1,0,MEMORY_OPER,[CUDA memset]
        """))
    XCTAssertEqual(trace.format, .nsightSystemsSums)
    XCTAssertEqual(trace.kernels.map(\.activity), [.kernel, .copy, .set])
  }

  func testReportsWithoutKernelsSayWhichOnesHaveThem() throws {
    for (text, part) in [
      ("Time (%),Total Time (ns),Num Calls,Name\n1,5,1,cudaLaunchKernel\n", "without kernels"),
      ("\(Self.sums),Style,Range\n1,5,1,5,5,5,5,0,PushPop,forward\n", "without kernels"),
      ("Time (%),Total Time (ns),Count,Operation\n1,5,1,[CUDA memset]\n", "without kernels"),
      ("NVTX Range,PID,Kern Inst,Total Time (ns),Kernel Name\nfwd,1,1,500,foo\n", "by calls or ranges"),
      ("API Start (ns),API Dur (ns),Kernel Dur (ns),Kernel Name\n1,2,3,foo\n", "by calls or ranges"),
    ] {
      let found = problem(try file("report.csv", text))
      XCTAssertTrue(found.contains(part) && found.contains("cuda_gpu_trace"), found)
    }
  }

  /// No clock divides nanoseconds; a µs may have three decimals, or be thousands.
  func testNanosecondsHaveThousandsAndNoDecimals() throws {
    let head =
      "\"ID\",\"Kernel Name\",\"Device\",\"CC\",\"Section Name\",\"Metric Name\",\"Metric Unit\",\"Metric Value\"\n"
    func row(_ unit: String, _ value: String) -> String {
      "\"0\",\"nvjet_x\",\"0\",\"9.0\",\"\",\"gpu__time_duration.sum\",\"\(unit)\",\"\(value)\"\n"
    }
    for value in ["7,232", "7.232"] {
      let read = try kernels("base.csv", head + row("ns", value))
      XCTAssertEqual(try XCTUnwrap(read.first).seconds, 7232e-9, accuracy: 1e-15)
      XCTAssertTrue(problem(try file("auto.csv", head + row("us", value))).contains("ambiguous"))
    }
  }

  func testMarksOfEncodingsAreNoContents() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let json = try file("bom.json", mark + Array(Self.kineto(Self.kernel("k")).utf8))
    XCTAssertEqual(try TraceFile.read(json).names, ["k"])
    let list = "Start (ns),Duration (ns),Name\n700,500,b\n100,500,a\n"
    let csv = try TraceFile.read(try file("bom.csv", mark + Array(list.utf8)))
    XCTAssertEqual(csv.kernels.map { ($0.start * 1e9).rounded() }, [700, 100])
    for order in [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]] {
      XCTAssertTrue(problem(try file("wide.csv", order + [0x53, 0, 0x74, 0])).contains("UTF-16"))
    }
  }

  private static let script = """
    import sqlite3, sys
    K = ('start INTEGER NOT NULL, "end" INTEGER, deviceId INTEGER, contextId INTEGER, greenContextId INTEGER, streamId INTEGER, '
         'correlationId INTEGER, globalPid INTEGER, demangledName INTEGER, shortName INTEGER, mangledName INTEGER, '
         'launchType INTEGER, graphNodeId INTEGER, graphId INTEGER')
    def row(start, end, device=0, stream=7, name=1, node=None):
        return (start, end, device, 1, None, stream, start, 7 << 24, name, name, name, 1, node, None)
    def write(name, columns, rows, more=(), strings=True):
        db = sqlite3.connect(f"{sys.argv[1]}/{name}.sqlite")
        db.execute(f"CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL ({columns})")
        if strings:
            db.execute("CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL)")
            db.execute("INSERT INTO StringIds VALUES (1, 'first'), (2, 'second')")
        for values in rows: db.execute(f"INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES ({','.join('?' * len(values))})", values)
        for line in more: db.execute(line)
        db.commit()
    write("newer", K, [row(1000 * i, 1000 * i + 500, i % 2, 7 + i % 3, 1 + i % 2, i) for i in range(6)])
    write("strings", K, [row(0, 500)], strings=False)
    write("nameless", 'start INTEGER, "end" INTEGER, deviceId INTEGER', [(0, 500, 0)])
    write("texts", 'start INTEGER, "end" INTEGER, deviceId INTEGER, name TEXT', [(0, 500, 0, "own")], strings=False)
    write("unfinished", K, [row(0, 500), row(600, None), row(700, 900, name=99)])
    write("graphs", K, [row(0, 500)], ['CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE (start INTEGER, "end" INTEGER, graphId INTEGER)',
          "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES (1000, 4000, 1), (5000, 8000, 1)"])
    """

  func testExportsOfOtherVersionsAreReadOrNameWhatTheyLack() throws {
    try python(Self.script)
    func read(_ name: String) throws -> Trace { try TraceFile.read("\(folder.path)/\(name).sqlite") }
    let newer = try read("newer")
    XCTAssertEqual(newer.kernels.map { newer.name(of: $0) }, (0..<6).map { $0 % 2 == 0 ? "first" : "second" })
    XCTAssertEqual(Set(newer.kernels.map(\.device)), [0, 1])
    XCTAssertTrue(problem("\(folder.path)/strings.sqlite").contains("no table StringIds"))
    XCTAssertTrue(problem("\(folder.path)/nameless.sqlite").contains("no column demangledName"))
    XCTAssertEqual(try read("texts").names, ["own"])
    // What had not ended is left out; what has no name keeps its time.
    let unfinished = try read("unfinished")
    XCTAssertEqual(unfinished.kernels.map { ($0.seconds * 1e9).rounded() }, [500, 200])
    XCTAssertEqual(unfinished.names, ["first", "(a kernel without a name)"])
  }

  func testGraphsThatWereRecordedAsWholesAreCounted() throws {
    try python(Self.script)
    let graphs = try TraceFile.read("\(folder.path)/graphs.sqlite").wholeGraphs
    XCTAssertEqual(graphs.launches, 2)
    XCTAssertEqual(graphs.seconds, 6e-6, accuracy: 1e-12)
  }
}
