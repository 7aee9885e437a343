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

  /// The variables of the environment, `NAME=value` each and nil behind the last, as programs that are started get them.
  static var variables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    #if canImport(Darwin)
      _NSGetEnviron().pointee
    #else
      environ
    #endif
  }

  /// The same by name; of a name that is there twice the first, as the system has it. Foundation's list of them takes a twentieth of
  /// a run's time.
  static var environment: [String: String] {
    var values: [String: String] = [:]
    var place = variables
    while let own = place, let text = own.pointee {
      let line = String(cString: text)
      if let end = line.utf8.firstIndex(of: UInt8(ascii: "=")) {
        let name = String(line[..<end])
        if values[name] == nil { values[name] = String(line[line.utf8.index(after: end)...]) }
      }
      place = own + 1
    }
    return values
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

  /// Writes whole lines to standard output, or takes back what it wrote of the last one where a file has no room for it.
  ///
  /// - Returns: false where the other side takes no more.
  static func writeLines(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      let all = UnsafeRawBufferPointer(bytes)
      var done = 0
      while done < all.count {
        let written = fwrite(1, UnsafeRawBufferPointer(rebasing: all[done...]))
        if written < 0, errno == EINTR || errno == EAGAIN { continue }
        guard written > 0 else {
          let partial = done - (all[..<done].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
          let end = lseek(1, 0, SEEK_CUR)
          if partial > 0, end >= off_t(partial) { _ = ftruncate(1, end - off_t(partial)) }
          return false
        }
        done += written
      }
      return true
    }
  }

  /// From now on a reader that went away is a failed write, and not the program's end.
  static func noteClosedPipes() { signal(SIGPIPE, SIG_IGN) }

  /// The next bytes of standard input; none at its end, and after Ctrl-C.
  static func readInput() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    while !Interruption.isRequested {
      // A moment at a time, so that Ctrl-C is noticed while nothing comes in.
      var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      guard poll(&input, 1, 100) != 0 else { continue }
      let count = bytes.withUnsafeMutableBytes { fread(0, $0) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      return Array(bytes.prefix(max(0, count)))
    }
    return []
  }

  private static func fread(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Darwin)
      Darwin.read(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Glibc)
      Glibc.read(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.read(descriptor, bytes.baseAddress, bytes.count)
    #endif
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
