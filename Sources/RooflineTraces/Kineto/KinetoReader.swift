import RooflineCore

/// Reads what PyTorch's profiler exports (Kineto; Chrome's trace format), event by event.
///
/// Of an event there are its category, name, times, and of `args` the correlation, the operation that launched it, and the sizes
/// of its tensors. Python frames are looked at for the model's file, and forgotten.
struct KinetoReader {
  private var trace: Trace
  private var names = NameList()
  /// Shapes' places by operation, and operations' shapes by their number.
  private var shapePlaces: [RecordedShapes: Int32] = [:]
  private var shapes: [Int64: Int32] = [:]
  /// When which correlation was launched.
  private var launches: [Int64: Double] = [:]
  /// Of each kernel, until all events are read: operations may stand behind the kernels that they launched.
  private var links: [(external: Int64, correlation: Int64)] = []
  private var modules: [String: Int] = [:]
  private var scanner: JSONScanner
  private var event = KinetoEvent()
  private var events = 0

  /// More than any machine with a profiler could hold.
  static let mostKernels = 50_000_000

  static func read(_ source: any ByteSource, file: String) throws(TraceFlaw) -> Trace {
    var reader = KinetoReader(source, file: file)
    try reader.read()
    return reader.finished()
  }

  private init(_ source: any ByteSource, file: String) {
    trace = Trace(file: file, format: .kineto)
    scanner = JSONScanner(source)
  }

  private mutating func read() throws(TraceFlaw) {
    var scanner = self.scanner
    if try scanner.next() == UInt8(ascii: "[") {
      try readEvents(&scanner)
      try scanner.requireEnd()
      return
    }
    var hasEvents = false
    var reader = self
    try scanner.object { scanner, key throws(TraceFlaw) in
      switch key {
      case "traceEvents":
        guard !hasEvents else {
          throw TraceFlaw("it has `traceEvents` twice, as if two traces were one; record it again")
        }
        hasEvents = true
        try reader.readEvents(&scanner)
      case "deviceProperties":
        var limit = 10_000
        reader.use(devices: try scanner.value(limit: &limit))
      case "distributedInfo":
        var limit = 10_000
        if case .object(let members) = try scanner.value(limit: &limit),
          case .number(let size)? = members["world_size"],
          let whole = UInt64(exactly: size), whole > 0
        {
          reader.trace.worldSize = whole
        }
      default: try scanner.skip()
      }
    }
    self = reader
    guard hasEvents else {
      throw TraceFlaw("not a trace: it has no `traceEvents`; export one with torch.profiler's export_chrome_trace")
    }
    try scanner.requireEnd()
  }

  private mutating func use(devices value: JSONValue) {
    guard case .array(let devices) = value else { return }
    for case .object(let members) in devices {
      guard case .number(let id)? = members["id"], let number = Int32(exactly: id) else { continue }
      var name = ""
      if case .string(let own)? = members["name"] { name = own }
      trace.devices.append(TraceDevice(id: number, name: name))
    }
  }

  private mutating func readEvents(_ scanner: inout JSONScanner) throws(TraceFlaw) {
    var reader = self
    try scanner.array { scanner throws(TraceFlaw) in
      reader.event.clear()
      if try scanner.next() == UInt8(ascii: "{") {
        try reader.event.read(&scanner)
        try reader.use()
      } else {
        try scanner.skip()
      }
    }
    self = reader
  }

  // MARK: events

  private mutating func use() throws(TraceFlaw) {
    events += 1
    guard !event.hasQuotedTime || event.category == .other || event.category == .frame else {
      throw TraceFlaw(
        "event \(events), \(event.name.prefix(60)), has a time in quotes, as no PyTorch writes it; record it again")
    }
    switch event.category {
    case .kernel: try add(.kernel)
    case .copy: try add(.copy)
    case .set: try add(.set)
    case .operation:
      guard event.external >= 0, !event.dimensions.isEmpty else { return }
      let recorded = RecordedShapes(operation: event.name, dimensions: event.dimensions)
      if shapePlaces[recorded] == nil {
        shapePlaces[recorded] = Int32(trace.shapes.count)
        trace.shapes.append(recorded)
      }
      shapes[event.external] = shapePlaces[recorded]
    case .runtime: if event.correlation >= 0, !event.start.isNaN { launches[event.correlation] = event.start * 1e-6 }
    case .mark, .deviceMark:
      guard event.start.isFinite, event.duration.isFinite else { return }
      let (start, end) = (event.start * 1e-6, (event.start + event.duration) * 1e-6)
      let isOnDevice = event.category == .deviceMark
      if let work = StepWork(mark: event.name) {
        trace.steps.append(TraceStep(start: start, end: end, isOnDevice: isOnDevice, work: work))
      } else if event.name.hasPrefix("ProfilerStep#"), !isOnDevice {
        trace.recorded.append(TraceRange(start: start, end: end))
      }
    case .frame: if let module = Self.module(event.name) { modules[module, default: 0] += 1 }
    case .other: break
    }
  }

  private mutating func add(_ activity: TraceKernel.Activity) throws(TraceFlaw) {
    guard !event.isCounterpart else { return }
    guard event.duration.isFinite, event.duration >= 0, event.start.isFinite, event.start.magnitude < 1e18,
      event.duration < 1e15
    else {
      throw TraceFlaw(
        "event \(events), \(event.name.prefix(60)), \(event.duration < 0 ? "lasts a negative time" : "has no time that is a number"); record it again"
      )
    }
    guard trace.kernels.count < Self.mostKernels else { throw TraceFlaw("it has more than 50 million kernels; cut it") }
    var kernel = TraceKernel(
      name: names.place(of: event.name), activity: activity, start: event.start * 1e-6, seconds: event.duration * 1e-6)
    kernel.device = Int32(clamping: event.device)
    trace.kernels.append(kernel)
    links.append((event.external, event.correlation))
  }

  /// `gpt_oss` of `vllm/model_executor/models/gpt_oss.py(221): forward`.
  private static func module(_ frame: String) -> String? {
    guard let folder = frame.range(of: "/models/", backwards: true),
      let end = frame.range(of: ".py(", backwards: false),
      folder.upperBound < end.lowerBound
    else { return nil }
    return frame[folder.upperBound..<end.lowerBound].split(separator: "/").last.map(String.init)
  }

  private consuming func finished() -> Trace {
    for (index, link) in links.enumerated() {
      trace.kernels[index].shapes = shapes[link.external] ?? -1
      trace.kernels[index].launched = launches[link.correlation] ?? .nan
    }
    trace.names = names.all
    let ignored = ["utils", "interfaces", "registry", "__init__", "config"]
    trace.modelModules = modules.filter { !ignored.contains($0.key) }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    return trace
  }
}

/// Names by number.
struct NameList {
  private var places: [String: Int32] = [:]
  private(set) var all: [String] = []

  mutating func place(of name: String) -> Int32 {
    if let place = places[name] { return place }
    let place = Int32(clamping: all.count)
    places[name] = place
    all.append(name)
    return place
  }
}
