import Foundation
import XCTest

/// The stand-in for the CUDA driver, as SwiftPM built it beside the tests, and its switches (Tests/FakeGPU/include/FakeGPU.h).
package final class FakeGPU {
  /// The library's file; nil where the stand-in is not used.
  package static let path: String? = {
    #if os(Linux)
      let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      return tests.appendingPathComponent("libFakeGPU.so").path
    #else
      return nil
    #endif
  }()

  package let path: String
  private let handle: UnsafeMutableRawPointer

  /// The stand-in with everything as at the start.
  ///
  /// - Throws: `XCTSkip` on systems that have no CUDA.
  package init() throws {
    guard let path = FakeGPU.path else { throw XCTSkip("CUDA does not exist on this system, nor does its stand-in") }
    self.path = path
    handle = try XCTUnwrap(dlopen(path, RTLD_NOW), "\(path) was not built")
    (try function("fake_gpu_reset") as @convention(c) () -> Void)()
  }

  /// What a command must see to use it alone.
  package var environment: [String: String] {
    [
      "ROOFLINE_CUDA_DRIVER": path, "ROOFLINE_NVML": path, "ROOFLINE_NVRTC": path,
      "ROOFLINE_CUBLASLT": "/nowhere/libcublasLt.so.13",
    ]
  }

  /// Switches as the environment variable `FAKE_GPU` has them, e.g. `fault=rmsnorm_f16@3:700 drift=0.01`.
  package func apply(_ switches: String) throws { (try function("fake_gpu_apply") as WithText)(switches) }
  package func setDevices(_ count: Int32) throws { (try function("fake_gpu_set_devices") as WithInt32)(count) }
  package func setDriverVersion(_ version: Int32) throws {
    (try function("fake_gpu_set_driver_version") as WithInt32)(version)
  }
  package func setTimeScale(_ scale: Double) throws { (try function("fake_gpu_set_time_scale") as WithDouble)(scale) }
  package func setNoise(_ share: Double) throws { (try function("fake_gpu_set_noise") as WithDouble)(share) }
  package func setCorruption(_ isOn: Bool) throws {
    (try function("fake_gpu_set_corruption") as WithInt32)(isOn ? 1 : 0)
  }
  package func setClockReasons(_ bits: UInt64) throws {
    (try function("fake_gpu_set_clock_reasons") as WithUInt64)(bits)
  }
  package func setProcesses(_ count: Int32) throws { (try function("fake_gpu_set_processes") as WithInt32)(count) }
  package func setMemory(_ bytes: UInt64) throws { (try function("fake_gpu_set_memory") as WithUInt64)(bytes) }
  package func faultKernel(_ code: Int32) throws { (try function("fake_gpu_fault_kernel") as WithInt32)(code) }

  package func setName(_ name: String) throws {
    (try function("fake_gpu_set_name") as WithText)(name)
  }

  package func setAttribute(_ attribute: Int32, _ value: Int32) throws {
    (try function("fake_gpu_set_attribute") as @convention(c) (Int32, Int32) -> Void)(attribute, value)
  }

  package func fail(_ name: String, after calls: Int32 = 0, code: Int32) throws {
    (try function("fake_gpu_fail") as @convention(c) (UnsafePointer<CChar>, Int32, Int32) -> Void)(name, calls, code)
  }

  package func calls(_ name: String) throws -> Int {
    Int((try function("fake_gpu_calls") as @convention(c) (UnsafePointer<CChar>) -> Int32)(name))
  }

  /// Kernels launched, and how often one of the product's really ran.
  package func launches() throws -> Int64 { (try function("fake_gpu_launches") as Int64Getter)() }
  package func realRuns() throws -> Int64 { (try function("fake_gpu_real_runs") as Int64Getter)() }
  /// For what NVRTC compiled last, e.g. `sm_90`.
  package func compiledFor() throws -> String {
    String(cString: (try function("fake_gpu_compiled_for") as @convention(c) () -> UnsafePointer<CChar>)())
  }
  /// How often a kernel really ran.
  package func runs(of kernel: String) throws -> Int64 {
    (try function("fake_gpu_runs_of") as @convention(c) (UnsafePointer<CChar>) -> Int64)(kernel)
  }
  package func liveBytes() throws -> Int64 { (try function("fake_gpu_live_bytes") as Int64Getter)() }
  package func liveHandles() throws -> Int32 { (try function("fake_gpu_live_handles") as Int32Getter)() }
  package func leakedBytes() throws -> Int64 { (try function("fake_gpu_leaked_bytes") as Int64Getter)() }
  package func overruns() throws -> Int32 { (try function("fake_gpu_overruns") as Int32Getter)() }

  /// Nothing of a device may outlive its user.
  package func assertNothingIsLeft(_ what: String = "", file: StaticString = #filePath, line: UInt = #line) throws {
    XCTAssertEqual(try liveBytes(), 0, "\(what): bytes", file: file, line: line)
    XCTAssertEqual(try liveHandles(), 0, "\(what): handles", file: file, line: line)
    XCTAssertEqual(try leakedBytes(), 0, "\(what): leaked bytes", file: file, line: line)
    XCTAssertEqual(try overruns(), 0, "\(what): writes behind an allocation", file: file, line: line)
  }

  // MARK: calls

  private typealias WithInt32 = @convention(c) (Int32) -> Void
  private typealias WithUInt64 = @convention(c) (UInt64) -> Void
  private typealias WithDouble = @convention(c) (Double) -> Void
  private typealias WithText = @convention(c) (UnsafePointer<CChar>) -> Void
  private typealias Int32Getter = @convention(c) () -> Int32
  private typealias Int64Getter = @convention(c) () -> Int64

  private func function<Function>(_ name: String) throws -> Function {
    unsafeBitCast(try XCTUnwrap(dlsym(handle, name), "the stand-in has no \(name)"), to: Function.self)
  }
}
