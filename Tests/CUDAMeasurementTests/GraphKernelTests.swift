import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Which kernels a recorded graph has, on the stand-in; its own library's kernel is `fake_gemm`, of 168 registers.
final class GraphKernelTests: XCTestCase {
  private static let product = MatrixProduct(m: 8, n: 8, k: 8, format: .fp16)

  /// The kernels in order, without the memset between them; none of them runs.
  func testTheKernelsOfAGraph() throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let module = try SpinKernel.load(context)
      let (spin, empty) = (try module.kernel(SpinKernel.spinName), try module.kernel(SpinKernel.emptyName))
      let memory = try DeviceMemory(context, byteCount: 16)
      let wide = LaunchGeometry(grid: .init(3, 4, 5), block: .init(6, 7, 8), sharedBytes: 99)
      let narrow = LaunchGeometry(grid: .init(2), block: .init(32))
      let stream = try DeviceStream(context)
      let kernels = try Graph.kernels(capturing: stream) { stream throws(GPUFault) in
        try stream.launch(spin, wide, [.uint64(1000)])
        try stream.fill(memory, with: 0)
        try stream.launch(empty, narrow, [])
      }
      XCTAssertEqual(kernels.map(\.name), [SpinKernel.spinName, SpinKernel.emptyName])
      XCTAssertEqual(kernels.map(\.geometry), [wide, narrow])
      XCTAssertEqual(kernels.map(\.registers), [try spin.registers(), try empty.registers()])
      XCTAssertEqual(kernels.map(\.localBytes), [0, 0])
      XCTAssertEqual(try fake.launches(), 0)
      XCTAssertEqual(try fake.calls("cuGraphInstantiateWithFlags"), 0)
      XCTAssertEqual(try Graph.kernels(capturing: stream) { _ in }, [])
    }
    try fake.assertNothingIsLeft()
  }

  /// An older driver lacks some of the functions.
  func testWhatTheDriverLacks() throws {
    let fake = try FakeGPU()
    let driver = try Driver(environment: fake.environment)
    let geometry = LaunchGeometry(grid: .init(1), block: .init(128))
    XCTAssertEqual(
      try kernels(driver, fake),
      [GraphKernel(name: "fake_gemm", geometry: geometry, registers: 168, localBytes: 8)])
    var old = driver
    old.functionGetName = nil
    XCTAssertEqual(
      try kernels(old, fake), [GraphKernel(name: nil, geometry: geometry, registers: 168, localBytes: 8)])
    old = driver
    old.kernelGetFunction = nil
    XCTAssertEqual(
      try kernels(old, fake), [GraphKernel(name: nil, geometry: geometry, registers: nil, localBytes: nil)])
    let lists: [(name: String, take: (inout Driver) -> Void)] = [
      ("cuGraphGetNodes", { $0.graphGetNodes = nil }), ("cuGraphNodeGetType", { $0.graphNodeGetType = nil }),
      ("cuGraphKernelNodeGetParams", { $0.graphKernelGetParameters = nil }),
    ]
    for (name, take) in lists {
      old = driver
      take(&old)
      do {
        _ = try kernels(old, fake)
        XCTFail(name)
      } catch {
        XCTAssertEqual(error as? GPUFault, .missingFunction(library: fake.path, function: name))
      }
    }
    try fake.assertNothingIsLeft()
  }

  /// The kernels of one product of cuBLASLt.
  private func kernels(_ driver: Driver, _ fake: FakeGPU) throws -> [GraphKernel] {
    let context = try Context(driver)
    let library = try MatrixLibrary(environment: ["ROOFLINE_CUBLASLT": fake.path], driver: driver.version)
    let algorithm = try MatrixPlanner(library, context).plan(Self.product, workspaceLimit: 0)
    let memory = try DeviceMemory(context, byteCount: 256)
    return try Graph.kernels(capturing: try DeviceStream(context)) { stream throws(GPUFault) in
      try algorithm.enqueue(in: stream, left: memory.address, right: memory.address, output: memory.address)
    }
  }

  /// Whatever fails of it costs what it would have told, not the measurement, and leaves nothing behind.
  func testFailuresCostTheNameAlone() throws {
    let whole = KernelMeasurement.LaunchedKernel(
      name: "fake_gemm",
      configuration: "algorithm 66, tile 20, stages 36, split-K 1, swizzling 1, waves 0.5, workspace 0 B",
      grid: [1, 1, 1], block: [128, 1, 1], sharedBytes: 0, registers: 168, localBytes: 8)
    let nothing = KernelMeasurement.LaunchedKernel(name: "cublasLtMatmul", configuration: whole.configuration)
    var unnamed = whole
    unnamed.name = "cublasLtMatmul"
    var uncounted = whole
    (uncounted.registers, uncounted.localBytes) = (nil, nil)
    var unresolved = unnamed
    (unresolved.registers, unresolved.localBytes) = (nil, nil)
    let cases = [
      ("", whole), ("fail=cuStreamBeginCapture_v2:900", nothing), ("fail=cuGraphGetNodes:1", nothing),
      ("fail=cuGraphGetNodes@1:1", nothing), ("fail=cuGraphNodeGetType:1", nothing),
      ("fail=cuGraphKernelNodeGetParams_v2:1", nothing), ("fail=cuKernelGetFunction:400", unresolved),
      ("fail=cuFuncGetName:1", unnamed), ("fail=cuFuncGetAttribute:1", uncounted),
    ]
    for (fault, expected) in cases {
      let fake = try FakeGPU()
      do {
        try fake.apply("attribute=38:1024 \(fault)")
        let environment = fake.environment.merging(["ROOFLINE_CUBLASLT": fake.path]) { $1 }
        let session = try MeasurementSession(environment: environment, ordinal: 0, seed: 7, isInterrupted: { false })
        let run = try session.run([PlannedOperators.task("gemm m=5 n=48 k=64", .fp16)], modes: [.cold])
        XCTAssertEqual(run.failed, [], fault)
        XCTAssertEqual(run.measurements.map(\.kernels), [[expected]], fault)
        XCTAssertGreaterThan(try XCTUnwrap(run.measurements.first).statistics.median, 2e-6, fault)
      }
      try fake.assertNothingIsLeft(fault)
    }
  }
}
