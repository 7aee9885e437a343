import Foundation
import RooflineTraces
import TestSupport
import XCTest

final class NsightListTests: TraceTestCase {
  private func times(_ text: String) throws -> [Double] {
    try TraceFile.read(try file("list.csv", text)).kernels.map { ($0.seconds * 1e12).rounded() / 1e12 }
  }

  func testListsOfNsightSystemsAreRead() throws {
    let head = "Start (ns),Duration (ns),CorrId,GrdX,Device,Ctx,Strm,Name"
    let list = """
      Processing [report.sqlite] with [cuda_gpu_trace.py]...

      \(head)
      100,1500,7,1,NVIDIA H200 (2),1,7,"void a<int, 2>(int)"
      2000,250,8,,NVIDIA H200 (2),1,7,[CUDA memcpy Host-to-Device]
      """
    let trace = try TraceFile.read(try file("list.csv", list))
    XCTAssertEqual(trace.format, .nsightSystemsKernels)
    XCTAssertEqual(trace.kernels.map { trace.name(of: $0) }, ["void a<int, 2>(int)", "[CUDA memcpy Host-to-Device]"])
    XCTAssertEqual(trace.kernels.map(\.activity), [.kernel, .copy])
    XCTAssertEqual(trace.devices, [TraceDevice(id: 2, name: "NVIDIA H200")])
    XCTAssertEqual(try times(list), [1.5e-6, 0.25e-6])
  }

  func testSumsOfNsightSystemsAreRead() throws {
    let sums = """
      Time (%),Total Time (us),Instances,Avg (us),Name
      60.0,1200.5,36,33.3,nvjet_tst
      40.0,800,2,400,"void b(int)"
      """
    let trace = try TraceFile.read(try file("sums.csv", sums))
    XCTAssertFalse(trace.format.hasOrder)
    XCTAssertEqual(trace.kernels.map(\.launches), [36, 2])
    XCTAssertEqual(try times(sums), [1200.5e-6, 800e-6])
  }

  func testNsightComputeIsReadInBothPagesAndBothLanguages() throws {
    func long(_ value: String, _ other: String, unit: String = "us") -> String {
      """
      ==PROF== Connected to process 5
      "ID","Process ID","Kernel Name","Device","Metric Name","Metric Unit","Metric Value"
      "0","5","void a<int, 2>(int)","0","DRAM Throughput","%","\(other)"
      "0","5","void a<int, 2>(int)","0","Duration","\(unit)","\(value)"
      "0","5","void a<int, 2>(int)","0","Duration","\(unit)","\(value)"
      "1","5","b","0","Duration","\(unit)","\(value)"
      """
    }
    XCTAssertEqual(try times(long("1,234.50", "12.3")), [1234.5e-6, 1234.5e-6])
    XCTAssertEqual(try times(long("1.234,50", "12,3")), [1234.5e-6, 1234.5e-6])
    XCTAssertEqual(try times(long("1,234", "12.34")), [1234e-6, 1234e-6])
    XCTAssertEqual(try times(long("1,234", "12,34")), [1.234e-6, 1.234e-6])
    XCTAssertEqual(try times(long("1234", "0", unit: "nsecond")), [1234e-9, 1234e-9])
    XCTAssertTrue(problem(try file("x.csv", long("1,234", "5"))).contains("ambiguous"))
    XCTAssertTrue(problem(try file("x.csv", long("1,5", "1.5"))).contains("both points and commas"))
    XCTAssertTrue(problem(try file("x.csv", long("-5", "1.5"))).contains("time"))
    XCTAssertTrue(problem(try file("x.csv", long("5", "1", unit: "cycle"))).contains("cycle"))
    let raw = """
      "ID","Kernel Name","Device","CC","dram__bytes_read.sum","gpu__time_duration.sum"
      "","","","","Mbyte","ns"
      "0","a","0","9.0","1.024,5","3.456"
      "1","b","0","9.0","17,25","2.048"
      """
    XCTAssertEqual(try times(raw), [3456e-9, 2048e-9])
    XCTAssertEqual(try times(raw.replacingOccurrences(of: ",\"", with: ";\"")), [3456e-9, 2048e-9])
    XCTAssertTrue(
      problem(try file("x.csv", "\"ID\",\"Kernel Name\",\"sm__cycles.sum\"\n\"\",\"\",\"\"\n")).contains(
        "gpu__time_duration.sum"))
  }

  func testListsThatAreCutOrForeignAreOneSentence() throws {
    for (text, part) in [
      ("Start (ns),Duration (ns),Name\n1,2,\"abc", "quoted field"), ("Start,Duration,Name\n1,2,a\n", "no unit"),
      ("Start (ns),Duration (ns),Name\n1,x,a\n", "the time \"x\""),
      ("Start (ns),Duration (ns),Name\n", "no GPU kernels"),
      ("Total Time (ns),Name\n1,a\n", "Instances"), ("Total Time (ns),Instances,Name\n1,-3,a\n", "launches"),
    ] {
      let problem = problem(try file("x.csv", text))
      XCTAssertTrue(problem.contains(part), "\(text): \(problem)")
    }
  }
}
