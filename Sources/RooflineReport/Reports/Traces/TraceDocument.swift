import RooflineAnalysis
import RooflineCore
import RooflineTraces

/// The JSON of `import`, schema version 1: raw SI values; null for what is not known.
struct TraceDocument: Encodable {
  let schemaVersion = 1
  let traces: [Entry]
  /// Of two traces, row by row.
  let comparison: [TraceComparison.Line]?
  /// What was written with `--output`.
  let written: Written?

  struct Written: Encodable {
    let file: String
    let observations: Int
    let leftOut: [TraceObservationDocument.LeftOut]
  }

  init(_ findings: TraceFindings, _ observations: TraceObservations?, in output: String?) {
    traces = [Entry(findings)]
    comparison = nil
    written = observations.flatMap { observations in
      output.map { file in
        Written(
          file: file, observations: observations.entries.count,
          leftOut: observations.leftOut.map { .init(name: $0.name, reason: $0.reason) })
      }
    }
  }

  init(_ comparison: TraceComparison) {
    traces = [Entry(comparison.first), Entry(comparison.second)]
    self.comparison = comparison.lines
    written = nil
  }

  struct Entry: Encodable {
    let trace, format: String
    @Nullable var model: String?
    @Nullable var hardware: String?
    @Nullable var phase: String?
    let facts: [FactEntry]
    let passes: Double
    @Nullable var markedPasses: Int?
    let kernelSeconds, matchedSeconds, knownSeconds, unknownSeconds, copySeconds, outsideSeconds: Double
    let operators: [OperatorLine]
    let kernels: [KernelLine]
    let notes: [String]

    init(_ findings: TraceFindings) {
      trace = findings.trace.file
      format = findings.trace.format.rawValue
      model = findings.prediction?.analysis.configuration.name
      hardware = findings.prediction?.analysis.hardware.name
      phase = findings.prediction?.name ?? findings.passes.phase?.rawValue
      facts = findings.facts.map { FactEntry(name: $0.name, value: $0.value, source: $0.source) }
      passes = findings.passCount
      markedPasses = findings.passes.marked
      let match = findings.match
      kernelSeconds = match.kernelSeconds
      matchedSeconds = match.matchedSeconds
      knownSeconds = match.knownSeconds
      unknownSeconds = match.unknownSeconds
      copySeconds = match.copySeconds
      outsideSeconds = findings.passes.outside.seconds
      operators = findings.lines().map(OperatorLine.init)
      let count = findings.passCount
      kernels = match.entries.map { entry in
        let label = findings.label(of: entry.verdict)
        return KernelLine(
          name: entry.name, status: label.status, row: label.row, callsInPass: Double(entry.launches) / count,
          observedInPassSeconds: entry.seconds / count)
      }
      notes = (findings.prediction?.notices.map(\.sentence) ?? []) + findings.remarks
    }
  }

  struct FactEntry: Encodable {
    let name, value, source: String
  }

  struct OperatorLine: Encodable {
    let name: String
    let occurrences: UInt64
    let callsInPass: Double
    @Nullable var bound: String?
    @Nullable var roofSeconds: Double?
    @Nullable var predictedSeconds: Double?
    /// Low and high end.
    @Nullable var intervalSeconds: [Double]?
    let basis: String
    @Nullable var observedSeconds: Double?
    @Nullable var observedInPassSeconds: Double?
    @Nullable var headroomInPassSeconds: Double?
    @Nullable var shareOfRoof: Double?
    @Nullable var verdict: String?
    let kernels: [String]

    init(_ line: TraceFindings.Line) {
      name = line.operation
      occurrences = line.occurrences
      callsInPass = line.calls
      bound = line.bound?.rawValue
      roofSeconds = line.roof
      predictedSeconds = line.predicted
      intervalSeconds = line.interval.map { [$0.lowerBound, $0.upperBound] }
      basis = line.basis.rawValue
      observedSeconds = line.observed
      observedInPassSeconds = line.observedInPass
      headroomInPassSeconds = line.headroom
      shareOfRoof = line.shareOfRoof
      verdict = line.verdict?.rawValue
      kernels = line.kernels
    }
  }

  struct KernelLine: Encodable {
    let name, status, row: String
    let callsInPass, observedInPassSeconds: Double
  }
}
