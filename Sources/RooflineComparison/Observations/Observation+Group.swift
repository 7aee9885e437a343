import RooflineAnalysis
import RooflineTimeModels

extension Observation {
  /// What is left out together, since shapes of one group resemble one another: a GEMM's weight, attention's heads and context, a row
  /// kernel's width, a collective's ranks.
  package var shapeGroup: String { value.place?.group ?? "" }

  /// Sorts rows by shape, whatever order a file has them in.
  var sortKey: [Double] { (value.place?.order ?? []) + [conditions.copies ?? 0, seconds] }
}

extension [Double] {
  static func < (left: [Double], right: [Double]) -> Bool { left.lexicographicallyPrecedes(right) }
}

extension Calibration.Key {
  /// A name for people: `gemm cublas bf16`, `attention vllm-fa3 decode bf16 d128 g>1`.
  package var title: String {
    var words = [kind.rawValue, family.name]
    if let phase { words.append(phase.rawValue) }
    if let form { words.append(form.rawValue) }
    if let operation { words.append(operation.rawValue) }
    words.append(
      keyValueDType.map { $0 == dtype ? dtype.rawValue : "\(dtype.rawValue)/\($0.rawValue)" }
        ?? format?.rawValue ?? dtype.rawValue)
    if let headDim { words.append("d\(headDim)") }
    if let variant { words.append(variant.rawValue) }
    if let isWindowed { words.append(isWindowed ? "windowed" : "unwindowed") }
    if launch == .eager { words.append("eager") }
    return words.joined(separator: " ")
  }
}
