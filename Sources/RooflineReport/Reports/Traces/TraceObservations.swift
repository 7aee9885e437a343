import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineMeasurement
import RooflineTraces

/// What of a trace are measurements: rows that ran as kernels of their own, of a known shape.
///
/// A row is left out where its time may be another's, too, or where files of observations have no columns for it: a wrong number
/// would go into fits.
package struct TraceObservations {
  package let entries: [TraceObservationEntry]
  package let leftOut: [LeftOut]
  /// The GPU as the file calls it: a hardware file's name, else what the trace says.
  package let gpu: String
  /// As the trace has it; nil where it names none.
  package let device: String?

  package struct LeftOut: Hashable, Sendable {
    package let name: String
    /// A clause.
    package let reason: String
  }

  /// - Parameters:
  ///   - device: the GPU's name in the trace; nil where it names none.
  ///   - isOfHardware: whether that is the GPU of the hardware file; nil: nobody knows.
  package init(_ findings: TraceFindings, _ names: KernelNameTable, device: String?, isOfHardware: Bool?) {
    self.device = device
    let hardware = findings.prediction?.analysis.hardware.name
    gpu = (isOfHardware == false ? device : nil) ?? hardware ?? device ?? ""
    var entries: [TraceObservationEntry] = []
    var leftOut: [LeftOut] = []
    if let prediction = findings.prediction {
      for (index, own) in prediction.rows.enumerated() where findings.match.observed[index].calls > 0 {
        let row = TraceRow(findings, prediction, index, names)
        do throws(TraceRow.Reason) {
          let candidate = try row.observation(source: TraceObservations.source(findings, device))
          guard candidate.isReadable(gpu: gpu, as: own.first.row.operator) else {
            throw TraceRow.Reason(text: "files of observations have no columns for its shape, or no model describes it")
          }
          entries.append(candidate)
        } catch {
          leftOut.append(LeftOut(name: own.label, reason: error.text))
        }
      }
    }
    (self.entries, self.leftOut) = (entries, leftOut)
  }

  /// In the order of first appearance.
  var leftOutByReason: [(reason: String, names: [String])] {
    var groups: [(reason: String, names: [String])] = []
    for row in leftOut {
      if let place = groups.firstIndex(where: { $0.reason == row.reason }) {
        groups[place].names.append(row.name)
      } else {
        groups.append((row.reason, [row.name]))
      }
    }
    return groups
  }

  private static func source(_ findings: TraceFindings, _ device: String?) -> String {
    "\(findings.name) (\(findings.trace.format.rawValue)\(device.map { ", \($0)" } ?? ", no GPU named"))"
  }
}

/// A row of a trace that may be an observation.
private struct TraceRow {
  /// Why it is none, a clause.
  struct Reason: Error {
    let text: String
  }

  let findings: TraceFindings
  let prediction: TracePrediction
  let index: Int
  let names: KernelNameTable

  init(_ findings: TraceFindings, _ prediction: TracePrediction, _ index: Int, _ names: KernelNameTable) {
    self.findings = findings
    self.prediction = prediction
    self.index = index
    self.names = names
  }

  private var row: TracePrediction.Row { prediction.rows[index] }
  private var seen: TraceMatch.Observed { findings.match.observed[index] }

  func observation(source: String) throws(Reason) -> TraceObservationEntry {
    let own = row.first
    guard row.parts.count == 1 else { throw Reason(text: "it is of prompts and sequences together") }
    guard own.cost.wireSteps == 0 else { throw Reason(text: "its time has waiting for other GPUs in it") }
    guard own.row.kernel == own.row.operator else { throw Reason(text: "its kernel is measured with other rows' work") }
    guard seen.repeats == 0, seen.operations == 0 else { throw Reason(text: "several kernels do its work") }
    if case .rotary = own.row.operator, seen.kernels != seen.calls {
      throw Reason(text: "several kernels do its work")
    }
    let calls = Double(seen.calls) / findings.passCount
    guard calls <= Double(row.occurrences) * 1.001 else {
      throw Reason(
        text: "it was seen \(Numbers.short(calls)) times a pass, and the model has it \(row.occurrences) times")
    }
    if let other = unseenNeighbour {
      throw Reason(text: "\(other) beside it has no kernel, and may be in this one's time")
    }
    let seconds = seen.seconds / Double(seen.calls)
    guard SampleStatistics.plausible.contains(seconds) else {
      throw Reason(text: "its time is none that a kernel takes")
    }
    if let roof = row.roof(prediction.analysis),
      Comparison.verdict(predicted: seconds, observed: seconds, ideal: roof) == .fasterThanRoof
    {
      throw Reason(text: "faster than its roof: another workload, format or degree than the trace's")
    }
    let families = Set(seen.ownNames.map { names.family(of: $0) ?? "unknown" })
    guard let family = families.first, families.count == 1 else {
      throw Reason(text: "kernels of several libraries: \(families.sorted().joined(separator: ", "))")
    }
    guard
      let task = MeasurementTask(
        names: ["\(prediction.name) \(row.label)"], own.row.operator, prediction.analysis.workload.formats)
    else { throw Reason(text: "it is of a backward pass") }
    return TraceObservationEntry(
      task, family: family, source: source, seconds: seconds, calls: seen.calls, kernels: seen.names,
      remark: remark, hardware: prediction.analysis.hardware)
  }

  /// A row without a kernel right before or behind it, or across from one layer to the next.
  private var unseenNeighbour: String? {
    let rows = prediction.rows
    func isUnseen(_ other: Int) -> Bool { findings.match.observed[other].calls == 0 && rows[other].scope != .boundary }
    var neighbours = [index - 1, index + 1].filter(rows.indices.contains)
    let own = rows.indices.filter { rows[$0].scope == row.scope }
    if row.scope.isLayer, let first = own.first, let last = own.last {
      if index == first { neighbours.append(last) }
      if index == last { neighbours.append(first) }
    }
    return neighbours.first(where: isUnseen).map { rows[$0].name.rawValue }
  }

  /// What is not as a benchmark would have it.
  private var remark: String? {
    guard case .attention = row.first.row.operator,
      let mean = findings.facts.first(where: { $0.source.contains("mean") })
    else { return nil }
    return "\(mean.name) is a mean: \(mean.source)"
  }
}
