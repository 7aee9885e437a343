import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ctrl-C as a question that long work asks itself between two steps, so that nothing is left half done.
enum Interruption {
  private static let isAsked = Atomic<Bool>(false)

  static var isRequested: Bool { isAsked.load(ordering: .relaxed) }

  /// From now on the first Ctrl-C (or SIGTERM) is noted; the second ends the program, as ever.
  static func watch() {
    isAsked.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.isAsked.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }

  /// As before `watch`.
  static func ignore() {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
