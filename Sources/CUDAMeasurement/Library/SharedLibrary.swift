import RooflineCore
import RooflineMeasurement

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A library opened at run time and never closed: NVIDIA's keep threads and exit handlers, under which unloading is unsafe.
struct SharedLibrary: Sendable {
  /// What was opened, and what had been tried before.
  let finding: LibraryFinding
  /// What `dlopen` returned, as a number: a pointer is not Sendable, but any thread may use this one.
  private let handle: UInt

  var path: String { finding.path ?? finding.name }

  /// Opens the first candidate that loads.
  ///
  /// - Parameters:
  ///   - name: what it is, for messages.
  ///   - candidates: paths, or bare names for the system's loader to find.
  init(_ name: String, candidates: [String]) throws(GPUFault) {
    var finding = LibraryFinding(name: name)
    for path in candidates {
      if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) {
        finding.path = path
        self.finding = finding
        self.handle = UInt(bitPattern: handle)
        return
      }
      let reason = dlerror().map { String(cString: $0) } ?? "the loader gave no reason"
      finding.searched.append(LibraryFinding.Attempt(path: path, reason: reason))
    }
    throw .noLibrary(finding)
  }

  /// The function of that name, as the C function-pointer type that the caller's context asks for.
  func function<Function>(_ name: String, as type: Function.Type = Function.self) throws(GPUFault) -> Function {
    guard let function: Function = optionalFunction(name) else {
      throw .missingFunction(library: path, function: name)
    }
    return function
  }

  /// The function of that name, or nil where the library has none.
  func optionalFunction<Function>(_ name: String, as type: Function.Type = Function.self) -> Function? {
    precondition(
      MemoryLayout<Function>.size == MemoryLayout<UnsafeMutableRawPointer>.size, "\(Function.self) is no C function")
    guard let address = dlsym(UnsafeMutableRawPointer(bitPattern: handle), name) else { return nil }
    return unsafeBitCast(address, to: Function.self)
  }
}
