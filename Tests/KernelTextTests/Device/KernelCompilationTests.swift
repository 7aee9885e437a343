import Foundation
import XCTest

/// Every kernel, in each element type, for every architecture that the product supports, on a machine without a GPU.
final class KernelCompilationTests: XCTestCase {
  /// Volta, Turing, A100, other Ampere, Ada, Hopper, B200, consumer Blackwell.
  private static let architectures: [Int32] = [70, 75, 80, 86, 89, 90, 100, 120]
  private static let headers = KernelSource.all.filter { $0.name.hasSuffix(".cuh") }
  private static let kernels = KernelSource.all.filter { $0.name.hasSuffix(".cu") }

  func testEveryKernelCompilesForEveryArchitectureWithoutSpillsAndInWholePacks() throws {
    let compilers = try NVRTC.all()
    for architecture in Self.architectures {
      XCTAssertTrue(
        compilers.contains { $0.architectures.contains(architecture) }, "none compiles for sm_\(architecture)")
    }
    var jobs: [Job] = []
    for (index, compiler) in compilers.enumerated() {
      let architectures = Self.architectures.filter(compiler.architectures.contains)
      XCTAssertGreaterThanOrEqual(architectures.count, 7, compiler.path)
      // Kernels of tensor cores take seconds each: older architectures by one compiler, the newest by all.
      jobs += product(Self.kernels, architectures)
        .filter { !$0.needsTensorCores || $1 >= 90 || ($1 >= 80 && index == 0) }
        .map { Job(compiler: compiler, source: $0, architecture: $1) }
    }
    // The longest take seconds: neighbours in the list are of one file, so each core gets some of it.
    let found = Complaints()
    DispatchQueue.concurrentPerform(iterations: jobs.count) { [jobs] index in
      let job = jobs[index]
      let output = job.compiler.compile(job.source, headers: Self.headers, for: job.architecture)
      found.add(Self.complaints(output, job.source).map { "sm_\(job.architecture), \(job.compiler.path): \($0)" })
    }
    XCTAssertEqual(found.all, [])
  }

  private struct Job: Sendable {
    let compiler: NVRTC
    let source: KernelSource
    let architecture: Int32
  }

  /// Collected from all cores.
  private final class Complaints: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [String] = []

    func add(_ complaints: [String]) { lock.withLock { all += complaints } }
  }

  func testKernelsOfTensorCoresAreRefusedWhereThereAreNoneForEveryType() throws {
    for compiler in try NVRTC.all() {
      let older = Self.architectures.filter { $0 < 80 && compiler.architectures.contains($0) }
      XCTAssertFalse(older.isEmpty, compiler.path)
      let header = KernelSource(name: "includes.cu", text: "#include \"tensor.cuh\"\n", length: 24)
      for (source, architecture) in product(Self.kernels.filter(\.needsTensorCores) + [header], older) {
        let output = compiler.compile(source, headers: Self.headers, for: architecture)
        XCTAssertNotEqual(output.code, 0, "\(source.name), sm_\(architecture)")
        XCTAssertTrue(output.log.contains("this kernel needs sm_80 or newer"), output.log)
      }
    }
  }

  /// What the compiler might drop or merge is all there: four loads past L1 at once, eight chains of powers of two.
  func testKernelsThatMeasureRatesKeepTheirWork() throws {
    for compiler in try NVRTC.all() {
      for architecture in Self.architectures.filter(compiler.architectures.contains) {
        func ptx(_ name: String) -> String {
          guard let source = Self.kernels.first(where: { $0.name == name }) else { return "" }
          return compiler.compile(source, headers: Self.headers, for: architecture).ptx
        }
        let loads = ptx("reread.cu").components(separatedBy: "ld.global").dropFirst()
        // Four and a last one, or more where the loops are unrolled.
        XCTAssertGreaterThanOrEqual(loads.count, 5, "sm_\(architecture)")
        XCTAssertTrue(loads.allSatisfy { $0.hasPrefix(".cg.v4.u32") }, "sm_\(architecture)")
        let powers = ptx("exponentials.cu").components(separatedBy: "ex2.approx.ftz.f32").count - 1
        XCTAssertGreaterThan(powers, 0, "sm_\(architecture)")
        XCTAssertTrue(powers.isMultiple(of: 8), "sm_\(architecture): \(powers)")
      }
    }
  }

  func testAMistakeIsReportedInTheCompilersWords() throws {
    for compiler in try NVRTC.all() {
      let text = "#include \"device.cuh\"\nKERNEL wrong() { undeclared = 1; }\n"
      let output = compiler.compile(
        KernelSource(name: "wrong.cu", text: text, length: text.utf8.count), headers: Self.headers, for: 90)
      XCTAssertNotEqual(output.code, 0)
      XCTAssertTrue(output.log.contains("wrong.cu(2)") && output.log.contains("undeclared"), output.log)
    }
  }

  private static func complaints(_ output: NVRTC.Output, _ source: KernelSource) -> [String] {
    guard output.code == 0 else { return ["\(source.name): \(output.log)"] }
    var complaints: [String] = []
    if Array(output.cubin.prefix(4)) != [0x7F, 0x45, 0x4C, 0x46] { complaints.append("no machine code") }
    let lines = output.log.split(separator: "\n").map(String.init)
    // 12.9 says that architectures below sm_75 will leave; in 13 they have.
    complaints += lines.filter { $0.contains("warning") && !$0.contains("are deprecated") }
    let reports = lines.filter { $0.contains("spill stores") }
    complaints += reports.filter { !$0.contains(" 0 bytes spill stores, 0 bytes spill loads") }
    // Fragments are arrays that must all be registers.
    if source.needsTensorCores { complaints += reports.filter { !$0.contains(" 0 bytes stack frame") } }
    let kernels = output.ptx.components(separatedBy: ".entry ").dropFirst()
    if kernels.isEmpty || reports.count != kernels.count {
      complaints.append("\(reports.count) reports for \(kernels.count) kernels")
    }
    return complaints.map { "\(source.name): \($0)" } + kernels.flatMap { narrowAccesses($0, source) }
  }

  /// Loads and stores of tensors are of 16 bytes wherever the elements allow it, so each kernel has some. An asynchronous copy
  /// to shared memory is a load.
  private static func narrowAccesses(_ ptx: String, _ source: KernelSource) -> [String] {
    guard !["empty.cu", "exponentials.cu", "spin.cu"].contains(source.name) else { return [] }
    // These write nothing, or a few elements a row.
    return (["reread.cu", "route.cu", "sweep.cu"].contains(source.name) ? ["ld"] : ["ld", "st"]).compactMap { access in
      let copy = access == "ld" ? "|cp\\.async\\.cg\\.shared\\.global.*, 16," : ""
      let pattern = "\(access)\\.global(\\.nc|\\.cg)?\\.(v4\\.[ubf]32|v2\\.[ubf]64)\(copy)"
      guard ptx.range(of: pattern, options: .regularExpression) == nil else { return nil }
      return "\(ptx.prefix { $0 != "(" }): no \(access) of 16 bytes"
    }
  }
}
