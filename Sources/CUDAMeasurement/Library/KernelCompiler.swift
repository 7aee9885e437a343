import CGPUABI
import RooflineCore
import RooflineMeasurement

/// NVRTC, which compiles CUDA C++ to machine code at run time; it needs neither GPU nor driver.
package struct KernelCompiler: Sendable {
  package let version: CUDAVersion
  package let finding: LibraryFinding
  /// The GPUs that it knows, as it numbers them: 90, 121; empty where it does not tell (before CUDA 11.2).
  package let architectures: [Int]

  private let create: abi_nvrtcCreateProgram
  private let destroy: abi_nvrtcDestroyProgram
  private let compileProgram: abi_nvrtcCompileProgram
  private let codeSize: abi_nvrtcGetSize
  private let code: abi_nvrtcGetBytes
  private let intermediateSize: abi_nvrtcGetSize
  private let intermediate: abi_nvrtcGetBytes
  private let logSize: abi_nvrtcGetSize
  private let log: abi_nvrtcGetBytes
  private let errorString: abi_nvrtcGetErrorString

  /// A file of CUDA C++, by the name under which others include it.
  package struct SourceFile: Hashable, Sendable {
    package var name: String
    package var text: String

    package init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }

  /// What a compilation made.
  package struct Output: Hashable, Sendable {
    /// Machine code for one architecture, or PTX.
    package var code: [UInt8]
    /// Warnings, and with `--ptxas-options=-v` registers and spills.
    package var log: String
  }

  /// The newest NVRTC whose major version the driver accepts, since a driver refuses code of a newer one.
  ///
  /// - Throws: `GPUFault.noLibrary` where none is there, or all are too new.
  package static func newest(environment: [String: String], driver: CUDAVersion) throws(GPUFault) -> KernelCompiler {
    var finding = LibraryFinding(name: "NVRTC")
    var compilers: [KernelCompiler] = []
    for path in LibrarySearch(environment: environment).compilers {
      do {
        let compiler = try KernelCompiler(path: path)
        guard compiler.version.major > driver.major else {
          compilers.append(compiler)
          continue
        }
        finding.searched.append(
          LibraryFinding.Attempt(
            path: path, reason: "NVRTC \(compiler.version) is newer than the driver's CUDA \(driver)"))
      } catch .noLibrary(let failed) {
        finding.searched += failed.searched
      } catch {
        finding.searched.append(LibraryFinding.Attempt(path: path, reason: "it is no NVRTC"))
      }
    }
    guard let index = CUDAVersion.newest(compilers.map(\.version), acceptedBy: driver) else {
      throw .noLibrary(finding)
    }
    return compilers[index]
  }

  /// Opens one NVRTC.
  package init(path: String) throws(GPUFault) {
    BuiltinsLibrary.open(besides: path)
    let library = try SharedLibrary("NVRTC", candidates: [path])
    create = try library.function("nvrtcCreateProgram")
    destroy = try library.function("nvrtcDestroyProgram")
    compileProgram = try library.function("nvrtcCompileProgram")
    codeSize = try library.function("nvrtcGetCUBINSize")
    code = try library.function("nvrtcGetCUBIN")
    intermediateSize = try library.function("nvrtcGetPTXSize")
    intermediate = try library.function("nvrtcGetPTX")
    architectures = KernelCompiler.architectures(of: library)
    logSize = try library.function("nvrtcGetProgramLogSize")
    log = try library.function("nvrtcGetProgramLog")
    errorString = try library.function("nvrtcGetErrorString")
    let readVersion: abi_nvrtcVersion = try library.function("nvrtcVersion")
    var major: Int32 = 0
    var minor: Int32 = 0
    let result = readVersion(&major, &minor)
    guard result == 0 else { throw .call("nvrtcVersion", code: result, name: nil) }
    version = CUDAVersion(major: Int(major), minor: Int(minor))
    var finding = library.finding
    finding.version = version.description
    self.finding = finding
  }

  private static func architectures(of library: SharedLibrary) -> [Int] {
    guard let count: abi_nvrtcGetArchitectures = library.optionalFunction("nvrtcGetNumSupportedArchs"),
      let list: abi_nvrtcGetArchitectures = library.optionalFunction("nvrtcGetSupportedArchs")
    else { return [] }
    var known: Int32 = 0
    guard count(&known) == 0, (1...4096).contains(known) else { return [] }
    var numbers = [Int32](repeating: 0, count: Int(known))
    return list(&numbers) == 0 ? numbers.map(Int.init) : []
  }

  /// Machine code for one architecture, or PTX for a virtual one.
  ///
  /// - Parameters:
  ///   - headers: what the file may include; nothing is read from disk.
  ///   - architecture: the device's own, e.g. `sm_90`; or `compute_90`.
  /// - Throws: `GPUFault.compilation` with NVRTC's log.
  package func compile(
    _ file: SourceFile, headers: [SourceFile] = [], architecture: String, options: [String] = []
  ) throws(GPUFault) -> Output {
    var program: abi_nvrtcProgram?
    let created = CStrings.with(headers.map(\.text)) { texts in
      CStrings.with(headers.map(\.name)) { names in
        create(&program, file.text, file.name, Int32(headers.count), texts.baseAddress, names.baseAddress)
      }
    }
    guard created == 0, let compiling = program else {
      throw .call("nvrtcCreateProgram", code: created, name: name(of: created))
    }
    defer { _ = destroy(&program) }
    let result = CStrings.with(["--gpu-architecture=\(architecture)", "--std=c++17"] + options) { options in
      compileProgram(compiling, Int32(options.count), options.baseAddress)
    }
    let text = String(
      decoding: try read(compiling, logSize, log, "nvrtcGetProgramLog").prefix { $0 != 0 }, as: UTF8.self)
    guard result == 0 else {
      let reason = text.isEmpty ? name(of: result) ?? "NVRTC's error \(result)" : text
      throw .compilation(file: file.name, architecture: architecture, log: reason)
    }
    let made =
      architecture.hasPrefix("compute_")
      ? try read(compiling, intermediateSize, intermediate, "nvrtcGetPTX")
      : try read(compiling, codeSize, code, "nvrtcGetCUBIN")
    return Output(code: made, log: text)
  }

  private func name(of result: abi_nvrtcResult) -> String? { errorString(result).map { String(cString: $0) } }

  private func read(
    _ program: abi_nvrtcProgram, _ size: abi_nvrtcGetSize, _ get: abi_nvrtcGetBytes, _ call: String
  ) throws(GPUFault) -> [UInt8] {
    var count = 0
    var result = size(program, &count)
    guard result == 0 else { throw .call("\(call)Size", code: result, name: name(of: result)) }
    guard count > 0 else { return [] }
    var bytes = [CChar](repeating: 0, count: count)
    result = get(program, &bytes)
    guard result == 0 else { throw .call(call, code: result, name: name(of: result)) }
    return bytes.map { UInt8(bitPattern: $0) }
  }
}
