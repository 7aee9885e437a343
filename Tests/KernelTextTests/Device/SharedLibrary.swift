import Foundation

/// A library opened at run time, and never closed.
struct SharedLibrary {
  struct Missing: Error, CustomStringConvertible { let description: String }

  private let handle: UnsafeMutableRawPointer
  private let path: String

  init(path: String) throws {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw Missing(description: dlerror().map { String(cString: $0) } ?? "\(path) does not open")
    }
    self.handle = handle
    self.path = path
  }

  /// The function of this name, as the C function type that the caller expects.
  func function<Function>(_ name: String) throws -> Function {
    guard let address = dlsym(handle, name) else { throw Missing(description: "\(path) has no \(name)") }
    return unsafeBitCast(address, to: Function.self)
  }
}
