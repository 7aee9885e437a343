import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// Whatever goes wrong on a GPU gets one clear sentence, an exit code of 1, and everything back that was taken.
final class DevicesFaultTests: CommandTestCase {
  private typealias Fault = (name: String, inject: (FakeGPU) throws -> Void, words: [String])

  private func assert(_ faults: [Fault], _ command: String, printsListing: Bool, line: UInt = #line) throws {
    for fault in faults {
      let fake = try FakeGPU()
      try fault.inject(fake)
      let outcome = roofline(command, Surroundings(environment: fake.environment))
      let what = "\(fault.name): \(outcome.errors)"
      XCTAssertEqual(outcome.exitCode, 1, what, line: line)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, what, line: line)
      XCTAssertEqual(!outcome.output.isEmpty, printsListing, what, line: line)
      for word in fault.words { XCTAssertTrue(outcome.errors.contains(word), "\(what) lacks \(word)", line: line) }
      try fake.assertNothingIsLeft(fault.name, line: line)
    }
  }

  func testFaultsOfTheListing() throws {
    try assert(
      [
        ("old driver", { try $0.setDriverVersion(11010) }, ["for CUDA 11.1", "CUDA 11.4 or newer"]),
        ("version", { try $0.fail("cuDriverGetVersion", code: 999) }, ["cuDriverGetVersion", "(999)"]),
        ("mismatch", { try $0.fail("cuInit", code: 803) }, ["CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", "restart"]),
        ("unknown code", { try $0.fail("cuDeviceGetCount", code: 4242) }, ["no name for (4242)", "nvidia-smi"]),
        ("lost device", { try $0.fail("cuDeviceGetAttribute", after: 2, code: 101) }, ["CUDA_ERROR_INVALID_DEVICE"]),
      ], "devices", printsListing: true)
  }

  /// One broken GPU does not hide the others.
  func testTheOtherGPUsAreListed() throws {
    let fake = try FakeGPU()
    try fake.setDevices(2)
    try fake.fail("cuDeviceTotalMem_v2", after: 1, code: 999)
    let outcome = roofline("devices", Surroundings(environment: fake.environment))
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertTrue(outcome.output.contains("GPU 0: Fake GPU"), outcome.output)
    XCTAssertTrue(outcome.output.contains("GPU 1: see the error"), outcome.output)
    XCTAssertTrue(outcome.errors.contains("cuDeviceTotalMem"), outcome.errors)
  }

  /// NVML is optional: without it facts are missing and nothing is wrong.
  func testWithoutNVML() throws {
    for broken in [false, true] {
      let fake = try FakeGPU()
      if broken { try fake.fail("nvmlInit_v2", code: 18) }
      var environment = fake.environment
      if !broken { environment["ROOFLINE_NVML"] = "/nowhere/libnvidia-ml.so.1" }
      for command in ["devices", "devices --self-test"] {
        let outcome = roofline(command, Surroundings(environment: environment))
        XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
        XCTAssertTrue(outcome.output.contains("not known"), outcome.output)
      }
      try fake.assertNothingIsLeft()
    }
  }

  func testFaultsOfTheSelfTest() throws {
    try assert(
      [
        ("no memory", { try $0.fail("cuMemAlloc_v2", code: 2) }, ["CUDA_ERROR_OUT_OF_MEMORY (2)", "67108864 bytes"]),
        ("no memory later", { try $0.fail("cuMemAlloc_v2", after: 1, code: 2) }, ["CUDA_ERROR_OUT_OF_MEMORY (2)"]),
        ("little memory", { try $0.setMemory(100 << 20) }, ["CUDA_ERROR_OUT_OF_MEMORY (2)", "end other programs"]),
        (
          "illegal address", { try $0.faultKernel(700) },
          ["CUDA_ERROR_ILLEGAL_ADDRESS (700)", "nothing that it computed"]
        ),
        ("launch timeout", { try $0.faultKernel(702) }, ["CUDA_ERROR_LAUNCH_TIMEOUT (702)", "watchdog"]),
        ("unknown code", { try $0.faultKernel(4242) }, ["no name for (4242)"]),
        ("no PTX compiler", { try $0.fail("cuModuleLoadData", code: 221) }, ["libnvidia-ptxjitcompiler"]),
        ("missing kernel", { try $0.fail("cuModuleGetFunction", after: 1, code: 500) }, ["roofline_spin", "(500)"]),
        ("no context", { try $0.fail("cuDevicePrimaryCtxRetain", code: 2) }, ["cuDevicePrimaryCtxRetain"]),
        ("no stream", { try $0.fail("cuStreamCreate", code: 2) }, ["cuStreamCreate"]),
        ("no second event", { try $0.fail("cuEventCreate", after: 1, code: 2) }, ["cuEventCreate"]),
        (
          "launch in the middle", { try $0.fail("cuLaunchKernel", after: 100, code: 719) }, ["CUDA_ERROR_LAUNCH_FAILED"]
        ),
        ("copy back", { try $0.fail("cuMemcpyDtoH_v2", code: 700) }, ["cuMemcpyDtoH"]),
        ("times of no number", { try $0.setTimeScale(.nan) }, ["timed a kernel at no number of s, which no kernel"]),
        ("endless times", { try $0.setTimeScale(1e300) }, ["timed a kernel at infinitely many s"]),
        ("times below zero", { try $0.setTimeScale(-1) }, ["timed a kernel at -", "update the driver"]),
        ("stopped clock", { try $0.setTimeScale(0) }, ["timed a kernel at 0.0 s"]),
        ("noise beyond the time", { try $0.setNoise(30) }, ["timed a kernel at -"]),
        ("old driver", { try $0.setDriverVersion(10020) }, ["for CUDA 10.2"]),
        ("mismatch", { try $0.fail("cuInit", code: 803) }, ["restart the machine"]),
      ], "devices --self-test", printsListing: false)
  }

  func testWhatTheSelfTestFinds() throws {
    try assert(
      [
        ("slow clock", { try $0.setTimeScale(1.1) }, ["times kernels wrong", "1.00 ms came back as 1.10 ms"]),
        ("fast clock", { try $0.setTimeScale(0.9) }, ["times kernels wrong", "10.00 ms came back as 9.00 ms"]),
        ("noise", { try $0.setNoise(0.2) }, ["unsteadily", "end other programs"]),
        ("heat", { try $0.setClockReasons(0x40) }, ["slows itself down", "hardware thermal slowdown"]),
        ("power brake", { try $0.setClockReasons(0x80) }, ["hardware power brake"]),
        ("wrong copy", { try $0.setCorruption(true) }, ["1 of 4194304 copied bytes wrong"]),
      ], "devices --self-test", printsListing: true)
  }

  func testAHealthyDevicePasses() throws {
    let fake = try FakeGPU()
    // The power limit is how every GPU holds its clocks under load.
    try fake.setClockReasons(0x4)
    let surroundings = Surroundings(environment: fake.environment)
    let outcome = roofline("devices --self-test", surroundings)
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertTrue(outcome.output.contains(": passed\n"), outcome.output)
    XCTAssertTrue(outcome.output.contains("spin of 1.00 ms"), outcome.output)
    try fake.assertNothingIsLeft()
    let text = roofline("devices --self-test --format json", surroundings).output
    let document = try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    XCTAssertEqual(document["hasPassed"] as? Bool, true)
    XCTAssertEqual((document["readings"] as? [Any])?.count, 3)
    // 2.5 % of 10 ms and 8 µs are the tolerances; 2 % pass.
    try fake.setTimeScale(1.02)
    XCTAssertEqual(roofline("devices --self-test", surroundings).exitCode, 0)
  }

  /// The built program itself, told its faults through the environment, as a script outside would.
  func testTheExecutable() throws {
    let fake = try FakeGPU()
    let executable = URL(fileURLWithPath: fake.path).deletingLastPathComponent().appendingPathComponent("roofline")
    let cases: [(switches: String, exitCode: Int32, words: String)] = [
      ("", 0, ""), ("devices=0", 0, ""), ("version=11000", 1, "install one for CUDA 11.4"),
      ("fail=cuMemAlloc_v2@1:2", 1, "CUDA_ERROR_OUT_OF_MEMORY"), ("fault=700", 1, "CUDA_ERROR_ILLEGAL_ADDRESS"),
      ("scale=1.1 reasons=1", 1, "times kernels wrong"), ("corrupt=1", 1, "copied bytes wrong"),
    ]
    for (switches, exitCode, words) in cases {
      let process = Process()
      process.executableURL = executable
      process.arguments = ["devices", "--self-test"]
      process.environment = fake.environment.merging(["FAKE_GPU": switches]) { $1 }
      process.standardOutput = FileHandle.nullDevice
      let pipe = Pipe()
      process.standardError = pipe
      try process.run()
      let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      XCTAssertEqual(process.terminationStatus, exitCode, "\(switches): \(errors)")
      XCTAssertTrue(words.isEmpty ? errors.isEmpty : errors.contains(words), "\(switches): \(errors)")
    }
  }
}
