import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

/// What `measure` prints when it is done.
package struct MeasurementReport {
  package let run: MeasurementRun
  package let device: DeviceProperties
  package let hardware: HardwareSpec?
  /// The file that holds the observations; nil where there are none.
  package let output: String?
  /// Observations that an earlier run had left in the file.
  package let earlier: Int
  /// What keeps cuBLASLt from being used; nil where it is used, or nobody wants it.
  package let matrixFault: GPUFault?
  /// nil where none were asked for.
  package let ceilings: MeasuredCeilings?
  /// What a reader should know of the model whose operators these are.
  package let notices: [Notice]
  /// nil where no layer was asked for.
  package let layers: Layers?

  /// Layers as one graph, those of earlier runs of the file included, beside what predicts them.
  package struct Layers: Sendable {
    package let lines: [LayerComparison]
    /// Whose constants predicted.
    package let notes: [String]

    package init(lines: [LayerComparison], notes: [String]) {
      self.lines = lines
      self.notes = notes
    }
  }

  package init(
    _ run: MeasurementRun, device: DeviceProperties, hardware: HardwareSpec?, output: String?, earlier: Int,
    layers: Layers? = nil, ceilings: MeasuredCeilings? = nil, matrixFault: GPUFault? = nil, notices: [Notice] = []
  ) {
    self.run = run
    self.device = device
    self.hardware = hardware
    self.output = output
    self.earlier = earlier
    self.layers = layers
    self.ceilings = ceilings
    self.matrixFault = matrixFault
    self.notices = notices
  }

  /// - Parameter document: the observation file.
  package func report(_ document: ObservationDocument) -> Report {
    // Ceilings by themselves are curves, too; beside operators they are in the file.
    let curves = run.measurements.isEmpty ? ceilings.map { CeilingsCurves(ceilings: $0).table } : nil
    let achieved = ceilings.map {
      let achieved = AchievedCeilings($0, of: device, gpu: hardware?.name ?? device.name, path: output ?? "")
      return CeilingsTable(achieved, hardware: hardware).table
    }
    let whole = layers.flatMap { $0.lines.isEmpty ? nil : LayerTable(layers: $0.lines) }
    let tables = [
      achieved, run.measurements.isEmpty ? nil : table,
      whole?.table(title: "a layer as one graph on \(device.name)"),
    ].compactMap { $0 }
    // Machines get one table: the layers' where nothing else was measured.
    let onlyLayers = run.measurements.isEmpty && curves == nil ? whole?.table(title: device.name) : nil
    return Report(
      sections: tables.map { .table($0) } + [.notes(Notes(lines, indent: 13))],
      records: .init(key: "device", [onlyLayers ?? curves ?? records]), document: document)
  }

  /// One line a measurement, for machines: curves where the operators are of some.
  private var records: Table {
    let hasPower = run.measurements.contains { $0.mode == .sustained }
    return Table(
      title: device.name,
      columns: ([
        .init("curve", key: "curve", isText: true), .init("variable", key: "variable", isText: true),
        .init("x", key: "x"), .init("operator", key: "operator", isText: true),
        .init("dtype", key: "dtype", isText: true),
        .init("mode", key: "mode", isText: true), .init("time", key: "time_s"), .init("noise", key: "noise"),
        .init("bytes/s", key: "bytes_per_second"), .init("FLOP/s", key: "flops_per_second"),
        .init("of roof", key: "share_of_roof"), .init("roof", key: "roof", isText: true),
      ] as [Table.Column]) + (hasPower ? MeasurementReport.powerColumns : []),
      rows: run.measurements.map { measurement in
        let (task, time) = (measurement.task, measurement.time)
        let roof = hardware.flatMap { MeasuredRoof(task, on: $0) }
        return .cells(
          [
            .text(task.curve?.name ?? ""), .text(task.curve?.variable ?? ""), .integer(task.curve?.x),
            .text(task.columns.description), .text(task.formats.residual.rawValue), .text(measurement.mode.rawValue),
            .time(Seconds(time)), .share(measurement.statistics.noise),
            .rate(Double(task.value.cost.traffic.total.value) / time),
            .rate(Double(task.value.cost.flops.total.value) / time), .share(roof.map { $0.seconds / time }),
            .text(roof?.name ?? ""),
          ] + (hasPower ? MeasurementReport.power(measurement) : []))
      })
  }

  /// What stands below the table.
  package var lines: [String] {
    var lines: [String] = []
    if device.isStandIn { lines.append("stand-in     these times are made up; nothing here is a measurement") }
    if hardware == nil, !device.isStandIn {
      lines.append("no roofs     no hardware file fits \(device.name); `roofline devices --stub FILE` begins one")
    }
    if let matrixFault, hasProducts {
      lines.append("no cuBLASLt  \(matrixFault.sentence); products are of this package's own kernel")
    }
    lines += notices.map { "model        \($0.sentence)" }
    if let l2 = device.l2 {
      let cached = run.measurements.count { $0.mode.isRotating && UInt64($0.footprint) <= l2 }
      if cached > 0 {
        lines.append(
          "in L2        \(cached) of the rotating times: a round of calls touches less than the L2 cache holds, as activations between a model's kernels do; shares of the memory roof may exceed 100 %"
        )
      }
    }
    if let kernel = run.measurements.lazy.flatMap(\.kernels).first(where: \.isOfPTX) {
      lines.append(
        "PTX          NVRTC does not know compute capability \(device.computeCapability); kernels were compiled for \(kernel.architecture ?? ""), the newest that it knows, and from there by the driver"
      )
    }
    let drifting = run.measurements.compactMap { measurement in
      measurement.drift.map { (measurement, share: $0.share) }
    }.filter { $0.share.magnitude > StoppingRule().drift }
    if let worst = drifting.max(by: { $0.share.magnitude < $1.share.magnitude }) {
      lines.append(
        "drift        \(drifting.count) of the times changed by more than \(Numbers.percent(StoppingRule().drift)) % while they were taken; most, by \(Numbers.percent(worst.share)) %, \(Self.short(worst.0.task)) (\(worst.0.mode.rawValue))"
      )
    }
    for (dtype, reason) in (ceilings?.refusals ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      lines.append("not measured \(dtype.rawValue) products: \(reason)")
    }
    for measurement in run.measurements where measurement.mode == run.measurements.first?.mode {
      if let remark = measurement.remark { lines.append("remark       \(Self.label(measurement.task)): \(remark)") }
    }
    lines += (layers.map { LayerTable(layers: $0.lines).lines } ?? []).map { word, text in
      "\(word)\(String(repeating: " ", count: 13 - word.count))\(text)"
    }
    lines += (layers?.notes ?? []).map { "predicted    \($0)" }
    for layer in run.layers {
      lines.append(
        "chained      \(layer.task.name): \(layer.linked) of \(layer.linkable) activations, keys and values are read where a former row wrote them"
      )
    }
    for refusal in run.unsupported {
      lines.append("not measured \(Self.label(refusal.task)): \(refusal.reason)")
    }
    if let output {
      let kept = earlier == 0 ? "" : ", \(earlier) of them from before"
      let count = run.measurements.count + earlier
      let observations = "\(count) observation\(count == 1 ? "" : "s")\(kept)"
      let graphs =
        layers.map {
          $0.lines.isEmpty
            ? "" : "\(kept.isEmpty ? "" : ",") and \($0.lines.count) layer\($0.lines.count == 1 ? "" : "s")"
        } ?? ""
      lines.append(
        "written      \(ceilings == nil ? observations : "ceilings and \(observations)")\(graphs) in \(output)")
    }
    return lines
  }

  private var hasProducts: Bool {
    let tasks = run.measurements.map(\.task) + run.unsupported.map(\.task) + run.layers.flatMap { $0.rows.map(\.task) }
    return ceilings != nil || tasks.contains(where: \.isProduct)
  }

  /// Whether what is left are layers: they come behind the operators.
  private var isOfLayers: Bool { layers != nil && run.isInLayers }

  /// Everything that is wrong, a sentence each.
  package var faults: [String] {
    var sentences = (ceilings?.failures ?? [:]).sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue) products: \($0.value.sentence)" }
    sentences += run.failed.map { "\(Self.short($0.task)): \($0.fault.sentence)" }
    sentences += run.failedLayers.map { "\($0.task.name): \($0.fault.sentence)" }
    sentences += run.refusedLayers.map { refused in
      "\(refused.task.name) is not measured: \(refused.leftOut.count) of its \(refused.task.rows.count) rows do not run here, e.g. \(refused.leftOut.first.map { "\($0.name) (\($0.reason))" } ?? "")"
    }
    for layer in run.layers where !layer.slowdown.isEmpty {
      sentences.append(
        "\(layer.task.name) was timed while the GPU slowed itself down (\(layer.slowdown.names.joined(separator: ", "))); cool it, or check its power supply, and measure again"
      )
    }
    for slowed in run.measurements where !slowed.slowdown.isEmpty {
      sentences.append(
        "\(Self.short(slowed.task)) (\(slowed.mode.rawValue)) was timed while the GPU slowed itself down (\(slowed.slowdown.names.joined(separator: ", "))); cool it, or check its power supply, and measure again"
      )
    }
    if output == nil, run.failed.isEmpty, run.failedLayers.isEmpty, run.refusedLayers.isEmpty, run.end == .finished {
      sentences.append("nothing was measured: none of the operators runs on this GPU; their reasons are listed")
    }
    let way = output.map { "; --resume --output \($0) goes on" } ?? "; nothing was written"
    switch run.end {
    case .finished: break
    case .interrupted:
      sentences.append("interrupted: \(isOfLayers ? "layers" : "operators") left to measure: \(run.left)\(way)")
    case .deviceLost:
      sentences.append(
        "the GPU answers nothing after that fault: \(isOfLayers ? "layers" : "operators") left to measure: \(run.left)\(way)\(output == nil ? "" : ", once it works again")"
      )
    }
    return sentences
  }

  private var table: Table {
    let modes = Set(run.measurements.map(\.mode))
    let hasOneMode = modes.count == 1
    let hasPower = modes.contains(.sustained)
    return Table(
      title: "measured on \(device.name)" + (hasOneMode ? modes.map { ", \($0.rawValue)" }.joined() : ""),
      columns: [.init("operator", key: "operator", isText: true)]
        + (hasOneMode ? [] : [.init("mode", key: "mode", isText: true)]) + [
          .init("time", key: "time_s"), .init("noise", unit: "%", key: "noise"),
          .init("floor", key: "floor_s"), .init("achieved", unit: "B/s", key: "bytes_per_second"),
          .init("", unit: "FLOP/s", key: "flops_per_second"), .init("of roof", unit: "%", key: "share_of_roof"),
          .init("roof", key: "roof", isText: true),
        ] + (hasPower ? MeasurementReport.powerColumns : []),
      rows: run.measurements.map { measurement in
        let time = measurement.time
        let cost = measurement.task.value.cost
        let roof = hardware.flatMap { MeasuredRoof(measurement.task, on: $0) }
        let mode: [Table.Cell] = hasOneMode ? [] : [.text(measurement.mode.rawValue)]
        return .cells(
          [.text(Self.clipped(Self.short(measurement.task) + choice(measurement)))] + mode + [
            .time(Seconds(time)), .share(measurement.statistics.noise),
            .time(Seconds(measurement.floor)), .rate(Double(cost.traffic.total.value) / time),
            .rate(Double(cost.flops.total.value) / time), .share(roof.map { $0.seconds / time }),
            .text(roof?.name ?? ""),
          ] + (hasPower ? MeasurementReport.power(measurement) : []))
      })
  }

  /// Where a product stands twice: which of cuBLASLt's algorithms it is.
  private func choice(_ measurement: KernelMeasurement) -> String {
    KernelLibrary(measurement.family).isFastestOffered ? ", best algorithm" : ""
  }

  /// Of the sustained mode.
  private static let powerColumns: [Table.Column] = [
    .init("clock", unit: "Hz", key: "sm_clock_hz"), .init("power", unit: "W", key: "power_w"),
    .init("a call", unit: "mJ", key: "joules_per_call"),
  ]

  private static func power(_ measurement: KernelMeasurement) -> [Table.Cell] {
    [.rate(measurement.load?.clock), .rate(measurement.load?.power), .energy(measurement.callEnergy)]
  }

  /// So that a line fits the page; the file has the whole.
  static func clipped(_ text: String) -> String { text.count > 58 ? text.prefix(57) + "…" : text }

  /// The first row's name and how many share it, or the operator where no row was asked for.
  static func short(_ task: MeasurementTask) -> String {
    guard let first = task.names.first else { return task.columns.description }
    return task.names.count == 1 ? first : "\(first) +\(task.names.count - 1)"
  }

  private static func label(_ task: MeasurementTask) -> String {
    task.names.isEmpty ? task.columns.description : task.names.joined(separator: ", ")
  }
}
