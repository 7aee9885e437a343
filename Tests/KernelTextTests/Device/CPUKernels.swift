import Foundation
import XCTest

/// The kernels' text compiled for the CPU: the library of Tests/FakeGPU, reached through its C interface.
///
/// It is opened by path, so that the mutation script can put a library of mutated kernels in its place: the environment
/// variable `ROOFLINE_CPU_KERNELS` names it.
struct CPUKernels: @unchecked Sendable {  // Function pointers that never change; XCTest runs one test at a time.
  typealias Launch =
    @convention(c) (
      UnsafePointer<CChar>, UInt32, UInt32, UInt32, UInt32, Int32, UInt32,
      UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int32
    ) -> Int32

  let allocate: @convention(c) (UInt64) -> UInt64
  let release: @convention(c) (UInt64) -> Bool
  let distinctBytes: @convention(c) (UInt64, UInt64, Bool) -> UInt64
  let bankConflicts: @convention(c) () -> UInt64
  let forgetAccesses: @convention(c) () -> Void
  let kernelName: @convention(c) (Int32) -> UnsafePointer<CChar>?
  let launchKernel: Launch

  /// - Throws: `XCTSkip` on macOS, whose fibers differ; elsewhere a library that does not open is a failure.
  static func open() throws -> CPUKernels {
    #if os(Linux)
      try library.get()
    #else
      throw XCTSkip("kernels run on the CPU on Linux only")
    #endif
  }

  #if os(Linux)
    private static let library = Result { try CPUKernels() }

    private init() throws {
      let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let path =
        ProcessInfo.processInfo.environment["ROOFLINE_CPU_KERNELS"]
        ?? URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent("libCPUKernels.so").path
      let library = try SharedLibrary(path: path)
      allocate = try library.function("cpu_cuda_allocate")
      release = try library.function("cpu_cuda_release")
      distinctBytes = try library.function("cpu_cuda_distinct_bytes")
      bankConflicts = try library.function("cpu_cuda_bank_conflicts")
      forgetAccesses = try library.function("cpu_cuda_forget_accesses")
      kernelName = try library.function("cpu_cuda_kernel_name")
      launchKernel = try library.function("cpu_cuda_launch")
    }
  #endif

  /// The product's kernels, in the library's order.
  var names: [String] {
    var names: [String] = []
    while let name = kernelName(Int32(names.count)) { names.append(String(cString: name)) }
    return names
  }

  func launch(
    _ kernel: String, grid: (Int, Int) = (1, 1), block: Int, sharedBytes: Int = 0, order: ThreadOrder = .ascending,
    _ arguments: [KernelArgument]
  ) -> LaunchOutcome {
    // Each argument in a cell of 8 bytes, little-endian, and a pointer to each, as a driver takes them.
    var cells = arguments.map(\.bits)
    return cells.withUnsafeMutableBytes { cells in
      var pointers = arguments.indices.map { index in cells.baseAddress.map { $0 + 8 * index } }
      return LaunchOutcome(
        code: launchKernel(
          kernel, UInt32(grid.0), UInt32(grid.1), UInt32(block), UInt32(sharedBytes), order.kind, order.seed,
          &pointers, Int32(arguments.count)))
    }
  }
}

/// How a launch ended.
enum LaunchOutcome: Equatable {
  case finished, deadlock, outsideMemory, misaligned
  /// The library refused to start it: no such kernel, wrong number of arguments, or a grid that no GPU launches.
  case refused

  init(code: Int32) {
    switch code {
    case 0: self = .finished
    case 1: self = .deadlock
    case 2: self = .outsideMemory
    case 3: self = .misaligned
    default: self = .refused
    }
  }
}

/// Which thread goes on where several could; a kernel that lacks a barrier gives a different result in one of these.
enum ThreadOrder: Equatable {
  case ascending, descending
  case shuffled(seed: UInt32)
  case greedyFirst, greedyLast

  static let all: [ThreadOrder] = [.ascending, .descending, .shuffled(seed: 1), .greedyFirst, .greedyLast]

  var kind: Int32 {
    switch self {
    case .ascending: 0
    case .descending: 1
    case .shuffled: 2
    case .greedyFirst: 3
    case .greedyLast: 4
    }
  }

  var seed: UInt32 {
    guard case .shuffled(let seed) = self else { return 0 }
    return seed
  }
}
