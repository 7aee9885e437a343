import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// For what NVRTC compiles: the GPU itself, its generation alone, or the newest that it knows.
final class CompilationTargetTests: XCTestCase {
  private func target(_ text: String, known: [Int], isSpecific: Bool = false) throws -> CompilationTarget {
    try CompilationTarget(
      XCTUnwrap(ComputeCapability(text)), known: known, isSpecific: isSpecific)
  }

  func testTheNewestKnownArchitectureStandsInForOneThatNVRTCDoesNotKnow() throws {
    let known = [75, 80, 90, 100, 120, 121]
    for (capability, architecture, isPTX) in [
      ("9.0", "sm_90", false), ("12.1", "sm_121", false), ("13.0", "compute_121", true), ("10.3", "compute_100", true),
      ("8.6", "compute_80", true),
    ] {
      let target = try target(capability, known: known)
      XCTAssertEqual(target.architecture, architecture)
      XCTAssertEqual(target.isPTX, isPTX, capability)
    }
    // One that does not tell is asked for the GPU itself.
    XCTAssertEqual(try target("13.0", known: []).architecture, "sm_130")
    XCTAssertThrowsError(try target("7.0", known: known))
  }

  /// `wgmma` and `setmaxnreg` are in `sm_90a` alone; before Hopper there is no such thing, and PTX of it runs nowhere else.
  func testWhatAGenerationAloneHasIsAskedForByName() throws {
    for (capability, architecture) in [("9.0", "sm_90a"), ("10.0", "sm_100a"), ("12.0", "sm_120a"), ("8.0", "sm_80")] {
      XCTAssertEqual(
        try target(capability, known: [80, 90, 100, 120], isSpecific: true).architecture, architecture)
    }
    XCTAssertThrowsError(try target("10.3", known: [90, 100], isSpecific: true))
  }

  /// A file that asks for it is compiled so; others are not.
  func testAFileAsksForItsGeneration() throws {
    let fake = try FakeGPU()
    let compiler = try KernelCompiler(path: fake.path)
    let hopper = ComputeCapability(major: 9, minor: 0)
    let plain = KernelCompiler.SourceFile(name: "plain.cu", text: "KERNEL plain() {}")
    let asking = KernelCompiler.SourceFile(
      name: "asking.cu", text: "\(KernelSources.specificMark): wgmma\n\(plain.text)")
    for (file, architecture) in [(plain, "sm_90"), (asking, "sm_90a")] {
      XCTAssertEqual(try KernelSources.compile(file, compiler, hopper).target.architecture, architecture)
      XCTAssertEqual(try fake.compiledFor(), architecture)
    }
  }

  /// On a GPU that NVRTC does not know kernels run all the same, and the observation says how they were compiled.
  func testAGPUThatNVRTCDoesNotKnowIsMeasured() throws {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 attribute=75:13 attribute=76:0 architectures=80,90,121")
    let session = try MeasurementSession(environment: fake.environment, ordinal: 0, seed: 7, isInterrupted: { false })
    let run = try session.run([PlannedOperators.task("gelu rows=2 width=64", .fp16)], modes: [.hot])
    XCTAssertEqual(run.failed, [])
    let kernel = try XCTUnwrap(run.measurements.first?.kernels.first)
    XCTAssertEqual(kernel.architecture, "compute_121")
    XCTAssertTrue(kernel.isOfPTX)
    XCTAssertEqual(try fake.compiledFor(), "compute_121")
  }
}
