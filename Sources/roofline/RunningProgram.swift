import RooflineReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The running program's side of the system.
enum RunningProgram {
  /// The program's file: what the system says where it can be asked, else how it was called.
  static var executablePath: String? {
    #if canImport(Darwin)
      var size: UInt32 = 0
      _NSGetExecutablePath(nil, &size)
      var path = [CChar](repeating: 0, count: Int(size))
      guard _NSGetExecutablePath(&path, &size) == 0 else { return nil }
      return path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    #else
      return (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        ?? CommandLine.arguments.first.flatMap { $0.contains("/") ? $0 : nil }
    #endif
  }

  /// Writes all of the text.
  ///
  /// - Returns: false where the other side takes no more (a full disk, a closed pipe).
  static func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { fwrite(descriptor, $0) }
      if written < 0, errno == EINTR || errno == EAGAIN { continue }
      guard written > 0 else { return false }
      bytes = bytes.dropFirst(written)
    }
    return true
  }

  /// Writes to standard output what is made on the way.
  ///
  /// - Returns: false where the other side takes no more.
  static func write(_ listing: StepListing?, _ progress: (@Sendable (String) -> Void)?) -> Bool {
    guard let listing else { return true }
    // On one terminal the steps themselves are the progress.
    let line = isatty(1) == 1 ? nil : progress.map { ProgressLine("analyze", $0) }
    defer { line?.end() }
    var done: UInt64 = 0
    for piece in listing {
      guard write(piece, to: 1) else { return false }
      done += 1000
      line?.update("decode steps", done: min(done, listing.count), of: listing.count)
    }
    return true
  }

  private static func fwrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Darwin)
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }
}
