import RooflineCore
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The text of a calibration file: small, and in an order that people can read.
package struct CalibrationDocument {
  package let calibration: Calibration

  package init(_ calibration: Calibration) { self.calibration = calibration }

  package func render() -> String {
    let entries = calibration.entries.map { entry in
      """
          {
            \(CalibrationDocument.key(entry.key)),\(CalibrationDocument.cut(entry.constants))
            "constants": {
      \(entry.constants.named.map { "        \"\($0.key)\": \(CalibrationDocument.number($0.value, digits: 4))" }.joined(separator: ",\n"))
            },
            "fittedOn": {"data": \(CalibrationDocument.text(entry.fit.data)), "rows": \(entry.fit.rows), "groups": \(entry.fit.groups)}\(CalibrationDocument.heldOut(entry.heldOut))
          }
      """
    }
    return """
      {
        "schemaVersion": 1,
        "hardware": \(CalibrationDocument.text(calibration.hardware)),
        "computeCapability": \(CalibrationDocument.text(calibration.computeCapability.description)),
        "date": \(CalibrationDocument.text(calibration.date)),
        "entries": [
      \(entries.joined(separator: ",\n"))
        ]
      }

      """
  }

  private static func key(_ key: Calibration.Key) -> String {
    var pairs = ["\"kind\": \(text(key.kind.rawValue))", "\"family\": \(text(key.family.name))"]
    if let phase = key.phase { pairs.append("\"phase\": \(text(phase.rawValue))") }
    if let form = key.form { pairs.append("\"form\": \(text(form.rawValue))") }
    if let operation = key.operation { pairs.append("\"op\": \(text(operation.rawValue))") }
    pairs.append("\"dtype\": \(text(key.dtype.rawValue))")
    if let format = key.format { pairs.append("\"format\": \(text(format.rawValue))") }
    if let dtype = key.keyValueDType { pairs.append("\"kvDtype\": \(text(dtype.rawValue))") }
    if let headDim = key.headDim { pairs.append("\"headDim\": \(headDim)") }
    if let variant = key.variant { pairs.append("\"variant\": \(text(variant.rawValue))") }
    if let isWindowed = key.isWindowed { pairs.append("\"windowed\": \(isWindowed)") }
    if key.launch != .graph { pairs.append("\"launch\": \(text(key.launch.rawValue))") }
    return pairs.joined(separator: ", ")
  }

  /// A line with how the library cuts the work; nothing where there is nothing to say.
  private static func cut(_ constants: Calibration.Constants) -> String {
    let fields = constants.parameters.cut.fields
    guard !fields.isEmpty else { return "" }
    let pairs = fields.map { key, value in
      let text =
        switch value {
        case .number(let value): number(value, digits: 4)
        case .string(let value): text(value)
        case .null, .bool, .integer, .array, .object: value.summary
        }
      return "\"\(key)\": \(text)"
    }
    return "\n      \"cut\": {\(pairs.joined(separator: ", "))},"
  }

  private static func heldOut(_ errors: HeldOutErrors?) -> String {
    guard let errors else { return "" }
    let bins = errors.bins.map { bin in
      let limit =
        bin.upTo.isFinite ? "\"upToMicroseconds\": \(number(bin.upTo * 1e6, digits: 4)), " : ""
      let quantiles = bin.quantiles.map { number($0, digits: 3) }.joined(separator: ", ")
      return "        {\(limit)\"rows\": \(bin.rows), \"logQuantiles\": [\(quantiles)]}"
    }
    return """
      ,
            "heldOut": {"mape": \(number(errors.mape, digits: 3)), "bias": \(number(errors.bias, digits: 3)), "bins": [
      \(bins.joined(separator: ",\n"))
            ]}
      """
  }

  /// A number with so many significant digits, as short as it gets.
  static func number(_ value: Double, digits: Int) -> String {
    // Below what any constant means, powers of ten run out.
    guard abs(value) > 1e-15 else { return "0" }
    var unit = 1.0
    let most = [1.0, 10, 100, 1000, 10000][digits]
    while abs(value) * unit < most / 10 { unit *= 10 }
    while abs(value) * unit >= most, unit > 1e-12 { unit /= 10 }
    let rounded = (value * unit).rounded() / unit
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int64(rounded)) : "\(rounded)"
  }

  private static func text(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case let control where control.value < 0x20:
        // Two names that differ in one stay two.
        let digits = String(control.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
