import RooflineCore
import RooflineTimeModels

extension Notice {
  /// What a reader of calibrated times should know.
  package static func calibration(_ time: CalibratedTime, _ rows: [RowPrediction]) -> [Notice] {
    calibration(time, rows.map { ($0.name.rawValue, $0.prediction, TimedRow($0.row.kernel, by: time), $0.row.kernel) })
  }

  /// The same of rows by themselves.
  static func calibration(
    _ time: CalibratedTime,
    _ rows: [(name: String, prediction: OperatorPrediction, timed: TimedRow?, value: Operator<Count>)]
  ) -> [Notice] {
    var borrowed: [String: [String]] = [:]
    var others: [Notice] = []
    var graphs: [String] = []
    var uncalibrated: [String] = []
    var eagerOnly: [String] = []
    var clamped: [String] = []
    var standIns: [String] = []
    func add(_ name: String, to list: inout [String]) { if !list.contains(name) { list.append(name) } }
    for (name, prediction, timed, value) in rows where prediction.time != nil {
      if prediction.basis == .uncalibrated, !eagerOnly.contains(name), !uncalibrated.contains(name) {
        let isEagerOnly =
          timed == nil && time.options.conditions.launch == .graph && time.hasConstants(value, launched: .eager)
        if isEagerOnly { add(name, to: &eagerOnly) } else { add(name, to: &uncalibrated) }
      }
      if prediction.basis == .clamped { add(name, to: &clamped) }
      guard let timed else { continue }
      let key = timed.found.entry.key
      let kernel = "\(key.operation?.rawValue ?? key.kind.rawValue) (\(key.family.name))"
      if let from = timed.found.borrowedFrom { add(kernel, to: &borrowed[from, default: []]) }
      if timed.found.standIn != nil { add(name, to: &standIns) }
      if let fitted = timed.found.otherHeadDim {
        let notice = Notice.otherHeadDim(family: key.family.name, fitted: fitted)
        if !others.contains(notice) { others.append(notice) }
      }
      if time.options.conditions.launch == .eager, key.launch != .eager { add(kernel, to: &graphs) }
    }
    var notices = borrowed.sorted { $0.key < $1.key }.map { from, kernels in
      let donor = time.set.layers.first { $0.hardware == from }
      return Notice.borrowedConstants(
        from: from, isSameGeneration: donor?.computeCapability == time.set.capability, kernels: kernels)
    }
    notices += others
    if !standIns.isEmpty { notices.append(.standIn(rows: standIns, constants: OperatorKind.rmsNorm.rawValue)) }
    if !graphs.isEmpty { notices.append(.graphConstants(kernels: graphs)) }
    if !eagerOnly.isEmpty { notices.append(.eagerConstantsOnly(rows: eagerOnly)) }
    if !uncalibrated.isEmpty { notices.append(.uncalibrated(rows: uncalibrated)) }
    if !clamped.isEmpty { notices.append(.clamped(rows: clamped)) }
    return notices + (time.correction?.remarks ?? []).map { .observations($0) }
  }
}
