import RooflineAnalysis
import RooflineCore

/// A row as JSON.
struct OperatorEntry: Encodable {
  let name: String
  /// Only where layers differ: the group of the row's layers.
  let group: String?
  let kind: String
  let occurrences: UInt64
  let flops: FLOPsEntry
  let bytes: BytesEntry
  let wireBytes: UInt64
  let wireSteps: UInt64
  /// The format whose matrix unit does the product; null where there is none.
  @Nullable var tensorDType: String?
  /// Only where a quantised checkpoint has the row's matrix in a format of its own.
  let weightDType: String?
  @Nullable var arithmeticIntensity: Double?
  @Nullable var attainableFLOPsPerSecond: Double?
  /// null where the time is unknown.
  @Nullable var bound: String?
  /// The roof that decides: tensor, vector, special, memory or network.
  let bindingUnit: String?
  @Nullable var timeSeconds: Double?
  /// Facts whose absence makes the time null.
  let missingFacts: [String]
  /// Only where times are not ideal: the ideal one, what the time stands on, its parts and its range.
  let calibrated: CalibratedTimeEntry?

  init(
    _ row: RowPrediction, group: String? = nil, missing: [MissingFact], rates: DeviceRates,
    calibrated: CalibratedTimeEntry? = nil
  ) {
    self.init(
      row.prediction, group: group, name: row.name.rawValue, occurrences: row.occurrences.value, missing: missing,
      rates: rates,
      weightDType: row.row.operator.quantizedWeight?.rawValue,
      bindingUnit: missing.isEmpty ? UnitTable.bindingUnit(of: row, rates: rates) : nil, calibrated: calibrated)
  }

  init(
    _ row: OperatorPrediction, group: String? = nil, name: String, occurrences: UInt64, missing: [MissingFact],
    rates: DeviceRates,
    weightDType: String? = nil, bindingUnit: String? = nil,
    calibrated: CalibratedTimeEntry? = nil
  ) {
    self.calibrated = calibrated
    self.weightDType = weightDType
    self.group = group
    self.name = name
    kind = row.kind.rawValue
    self.occurrences = occurrences
    flops = FLOPsEntry(row.cost.flops)
    bytes = BytesEntry(row.cost.traffic)
    wireBytes = row.cost.wireBytes.value
    wireSteps = row.cost.wireSteps.value
    self.bindingUnit = bindingUnit
    bound = row.knownBound?.rawValue
    missingFacts = missing.map { $0.key ?? $0.name }
    tensorDType = row.cost.flops.tensor > 0 ? row.cost.matrixUnit?.rawValue : nil
    arithmeticIntensity = row.cost.arithmeticIntensity?.value
    attainableFLOPsPerSecond = row.cost.attainablePerformance(in: row.time, rates: rates)?.value
    timeSeconds = row.time?.value
  }
}
