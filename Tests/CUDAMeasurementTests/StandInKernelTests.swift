import CUDAMeasurement
import Foundation
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

import class CUDAMeasurement.DeviceMemory

/// The product's own kernels, through the driver's calls, on the stand-in, which runs their text on the CPU.
final class StandInKernelTests: XCTestCase {
  /// RMSNorm of 5 rows of 100 elements, ready to be launched.
  private final class Norm {
    static let rows = 5
    static let width = 100
    static let epsilon: Float = 1e-5
    let context: Context
    let stream: DeviceStream
    let kernel: Kernel
    let input: DeviceMemory
    let weight: DeviceMemory
    let output: DeviceMemory
    let weights = (0..<width).map { 0.5 + Float($0) / 50 }
    static let geometry = LaunchGeometry(grid: .init(UInt32(rows)), block: .init(64))

    init(_ fake: FakeGPU) throws {
      context = try Context(try Driver(environment: fake.environment))
      stream = try DeviceStream(context)
      kernel = try StandInKernelTests.module("rmsnorm.cu", fake, context).kernel("rmsnorm_f32")
      input = try DeviceMemory(context, byteCount: Norm.rows * Norm.width * 4)
      weight = try DeviceMemory(context, byteCount: Norm.width * 4)
      output = try DeviceMemory(context, byteCount: Norm.rows * Norm.width * 4)
      try weight.write(weights)
      try input.write(Norm.values(scale: 1))
    }

    static func values(scale: Float) -> [Float] { (0..<rows * width).map { scale * (Float($0 * 37 % 101) / 50 - 1) } }

    func launch(from address: UInt64? = nil, width: Int = Norm.width, sharedBytes: UInt32 = 0) throws(GPUFault) {
      var geometry = Norm.geometry
      geometry.sharedBytes = sharedBytes
      try stream.launch(
        kernel, geometry,
        [
          .address(address ?? input.address), .memory(weight), .memory(output), .int32(Int32(width)),
          .float(Norm.epsilon),
        ])
    }

    func result() throws -> [Float] { try output.read(Float.self, count: Norm.rows * Norm.width) }

    /// Elements that differ from a loop in double precision by more than float's rounding explains.
    func wrongElements(input: [Float]) throws -> Int {
      let result = try result()
      var wrong = 0
      for row in 0..<Norm.rows {
        let part = input[row * Norm.width..<(row + 1) * Norm.width].map(Double.init)
        let mean = part.reduce(0) { $0 + $1 * $1 } / Double(Norm.width)
        for column in 0..<Norm.width {
          let expected = part[column] / (mean + Double(Norm.epsilon)).squareRoot() * Double(weights[column])
          let difference = abs(Double(result[row * Norm.width + column]) - expected)
          if !(difference <= 1e-5 * max(1, abs(expected))) { wrong += 1 }
        }
      }
      return wrong
    }
  }

  private static func module(_ file: String, _ fake: FakeGPU, _ context: Context) throws -> KernelModule {
    let compiler = try KernelCompiler(path: fake.path)
    let output = try KernelSources.compile(file, compiler, context.properties.computeCapability).output
    return try KernelModule(context, image: output.code)
  }

  private func fault(_ body: () throws -> Void) -> GPUFault? {
    do {
      try body()
      return nil
    } catch {
      return error as? GPUFault
    }
  }

  func testAKernelComputesWhatItsTextSays() throws {
    let fake = try FakeGPU()
    do {
      let norm = try Norm(fake)
      try norm.launch()
      try norm.stream.synchronize()
      XCTAssertEqual(try norm.wrongElements(input: Norm.values(scale: 1)), 0)
      XCTAssertEqual(try norm.kernel.registers(), 32)
    }
    try fake.assertNothingIsLeft()
  }

  /// Only what the host has written since makes a launch run again; all of them take their time.
  func testALaunchLikeOneBeforeOnlyTakesItsTime() throws {
    let fake = try FakeGPU()
    let norm = try Norm(fake)
    let timer = try LaunchTimer(norm.context)
    // 2 µs, and the input, the weights and the output at 200 bytes a nanosecond.
    let expected = 2e-6 + Double((2 * Norm.rows + 1) * Norm.width * 4) / 200 * 1e-9
    let taken = try XCTUnwrap(timer.samples { _ throws(GPUFault) in try norm.launch() })
    for sample in taken.samples {
      XCTAssertEqual(sample, expected, accuracy: 1e-12)
    }
    XCTAssertEqual(try fake.launches(), 33)
    XCTAssertEqual(try fake.realRuns(), 1)
    try norm.input.write(Norm.values(scale: 3))
    try norm.launch()
    XCTAssertEqual(try norm.wrongElements(input: Norm.values(scale: 3)), 0)
    try norm.stream.fill(norm.output, with: 0xFF)
    try norm.launch()
    XCTAssertEqual(try norm.wrongElements(input: Norm.values(scale: 3)), 0)
    XCTAssertEqual(try fake.realRuns(), 3)
  }

