import CUDAMeasurement
import Foundation
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// NVRTC, NVML and where libraries are looked for.
final class LibrariesTests: XCTestCase {
  func testNamedFilesAreTheOnlyOnesTried() {
    let search = LibrarySearch(environment: [
      "ROOFLINE_CUDA_DRIVER": "/a", "ROOFLINE_NVRTC": "/b", "ROOFLINE_NVML": "/c",
    ])
    XCTAssertEqual(search.driver, ["/a"])
    XCTAssertEqual(search.compilers, ["/b"])
    XCTAssertEqual(search.managementLibrary, ["/c"])
    XCTAssertEqual(LibrarySearch(environment: ["ROOFLINE_CUDA_DRIVER": ""]).driver.first, "libcuda.so.1")
  }

  func testPythonPackagesAndFoldersAreSearched() throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("roofline-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    func touch(_ path: String) throws -> String {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: file)
      return file.path
    }
    let mine = try touch("mine/libnvrtc.so.12")
    let new = try touch("venv/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13")
    let old = try touch("venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12")
    let toolkit = try touch("cuda/lib64/libnvrtc.so.12")
    _ = try touch("mine/libnvrtc-builtins.so.12.9")
    _ = try touch("mine/libnvrtc.so")
    let search = LibrarySearch(environment: [
      "ROOFLINE_CUDA_LIBRARIES": root.appendingPathComponent("mine").path,
      "VIRTUAL_ENV": root.appendingPathComponent("venv").path, "CUDA_HOME": root.appendingPathComponent("cuda").path,
    ])
    let found = search.compilers.filter { $0.hasPrefix(root.path) }
    XCTAssertEqual(found, [mine, old, new, toolkit])
    XCTAssertEqual(search.compilers.last, "libnvrtc.so.11.2")
  }

  /// The packages of each python3 on the path: beside the link that a virtual environment has, and beside what it leads to.
  func testPackagesOfEachPythonOnThePathAreSearched() throws {
    let root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent("roofline-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    func touch(_ path: String, mode: Int = 0o644) throws -> String {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
      return file.path
    }
    _ = try touch("base/bin/python3.12", mode: 0o755)
    _ = try touch("notes/bin/python3")
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("venv/bin"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: root.appendingPathComponent("venv/bin/python3").path,
      withDestinationPath: root.appendingPathComponent("base/bin/python3.12").path)
    let venv = try touch("venv/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13")
    let wide = try touch("venv/lib64/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13")
    let base = try touch("base/lib/python3.12/dist-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12")
    let product = try touch("base/lib/python3.12/dist-packages/nvidia/cublas/lib/libcublasLt.so.12")
    // A file that cannot run is no python3, whatever lies beside it.
    _ = try touch("notes/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13")
    let path = ["", "relative", "\(root.path)/nowhere/bin", "\(root.path)/notes/bin", "\(root.path)/venv/bin"]
    let search = LibrarySearch(environment: ["PATH": path.joined(separator: ":")])
    XCTAssertEqual(search.compilers.filter { $0.hasPrefix(root.path) }, [venv, wide, base])
    XCTAssertEqual(search.cuBLASLt.filter { $0.hasPrefix(root.path) }, [product])
    XCTAssertEqual(LibrarySearch(environment: [:]).compilers.filter { $0.hasPrefix(root.path) }, [])
  }

  func testManagementLibraryReadsAState() throws {
    let fake = try FakeGPU()
    try fake.setProcesses(20)
    try fake.setClockReasons(0x44)
    let management = try ManagementLibrary(environment: fake.environment)
    let state = try XCTUnwrap(management.state(pciBusIdentifier: "FA4E:00:00.0"))
    XCTAssertEqual([state.smClock, state.temperature, state.power, state.powerLimit], [1e9, 40, 70, 100])
    XCTAssertEqual(state.clockReasons, [.softwarePowerCap, .hardwareThermalSlowdown])
    XCTAssertEqual(state.processes?.count, 20)
    XCTAssertEqual(state.processes?.last, .init(identifier: 1019, memory: 1 << 30))
    XCTAssertEqual([state.isECCEnabled, state.isMIGEnabled], [true, false])
    XCTAssertEqual(state.counters.energy, 5)
    XCTAssertEqual(state.counters.hardwareThermal, 2)
    XCTAssertNil(state.counters.powerBrake)
  }

  /// What a virtual GPU hides is missing, and nothing else.
  func testEachFactOfTheManagementLibraryMayBeMissing() throws {
    let calls = [
      "nvmlDeviceGetClockInfo", "nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV",
      "nvmlDeviceGetPowerUsage", "nvmlDeviceGetCurrentClocksEventReasons",
      "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetCurrentClocksThrottleReasons", "nvmlDeviceGetEccMode",
      "nvmlDeviceGetMigMode", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetComputeRunningProcesses_v3",
      "nvmlDeviceGetFieldValues",
    ]
    let fake = try FakeGPU()
    for call in calls { try fake.fail(call, code: 3) }  // NVML_ERROR_NOT_SUPPORTED
    let management = try ManagementLibrary(environment: fake.environment)
    XCTAssertEqual(management.state(pciBusIdentifier: "FA4E:00:00.0"), DeviceState())
    try fake.fail("nvmlDeviceGetHandleByPciBusId_v2", code: 6)
    XCTAssertNil(management.state(pciBusIdentifier: "FA4E:00:00.0"))
  }

  /// NVML renamed two functions: either name will do, whichever the driver has.
  func testRenamedFunctionsAreAskedUnderBothNames() throws {
    let old = ["nvmlDeviceGetTemperature", "nvmlDeviceGetCurrentClocksThrottleReasons"]
    let new = ["nvmlDeviceGetTemperatureV", "nvmlDeviceGetCurrentClocksEventReasons"]
    for missing in [[], old, new] {
      let fake = try FakeGPU()
      try fake.setClockReasons(0x4)
      for call in missing { try fake.fail(call, code: 13) }  // NVML_ERROR_FUNCTION_NOT_FOUND
      let management = try ManagementLibrary(environment: fake.environment)
      let state = try XCTUnwrap(management.state(pciBusIdentifier: "FA4E:00:00.0"))
      XCTAssertEqual(state.temperature, 40, "\(missing)")
      XCTAssertEqual(state.clockReasons, .softwarePowerCap, "\(missing)")
      XCTAssertEqual(management.load(pciBusIdentifier: "FA4E:00:00.0")?.temperature, 40)
    }
  }

  func testCompilerTooNewForTheDriverIsRefusedWithItsReason() throws {
    let fake = try FakeGPU()
    let compiler = try KernelCompiler.newest(environment: fake.environment, driver: .init(major: 13, minor: 0))
    XCTAssertEqual(compiler.version, .init(major: 13, minor: 0))
    do {
      _ = try KernelCompiler.newest(environment: fake.environment, driver: .init(major: 12, minor: 4))
      XCTFail("NVRTC 13 for a driver of CUDA 12")
    } catch {
      guard case .noLibrary(let finding) = error else { return XCTFail("\(error)") }
      XCTAssertEqual(finding.searched.map(\.reason), ["NVRTC 13.0 is newer than the driver's CUDA 12.4"])
    }
  }

  func testARefusedKernelComesWithItsLog() throws {
    let fake = try FakeGPU()
    let compiler = try KernelCompiler(path: fake.path)
    let file = KernelCompiler.SourceFile(name: "kernel.cu", text: "nonsense")
    XCTAssertFalse(try compiler.compile(file, architecture: "sm_90").code.isEmpty)
    try fake.fail("nvrtcCompileProgram", code: 6)
    do {
      _ = try compiler.compile(file, architecture: "sm_90")
      XCTFail("a kernel of nonsense")
    } catch {
      guard case .compilation("kernel.cu", "sm_90", let log) = error else { return XCTFail("\(error)") }
      XCTAssertTrue(log.contains("nonsense"), log)
    }
  }

  /// NVIDIA's own NVRTC, which needs no GPU: machine code, the log, an error, and its builtins found by path.
  func testTheRealCompiler() throws {
    guard let path = ProcessInfo.processInfo.environment["ROOFLINE_TEST_NVRTC"] else {
      XCTAssertFalse(Fixtures.isCI, "CI must name NVRTC in ROOFLINE_TEST_NVRTC")
      throw XCTSkip("ROOFLINE_TEST_NVRTC names no NVRTC")
    }
    let compiler = try KernelCompiler(path: path)
    XCTAssertGreaterThanOrEqual(compiler.version.major, 12)
    let header = KernelCompiler.SourceFile(name: "half.cuh", text: "#define HALF 0.5f\n")
    let text = "#include \"half.cuh\"\nextern \"C\" __global__ void halve(float *x) { x[threadIdx.x] *= HALF; }\n"
    let output = try compiler.compile(
      .init(name: "halve.cu", text: text), headers: [header], architecture: "sm_90",
      options: ["--ptxas-options=-v"])
    XCTAssertEqual(output.code.prefix(4), [0x7F, 0x45, 0x4C, 0x46])  // ELF
    XCTAssertTrue(output.log.contains("registers"), output.log)
    do {
      _ = try compiler.compile(.init(name: "halve.cu", text: text), architecture: "sm_90")
      XCTFail("compiled without its header")
    } catch {
      guard case .compilation(_, _, let log) = error else { return XCTFail("\(error)") }
      XCTAssertTrue(log.contains("half.cuh"), log)
    }
  }

  func testVersionsOfTheMatrixLibrary() {
    XCTAssertEqual(MatrixLibrary.version(number: 130_100), "13.1.0")
    XCTAssertEqual(MatrixLibrary.version(number: 120_904), "12.9.4")
  }
}
