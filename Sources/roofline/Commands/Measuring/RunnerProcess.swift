import RooflineMeasurement

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A command of the shell that gets lines on its standard input and says lines on its standard output.
///
/// All that it is to read is queued at once and handed over as it reads, so that neither side waits for the other. It has a
/// process group of its own: Ctrl-C is ours to hand on, and whatever it starts ends with it.
final class RunnerProcess {
  enum Event {
    /// A line without its end, or the rest where nothing ends it.
    case line([UInt8])
    /// A line beyond `lineLimit`.
    case tooLong
    case interrupted
    /// Nothing until the deadline.
    case silent
    case ended(RunnerFault.Exit)
  }

  /// Bytes of a line that anybody needs.
  static let lineLimit = 1 << 20
  /// Of standard error the end is kept: it says why a program died.
  private static let wordsKept = 4096
  /// How long a read or a write waits before somebody asks for Ctrl-C, ms.
  private static let tick: Int32 = 100
  /// How long others may keep a dead command's output open, ticks.
  private static let patience = 10

  private let child: pid_t
  private var input: Int32?
  private var output: Int32?
  private var errors: Int32?
  private var pending: ArraySlice<UInt8>
  private var lines: ArraySlice<[UInt8]> = []
  private var splitter = LineSplitter()
  private var words: [UInt8] = []
  private var exit: RunnerFault.Exit?
  private var idle = 0
  private let clock = ContinuousClock()
  /// Whether it refused to read all that it was to read.
  private(set) var hasClosedInput = false

  /// - Throws: `RunnerFault.notStarted`.
  init(_ command: String, input text: String) throws(RunnerFault) {
    pending = Array(text.utf8)[...]
    var ends: [Int32] = []
    for _ in 0..<3 {
      var pair: [Int32] = [-1, -1]
      guard pipe(&pair) == 0 else {
        let code = errno
        for end in ends { close(end) }
        throw .notStarted(code: code)
      }
      ends += pair
    }
    // Ours: the input's writing end, the outputs' reading ends.
    let (own, theirs) = ([ends[1], ends[2], ends[4]], [ends[0], ends[3], ends[5]])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    for end in own { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    let started = RunnerProcess.spawn(command, theirs)
    for end in theirs { close(end) }
    switch started {
    case .success(let child): self.child = child
    case .failure(let fault):
      for end in own { close(end) }
      throw fault
    }
    (input, output, errors) = (own[0], own[1], own[2])
  }

  deinit {
    for end in [input, output, errors] { end.map { _ = close($0) } }
  }

  /// The last line that it wrote to standard error, shortened.
  var lastWords: String {
    let text = String(decoding: words, as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).last { $0.contains { !$0.isWhitespace } } ?? ""
    return String(line.prefix(200))
  }

  /// What it says next.
  func next(until deadline: ContinuousClock.Instant, isInterrupted: () -> Bool) -> Event {
    while true {
      if isInterrupted() { return .interrupted }
      if let line = lines.popFirst() {
        return line.count > RunnerProcess.lineLimit ? .tooLong : .line(line)
      }
      if splitter.count > RunnerProcess.lineLimit { return .tooLong }
      if output == nil, let exit, errors == nil || idle > 0 { return .ended(exit) }
      guard clock.now < deadline else { return .silent }
      step()
    }
  }

  /// Ends it and whatever it started, first politely.
  func end() {
    input.map { _ = close($0) }
    input = nil
    guard exit == nil else { return }
    kill(-child, SIGTERM)
    let deadline = clock.now + .seconds(2)
    while exit == nil, clock.now < deadline {
      usleep(10_000)
      reap()
    }
    kill(-child, SIGKILL)
    while exit == nil {
      usleep(1000)
      reap()
    }
  }

  // MARK: pipes

  private func step() {
    var ends: [pollfd] = []
    if let input, !pending.isEmpty { ends.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
    if let output { ends.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
    if let errors { ends.append(pollfd(fd: errors, events: Int16(POLLIN), revents: 0)) }
    let count = poll(&ends, nfds_t(ends.count), output == nil && errors == nil ? 10 : RunnerProcess.tick)
    for end in ends where end.revents != 0 {
      if end.fd == input { write() } else if end.fd == output { readOutput() } else { readErrors() }
    }
    if input != nil, pending.isEmpty { closeInput() }
    if exit == nil { reap() }
    guard exit != nil else { return }
    // What it started may hold the pipe open for ever.
    idle = count > 0 ? 0 : idle + 1
    if idle > RunnerProcess.patience { closeOutput() }
  }

  private func write() {
    guard let input else { return }
    let count = pending.withUnsafeBytes { put(input, $0) }
    if count > 0 {
      pending = pending.dropFirst(count)
    } else if count < 0, errno != EAGAIN, errno != EINTR {
      hasClosedInput = true
      closeInput()
    }
  }

  private func readOutput() {
    guard let output else { return }
    guard let bytes = get(output) else { return }
    guard !bytes.isEmpty else { return closeOutput() }
    lines += splitter.add(bytes)
  }

  private func readErrors() {
    guard let errors, let bytes = get(errors) else { return }
    guard !bytes.isEmpty else {
      close(errors)
      self.errors = nil
      return
    }
    words = Array((words + bytes).suffix(RunnerProcess.wordsKept))
  }

  private func closeInput() {
    input.map { _ = close($0) }
    input = nil
    pending = []
  }

  private func closeOutput() {
    output.map { _ = close($0) }
    output = nil
    lines += splitter.rest()
  }

  /// nil where there is nothing yet; nothing at the end.
  private func get(_ end: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = bytes.withUnsafeMutableBytes { take(end, $0) }
    if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
    return Array(bytes.prefix(count))
  }

  private func reap() {
    var status: Int32 = 0
    let found = waitpid(child, &status, WNOHANG)
    if found == child {
      exit = status & 0x7F == 0 ? .code((status >> 8) & 0xFF) : .signal(status & 0x7F)
    } else if found < 0, errno != EINTR {
      // Somebody else's handler took it.
      exit = .code(0)
    }
  }
}

// MARK: the system

/// The system's functions, whose names the class has, too.
private func put(_ end: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { write(end, bytes.baseAddress, bytes.count) }
private func take(_ end: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
  read(end, bytes.baseAddress, bytes.count)
}

extension RunnerProcess {
  /// - Parameter ends: its standard input, output and error.
  private static func spawn(_ command: String, _ ends: [Int32]) -> Result<pid_t, RunnerFault> {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, end) in ends.enumerated() { posix_spawn_file_actions_adddup2(&actions, end, Int32(number)) }
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What this program ignores or notes, the command meets as any other does.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGDEF))
    var arguments: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", command].map { (word: String) in strdup(word) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, RunningProgram.variables)
    return code == 0 ? .success(child) : .failure(.notStarted(code: code))
  }
}
