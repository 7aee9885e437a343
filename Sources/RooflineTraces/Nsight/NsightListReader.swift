/// Reads lists of kernels: `nsys stats --format csv` of `cuda_gpu_trace` and `cuda_gpu_kern_sum`, and `ncu --csv` with a line a
/// metric or, of `--page raw`, a line a kernel.
struct NsightListReader {
  private var records: CSVRecords
  private let file: String
  private var names = NameList()
  private var style = NumberStyle()

  private struct Line {
    let name: Int32
    let activity: TraceKernel.Activity
    let device: Int32
    /// As the file writes it, and s of its unit.
    let time: String
    let unit: Double
    var start = ""
    var startUnit = 1.0
    var launches = "1"
  }

  static func read(_ source: any ByteSource, file: String) throws(TraceFlaw) -> Trace {
    var reader = NsightListReader(records: CSVRecords(source), file: file)
    return try reader.read()
  }

  private init(records: CSVRecords, file: String) {
    self.records = records
    self.file = file
  }

  /// How often a kernel of a sum ran.
  private static let counts = ["Instances", "Count"]

  /// Whether a list has ended: a line without anything, or the title of another report.
  private static func isEnd(_ fields: [String]) -> Bool { fields.count == 1 && fields[0].trimmed.isEmpty }

  /// Lines of a tool's own words before the list.
  private static let longestPreamble = 200

  private mutating func read() throws(TraceFlaw) -> Trace {
    // Several reports may stand one behind the other.
    var other: String?
    for _ in 0..<Self.longestPreamble {
      guard let head = try nextHead() else { break }
      let columns = head.map { $0.trimmed }
      if columns.contains("Kernel Name") {
        if columns.contains("Metric Name") { return try readMetrics(columns) }
        if let time = columns.firstIndex(of: "gpu__time_duration.sum") { return try readRaw(columns, time) }
        guard columns.contains("ID") || columns.contains("CC") else {
          other = other ?? "a report of Nsight Systems by calls or ranges"
          continue
        }
        throw TraceFlaw(
          "it has no gpu__time_duration.sum; profile with ncu --set full, or --metrics gpu__time_duration.sum")
      }
      let sum = columns.firstIndex { $0.hasPrefix("Total Time") }
      if let name = columns.firstIndex(of: "Name") {
        if let time = columns.firstIndex(where: { $0.hasPrefix("Duration") }) {
          return try readLaunches(columns, name: name, time: time)
        }
        if let sum, columns.contains(where: Self.counts.contains) {
          return try readSums(columns, name: name, time: sum)
        }
      } else if let sum, let name = columns.firstIndex(of: "Operation"), columns.contains("Category") {
        return try readSums(columns, name: name, time: sum)
      }
      if sum != nil {
        let isOfKernels = columns.contains("Name") && !columns.contains("Num Calls")
        other =
          other ?? (isOfKernels ? "its sums have no column Instances" : "a report of Nsight Systems without kernels")
      }
    }
    if let other {
      throw TraceFlaw("\(other); use nsys stats --report cuda_gpu_trace --format csv, or cuda_gpu_kern_sum")
    }
    throw TraceFlaw("not a trace that is known; there are PyTorch profiler JSON, Nsight Systems and Nsight Compute")
  }

  /// A record that may be the head, with the separator that cuts it into most fields.
  private mutating func nextHead() throws(TraceFlaw) -> [String]? {
    guard let fields = try records.next() else { return nil }
    guard fields.count == 1, let line = fields.first else { return fields }
    for separator in [";", "\t"] as [Character] where line.contains(separator) && line.contains("Name") {
      records.separator = separator == ";" ? UInt8(ascii: ";") : 0x09
      return line.split(separator: separator, omittingEmptySubsequences: false)
        .map { String($0.filter { $0 != "\"" }) }
    }
    return fields
  }

  // MARK: Nsight Systems