  func testAGraphRunsKernelsWithTheArgumentsOfItsCapture() throws {
    let fake = try FakeGPU()
    do {
      let norm = try Norm(fake)
      let sum = try DeviceMemory(norm.context, byteCount: norm.output.byteCount)
      let count = Norm.rows * Norm.width
      let add = try Self.module("residual_add.cu", fake, norm.context).kernel("residual_add_f32")
      let graph = try Graph(capturing: norm.stream) { stream throws(GPUFault) in
        try norm.launch()
        try stream.launch(
          add, LaunchGeometry(grid: .init(4), block: .init(64)),
          [.memory(norm.output), .memory(norm.input), .memory(sum), .uint64(UInt64(count))])
      }
      XCTAssertEqual(try sum.read(Float.self, count: count).filter(\.isNaN).count, count)
      try graph.launch()
      XCTAssertEqual(try norm.wrongElements(input: Norm.values(scale: 1)), 0)
      let expected = zip(try norm.result(), Norm.values(scale: 1)).map { $0 + $1 }
      XCTAssertEqual(try sum.read(Float.self, count: count), expected)
      try graph.launch()
      XCTAssertEqual(try fake.launches(), 4)
      XCTAssertEqual(try fake.realRuns(), 2)
    }
    try fake.assertNothingIsLeft()
  }

  /// The emulator sees each access, and CUDA's codes say what it saw.
  func testKernelsThatGoWrong() throws {
    let cases: [(what: String, code: Int32, name: String, launch: (Norm) throws(GPUFault) -> Void)] = [
      ("behind the end", 700, "CUDA_ERROR_ILLEGAL_ADDRESS", { norm throws(GPUFault) in try norm.launch(width: 101) }),
      (
        "between elements", 716, "CUDA_ERROR_MISALIGNED_ADDRESS",
        { norm throws(GPUFault) in try norm.launch(from: norm.input.address + 1, width: 8) }
      ),
      (
        "waits for ever", 702, "CUDA_ERROR_LAUNCH_TIMEOUT",
        { norm throws(GPUFault) in
          let kernel = try SpinKernel.load(norm.context).kernel("faulty_split_wait")
          try norm.stream.launch(kernel, LaunchGeometry(grid: .init(1), block: .init(32)), [.memory(norm.output)])
        }
      ),
    ]
    for (what, code, name, launch) in cases {
      let fake = try FakeGPU()
      do {
        let norm = try Norm(fake)
        try launch(norm)
        XCTAssertEqual(
          fault { try norm.stream.synchronize() }, .call("cuStreamSynchronize", code: code, name: name), what)
      }
      try fake.assertNothingIsLeft(what)
    }
  }

  func testAFaultWaitsForItsLaunchOfItsKernel() throws {
    let fake = try FakeGPU()
    do {
      let norm = try Norm(fake)
      try fake.apply("fault=gelu_f32:719 fault=rmsnorm_f32@2:700")
      for _ in 0..<2 { try norm.launch() }
      try norm.stream.synchronize()
      try norm.launch()
      XCTAssertEqual(
        fault { try norm.stream.synchronize() },
        .call("cuStreamSynchronize", code: 700, name: "CUDA_ERROR_ILLEGAL_ADDRESS"))
    }
    try fake.assertNothingIsLeft()
  }

  func testACorruptKernelIsWrongInOneElement() throws {
    let fake = try FakeGPU()
    let norm = try Norm(fake)
    try fake.apply("corrupt=gelu_f32")
    try norm.launch()
    XCTAssertEqual(try norm.wrongElements(input: Norm.values(scale: 1)), 0)
    try fake.apply("corrupt=rmsnorm_f32")
    try norm.stream.fill(norm.output, with: 0)
    try norm.launch()
    XCTAssertEqual(try norm.wrongElements(input: Norm.values(scale: 1)), 1)
  }

