import RooflineCore

/// The forward passes of a trace that are alike, on one GPU: what is laid beside one prediction.
package struct TracePasses: Sendable {
  package let device: Int32
  /// GPUs that the trace has kernels of, in the order of their numbers.
  package let devices: [Int32]
  /// The kernels of each pass, in the order of time.
  package let passes: [[TraceKernel]]
  /// What the passes work on; nil where nobody marked it.
  package let work: StepWork?
  /// Passes of the trace on the GPU, those that are left out included; nil where nobody marked any.
  package let marked: Int?
  /// Kernels of no pass that is looked at.
  package let outside: Outside

  package struct Outside: Hashable, Sendable {
    package var kernels: UInt64 = 0
    package var seconds = 0.0

    init(_ kernels: [TraceKernel]) {
      for kernel in kernels {
        self.kernels += UInt64(clamping: kernel.launches)
        seconds += kernel.seconds
      }
    }
  }

  /// Phases of the passes; nil where they are unknown or mixed.
  package var phase: Phase? { work?.phase }

  /// - Parameters:
  ///   - phase: passes of this one alone; nil: whichever takes longest.
  ///   - device: the GPU; nil: the one with most kernel time.
  /// - Throws: `InputError.notMeasurements` for a GPU or phase that the trace does not have.
  package init(_ trace: Trace, phase: Phase?, device: Int32?) throws(InputError) {
    var times: [Int32: Double] = [:]
    for kernel in trace.kernels { times[kernel.device, default: 0] += kernel.seconds }
    devices = times.keys.sorted()
    let longest = times.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
    let chosen = device ?? longest
    guard times[chosen] != nil else {
      throw .notMeasurements(
        file: trace.file,
        problem: "no kernels of GPU \(chosen); there are those of \(devices.map(String.init).joined(separator: ", "))")
    }
    self.device = chosen
    var kernels = trace.kernels.filter { $0.device == chosen }
    kernels.sort { $0.start < $1.start }
    let steps = TracePasses.steps(trace, kernels)
    guard !steps.isEmpty else {
      let cut = Array(RecordedAttention.cut(TracePasses.recorded(kernels, trace), trace, phase: phase))
      (passes, work, marked) = ([cut], nil, nil)
      outside = Outside(kernels).without(Outside(cut))
      return
    }
    let shares = TracePasses.shares(kernels, among: steps)
    var groups: [Signature: [Int]] = [:]
    for (index, step) in steps.enumerated() where !shares[index].isEmpty {
      guard phase == nil || step.work.phase == phase else { continue }
      groups[Signature(step.work), default: []].append(index)
    }
    func seconds(_ indices: [Int]) -> Double {
      indices.reduce(0) { sum, index in shares[index].reduce(sum) { $0 + $1.seconds } }
    }
    guard let best = groups.max(by: { (seconds($0.value), $1.value[0]) < (seconds($1.value), $0.value[0]) })?.value
    else {
      throw .notMeasurements(
        file: trace.file, problem: "it marks no \(phase?.rawValue ?? "") pass with kernels; leave --phase out")
    }
    passes = best.map { shares[$0] }
    work = TracePasses.mean(best.map { steps[$0].work })
    marked = steps.count
    outside = Outside(kernels).without(Outside(passes.flatMap { $0 }))
  }

  /// What makes passes alike: all but the keys.
  private struct Signature: Hashable {
    let prefill: UInt64?, tokens: UInt64?, decode: UInt64?, drafted: UInt64?
    let untold: StepWork.Untold?

    init(_ work: StepWork) {
      (prefill, tokens) = (work.prefill?.sequences, work.prefill?.tokens)
      (decode, drafted) = (work.decode?.sequences, work.isMixed ? work.decode?.tokens : nil)
      untold = work.untold
    }
  }

  /// Without what was launched before the recorder was told to begin and still ran: the rest of some other pass.
  ///
  /// - Parameter kernels: in the order of their starts.
  private static func recorded(_ kernels: [TraceKernel], _ trace: Trace) -> [TraceKernel] {
    var windows: [TraceRange] = []
    for window in trace.recorded.sorted(by: { $0.start < $1.start }) {
      if let last = windows.last, window.start <= last.end {
        windows[windows.count - 1] = TraceRange(start: last.start, end: max(last.end, window.end))
      } else {
        windows.append(window)
      }
    }
    func isInside(_ time: Double) -> Bool { windows.lastStarted(by: time).map { time <= windows[$0].end } == true }
    guard let first = kernels.first(where: { isInside($0.launched) })?.start else { return kernels }
    // Whose launch nobody recorded belongs to what runs around it.
    return kernels.filter { isInside($0.launched) || $0.launched.isNaN && $0.start >= first }
  }

  /// The marks that tell passes apart, each pass once, in the order of time.
  private static func steps(_ trace: Trace, _ kernels: [TraceKernel]) -> [TraceStep] {
    let hasLaunches = kernels.contains { !$0.launched.isNaN }
    let host = trace.steps.filter { !$0.isOnDevice }
    let own = trace.steps.filter(\.isOnDevice)
    let marks = !host.isEmpty && (hasLaunches || own.isEmpty) ? host : own
    var steps: [TraceStep] = []
    for mark in marks.sorted(by: { ($0.start, $1.end) < ($1.start, $0.end) }) {
      if let last = steps.last, mark.start < last.end {
        // Two marks around one pass.
        steps[steps.count - 1].work = last.work.merged(with: mark.work)
      } else {
        steps.append(mark)
      }
    }
    return steps
  }

  private static func shares(_ kernels: [TraceKernel], among steps: [TraceStep]) -> [[TraceKernel]] {
    guard steps.count > 1 else { return [kernels] }
    var shares = [[TraceKernel]](repeating: [], count: steps.count)
    for kernel in kernels {
      let time = steps[0].isOnDevice ? kernel.start : kernel.launched
      guard let step = steps.lastStarted(by: time), time <= steps[step].end else { continue }
      shares[step].append(kernel)
    }
    return shares
  }

  /// Of passes that are alike but for the keys that they attend to.
  private static func mean(_ works: [StepWork]) -> StepWork {
    func mean(_ parts: [StepWork.Part?]) -> StepWork.Part? {
      guard var part = parts.first ?? nil else { return nil }
      let keys = parts.compactMap { $0?.keys }
      part.keys = nil
      // A sum that no number holds is nobody's.
      if !keys.isEmpty {
        part.keys = UInt64(exactly: (keys.reduce(0.0) { $0 + Double($1) } / Double(keys.count)).rounded())
      }
      return part
    }
    return StepWork(
      prefill: mean(works.map(\.prefill)), decode: mean(works.map(\.decode)), untold: works.first?.untold)
  }
}

/// What begins at a time of a recording, and ends.
protocol TimedSpan {
  var start: Double { get }
}

extension TraceStep: TimedSpan {}
extension TraceRange: TimedSpan {}

extension Array where Element: TimedSpan {
  /// The last that began by then, of elements in the order of their starts; nil where none did, and for what is no time.
  fileprivate func lastStarted(by time: Double) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].start <= time { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }
}

extension TracePasses.Outside {
  fileprivate func without(_ other: Self) -> Self {
    var rest = self
    rest.kernels -= min(other.kernels, kernels)
    rest.seconds = rest.kernels == 0 ? 0 : max(seconds - other.seconds, 0)
    return rest
  }
}

extension StepWork {
  /// nil where it is both, or verifies drafted tokens.
  package var phase: Phase? {
    guard !isMixed else { return nil }
    return switch (prefill, decode) {
    case (.some, nil): .prefill
    case (nil, .some): .decode
    case (.some, .some), (nil, nil): nil
    }
  }
}
