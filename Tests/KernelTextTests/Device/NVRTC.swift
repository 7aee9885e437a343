import Foundation
import XCTest

/// NVIDIA's run-time compiler, which compiles for any GPU on a machine that has none.
struct NVRTC: Sendable {
  /// What a compilation leaves.
  struct Output {
    let code: Int32
    let log: String
    let ptx: String
    let cubin: [UInt8]
  }

  private typealias Create =
    @convention(c) (
      UnsafeMutablePointer<OpaquePointer?>, UnsafePointer<CChar>, UnsafePointer<CChar>, Int32,
      UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>
    ) -> Int32
  private typealias Compile = @convention(c) (OpaquePointer, Int32, UnsafePointer<UnsafePointer<CChar>?>) -> Int32
  private typealias Destroy = @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  private typealias Size = @convention(c) (OpaquePointer, UnsafeMutablePointer<Int>) -> Int32
  private typealias Bytes = @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt8>) -> Int32

  let path: String
  /// Compute capabilities that it compiles for, 10 · major + minor.
  let architectures: Set<Int32>
  private let create: Create
  private let compile: Compile
  private let destroy: Destroy
  private let logSize, ptxSize, cubinSize: Size
  private let log, ptx, cubin: Bytes

  /// The libraries that the environment variable `ROOFLINE_NVRTC` names, separated by colons.
  ///
  /// - Throws: `XCTSkip` where it is not set; a named library that does not open is a failure.
  static func all() throws -> [NVRTC] {
    guard let paths = ProcessInfo.processInfo.environment["ROOFLINE_NVRTC"], !paths.isEmpty else {
      throw XCTSkip("ROOFLINE_NVRTC names no NVRTC library; .ci/fetch-nvrtc fetches some")
    }
    return try paths.split(separator: ":").map { try NVRTC(path: String($0)) }
  }

  private init(path: String) throws {
    // NVRTC looks for its builtins by bare name, so what lies beside it must be open before.
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where file.hasPrefix("libnvrtc-builtins.so") {
      _ = try SharedLibrary(path: folder.appendingPathComponent(file).path)
    }
    let library = try SharedLibrary(path: path)
    self.path = path
    create = try library.function("nvrtcCreateProgram")
    compile = try library.function("nvrtcCompileProgram")
    destroy = try library.function("nvrtcDestroyProgram")
    logSize = try library.function("nvrtcGetProgramLogSize")
    ptxSize = try library.function("nvrtcGetPTXSize")
    cubinSize = try library.function("nvrtcGetCUBINSize")
    log = try library.function("nvrtcGetProgramLog")
    ptx = try library.function("nvrtcGetPTX")
    cubin = try library.function("nvrtcGetCUBIN")
    let count: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32 = try library.function("nvrtcGetNumSupportedArchs")
    let supported: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32 = try library.function(
      "nvrtcGetSupportedArchs")
    var number: Int32 = 0
    XCTAssertEqual(count(&number), 0)
    var architectures = [Int32](repeating: 0, count: Int(number))
    XCTAssertEqual(supported(&architectures), 0)
    self.architectures = Set(architectures)
  }

  /// Compiles a text that may include any of `headers`, as the product does: to machine code, saying what each kernel uses.
  func compile(_ source: KernelSource, headers: [KernelSource], for architecture: Int32) -> Output {
    var program: OpaquePointer?
    let created = withCStrings(headers.map(\.text)) { texts in
      withCStrings(headers.map(\.name)) { names in
        create(&program, source.text, source.name, Int32(headers.count), texts, names)
      }
    }
    guard created == 0, let compiling = program else { return Output(code: created, log: "", ptx: "", cubin: []) }
    defer { _ = destroy(&program) }
    let options = ["--gpu-architecture=sm_\(architecture)", "--std=c++17", "--ptxas-options=-v"]
    let code = withCStrings(options) { compile(compiling, Int32(options.count), $0) }
    func text(_ size: Size, _ get: Bytes) -> String {
      String(decoding: bytes(compiling, size, get).prefix { $0 != 0 }, as: UTF8.self)
    }
    return Output(
      code: code, log: text(logSize, log), ptx: code == 0 ? text(ptxSize, ptx) : "",
      cubin: code == 0 ? bytes(compiling, cubinSize, cubin) : [])
  }

  private func bytes(_ program: OpaquePointer, _ size: Size, _ get: Bytes) -> [UInt8] {
    var count = 0
    guard size(program, &count) == 0, count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    return get(program, &bytes) == 0 ? bytes : []
  }
}

/// Calls `body` with the strings as C strings, valid during the call.
private func withCStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result)
  -> Result
{
  let copies = strings.map { strdup($0) }
  defer {
    for copy in copies { free(copy) }
  }
  return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { pointers in
    // An array without strings has no address; a pointer that nobody reads stands in.
    var none: UnsafePointer<CChar>?
    return pointers.baseAddress.map(body) ?? body(&none)
  }
}