  private mutating func readLaunches(_ columns: [String], name: Int, time: Int) throws(TraceFlaw) -> Trace {
    let unit = try Self.unit(columns[time])
    let start = columns.firstIndex { $0.hasPrefix("Start") }
    let startUnit = try start.map { place throws(TraceFlaw) in try Self.unit(columns[place]) } ?? 1
    let device = columns.firstIndex(of: "Device")
    var lines: [Line] = []
    var devices: [TraceDevice] = []
    while let fields = try records.next(), !Self.isEnd(fields) {
      guard fields.count > max(name, time) else { continue }
      let text = fields[name]
      let activity = Self.activity(text)
      let own = device.flatMap { $0 < fields.count ? Self.device(fields[$0]) : nil }
      if let own, !devices.contains(where: { $0.id == own.id }), devices.count < 1024 { devices.append(own) }
      var line = Line(
        name: names.place(of: text), activity: activity, device: own?.id ?? 0, time: fields[time], unit: unit)
      if let start, start < fields.count { (line.start, line.startUnit) = (fields[start], startUnit) }
      lines.append(line)
    }
    var trace = try trace(lines, .nsightSystemsKernels)
    trace.devices = devices
    return trace
  }

  private mutating func readSums(_ columns: [String], name: Int, time: Int) throws(TraceFlaw) -> Trace {
    let unit = try Self.unit(columns[time])
    guard let count = columns.firstIndex(where: Self.counts.contains) else {
      throw TraceFlaw("its sums have no column Instances; use nsys stats --report cuda_gpu_kern_sum --format csv")
    }
    var lines: [Line] = []
    while let fields = try records.next(), !Self.isEnd(fields) {
      guard fields.count > max(name, time, count) else { continue }
      var line = Line(
        name: names.place(of: fields[name]), activity: Self.activity(fields[name]), device: 0, time: fields[time],
        unit: unit)
      line.launches = fields[count]
      lines.append(line)
    }
    return try trace(lines, .nsightSystemsSums)
  }

  private static func activity(_ name: String) -> TraceKernel.Activity {
    name.hasPrefix("[CUDA memcpy") || name.hasPrefix("[CUDA Unified Memory")
      ? .copy : name.hasPrefix("[CUDA memset") ? .set : .kernel
  }

  /// `NVIDIA H100 80GB HBM3 (0)`.
  private static func device(_ text: String) -> TraceDevice? {
    guard let open = text.lastIndex(of: "("), text.hasSuffix(")") else {
      return Int32(text.trimmed).map { TraceDevice(id: $0, name: "") }
    }
    let inside = text[text.index(after: open)...].dropLast()
    return Int32(inside).map { TraceDevice(id: $0, name: String(text[..<open]).trimmed) }
  }

  // MARK: Nsight Compute

  /// A line a metric.
  private mutating func readMetrics(_ columns: [String]) throws(TraceFlaw) -> Trace {
    guard let name = columns.firstIndex(of: "Kernel Name"), let metric = columns.firstIndex(of: "Metric Name"),
      let unit = columns.firstIndex(of: "Metric Unit"), let value = columns.firstIndex(of: "Metric Value")
    else { throw TraceFlaw("its lines have no Metric Unit and Metric Value; export it with ncu --csv") }
    let identity = columns.firstIndex(of: "ID")
    let device = columns.firstIndex(of: "Device")
    var lines: [Line] = []
    var seen: Set<String> = []
    while let fields = try records.next() {
      guard fields.count > max(name, metric, unit, value) else { continue }
      style.look(at: fields[value], isWhole: Self.isNanoseconds(fields[unit]))
      guard ["Duration", "gpu__time_duration.sum", "gpu__time_duration"].contains(fields[metric].trimmed) else {
        continue
      }
      // Sections repeat metrics.
      if let identity, !seen.insert(fields[identity]).inserted { continue }
      let own = device.flatMap { $0 < fields.count ? Self.device(fields[$0]) : nil }
      lines.append(
        Line(
          name: names.place(of: fields[name]), activity: .kernel, device: own?.id ?? 0, time: fields[value],
          unit: try Self.seconds(fields[unit])))
    }
    guard !lines.isEmpty else {
      throw TraceFlaw("it has no kernel's Duration; profile with ncu --set full, or --metrics gpu__time_duration.sum")
    }
    return try trace(lines, .nsightCompute)
  }