  func testTheCompilerReportsResourcesAndRefusesOneProgram() throws {
    let fake = try FakeGPU()
    try fake.apply("refuse=rotary.cu")
    let compiler = try KernelCompiler(path: fake.path)
    let capability = ComputeCapability(major: 9, minor: 0)
    let log = try KernelSources.compile("rmsnorm.cu", compiler, capability).output.log
    XCTAssertEqual(log.components(separatedBy: "Used 32 registers, 380 bytes cmem[0]").count - 1, 3)
    XCTAssertEqual(log.components(separatedBy: " 0 bytes spill stores, 0 bytes spill loads").count - 1, 3)
    for (name, words) in [("rotary.cu", "rotary.cu(1): error"), ("nonsense.cu", "no kernel file")] {
      let caught = fault { _ = try KernelSources.compile(name, compiler, capability) }
      guard case .compilation(name, "sm_90", let log) = caught else { return XCTFail("\(String(describing: caught))") }
      XCTAssertTrue(log.contains(words), log)
    }
  }

  /// The real compiler takes the embedded files and their headers too.
  func testTheRealCompilerTakesTheEmbeddedFiles() throws {
    guard let path = ProcessInfo.processInfo.environment["ROOFLINE_TEST_NVRTC"] else {
      XCTAssertFalse(Fixtures.isCI, "CI must name NVRTC in ROOFLINE_TEST_NVRTC")
      throw XCTSkip("ROOFLINE_TEST_NVRTC names no NVRTC")
    }
    let output = try KernelSources.compile(
      "rmsnorm.cu", try KernelCompiler(path: path), .init(major: 9, minor: 0)
    ).output
    XCTAssertEqual(output.code.prefix(4), [0x7F, 0x45, 0x4C, 0x46])  // ELF
    XCTAssertEqual(output.log.components(separatedBy: "registers").count - 1, 3, output.log)
  }

  func testAddressesOutsideAllocationsAreRefused() throws {
    let fake = try FakeGPU()
    do {
      let norm = try Norm(fake)
      let driver = norm.context.driver
      var bytes = [UInt8](repeating: 0, count: 8)
      let end = norm.input.address + UInt64(norm.input.byteCount)
      for address in [0, 16, end - 7] {
        XCTAssertEqual(driver.copyToDevice(address, bytes, 8), 1)
        XCTAssertEqual(driver.copyToHost(&bytes, address, 8), 1)
        XCTAssertEqual(driver.setBytes(address, 0, 8, norm.stream.handle), 1)
        XCTAssertEqual(driver.copyOnDevice(norm.output.address, address, 8, norm.stream.handle), 1)
        XCTAssertEqual(driver.copyOnDevice(address, norm.output.address, 8, norm.stream.handle), 1)
      }
      XCTAssertEqual(driver.copyToDevice(end - 8, bytes, 8), 0)
      XCTAssertEqual(
        fault { _ = try KernelModule(norm.context, image: Array("no code".utf8)) },
        .call("cuModuleLoadData", code: 200, name: "CUDA_ERROR_INVALID_IMAGE"))
    }
    try fake.assertNothingIsLeft()
  }

  /// As on a GPU, more than 48 KiB must be asked for, and more than the device has is refused.
  func testSharedMemoryMustBeAllowed() throws {
    let fake = try FakeGPU()
    let norm = try Norm(fake)
    try norm.launch(sharedBytes: 48 << 10)
    let refused = GPUFault.call("cuLaunchKernel of rmsnorm_f32", code: 1, name: "CUDA_ERROR_INVALID_VALUE")
    XCTAssertEqual(fault { try norm.launch(sharedBytes: 100 << 10) }, refused)
    try norm.kernel.allowSharedMemory(100 << 10)
    try norm.launch(sharedBytes: 100 << 10)
    XCTAssertEqual(
      fault { try norm.kernel.allowSharedMemory(232449) },
      .call("cuFuncSetAttribute of rmsnorm_f32", code: 1, name: "CUDA_ERROR_INVALID_VALUE"))
  }

  func testTimesDriftAndReasonsShowLater() throws {
    let fake = try FakeGPU()
    try fake.apply("drift=0.01 reasons=64@2")
    let context = try Context(try Driver(environment: fake.environment))
    let management = try ManagementLibrary(environment: fake.environment)
    let kernel = try SpinKernel.load(context).kernel(SpinKernel.spinName)
    let stream = try DeviceStream(context)
    let start = try Event(context)
    let end = try Event(context)
    var times: [Double] = []
    var states: [DeviceState?] = []
    for _ in 0..<3 {
      try start.record(in: stream)
      try stream.launch(kernel, SpinKernel.geometry, [.uint64(98_000)])
      try end.record(in: stream)
      times.append(try end.seconds(since: start))
      states.append(management.state(pciBusIdentifier: context.properties.pciBusIdentifier))
    }
    for (time, expected) in zip(times, [100e-6, 101e-6, 102e-6]) { XCTAssertEqual(time, expected, accuracy: 1e-10) }
    XCTAssertEqual(states.map { $0?.clockReasons }, [[], [.hardwareThermalSlowdown], [.hardwareThermalSlowdown]])
  }
}