  /// A line a kernel; the first line below the head holds units.
  private mutating func readRaw(_ columns: [String], _ time: Int) throws(TraceFlaw) -> Trace {
    guard let name = columns.firstIndex(of: "Kernel Name") else { throw TraceFlaw("it has no Kernel Name") }
    let device = columns.firstIndex(of: "Device")
    let metrics = columns.indices.filter { columns[$0].contains("__") }
    var unit: Double?
    var lines: [Line] = []
    while let fields = try records.next() {
      guard fields.count > max(name, time) else { continue }
      guard let known = unit else {
        unit = try Self.seconds(fields[time])
        continue
      }
      // Of other columns, a compute capability is `9.0` in any language.
      for place in metrics where place < fields.count { style.look(at: fields[place]) }
      let own = device.flatMap { $0 < fields.count ? Self.device(fields[$0]) : nil }
      lines.append(
        Line(
          name: names.place(of: fields[name]), activity: .kernel, device: own?.id ?? 0, time: fields[time], unit: known)
      )
    }
    return try trace(lines, .nsightCompute)
  }

  // MARK: numbers

  /// `Duration (ns)`.
  private static func unit(_ head: String) throws(TraceFlaw) -> Double {
    guard let open = head.firstIndex(of: "("), let close = head.lastIndex(of: ")"), open < close else {
      throw TraceFlaw("its column \(head.prefix(40)) names no unit of time; export it with nsys stats")
    }
    return try seconds(String(head[head.index(after: open)..<close]))
  }

  private static func isNanoseconds(_ unit: String) -> Bool { (try? seconds(unit)).map { $0 < 1e-8 } ?? false }

  private static func seconds(_ unit: String) throws(TraceFlaw) -> Double {
    switch unit.trimmed.lowercased() {
    case "ns", "nsec", "nsecond", "nseconds": return 1e-9
    case "us", "usec", "usecond", "useconds", "µs", "μs": return 1e-6
    case "ms", "msec", "msecond", "mseconds": return 1e-3
    case "s", "sec", "second", "seconds": return 1
    default: throw TraceFlaw("its times are in \"\(unit.prefix(20))\"; ns, us, ms and s are read")
    }
  }

  private func trace(_ lines: [Line], _ format: Trace.Format) throws(TraceFlaw) -> Trace {
    var trace = Trace(file: file, format: format)
    trace.names = names.all
    var style = self.style
    for line in lines {
      style.look(at: line.time, isWhole: line.unit < 1e-8)
      style.look(at: line.start, isWhole: line.startUnit < 1e-8)
    }
    let separator = try style.separator()
    for (index, line) in lines.enumerated() {
      guard let time = NumberStyle.number(line.time, separator: separator), time.isFinite, time >= 0, time < 1e18,
        let launches = NumberStyle.number(line.launches, separator: separator).flatMap({ Int32(exactly: $0) }),
        launches > 0
      else {
        throw TraceFlaw(
          "kernel \(index + 1), \(names.all[Int(line.name)].prefix(60)), has the time \"\(line.time.prefix(20))\" and \(line.launches.prefix(20)) launches; export it again"
        )
      }
      let start = NumberStyle.number(line.start, separator: separator) ?? Double(index)
      var kernel = TraceKernel(
        name: line.name, activity: line.activity, start: start * line.startUnit, seconds: time * line.unit)
      kernel.device = line.device
      kernel.launches = launches
      trace.kernels.append(kernel)
    }
    return trace
  }
}

extension StringProtocol {
  /// Without blanks at its ends, and without a mark of the byte order.
  var trimmed: String {
    let isBlank: (Character) -> Bool = { $0.isWhitespace || $0 == "\u{FEFF}" }
    let start = drop(while: isBlank)
    return String(start.reversed().drop(while: isBlank).reversed())
  }
}
