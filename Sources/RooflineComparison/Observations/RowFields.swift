import RooflineCore

/// The fields of one measured row, read as what they must be.
struct RowFields {
  let path: String
  /// Where the row stands, for complaints.
  let place: String
  /// A column's text; empty where it is absent.
  let field: (ObservationReader.Column) -> String

  func complaint(_ problem: String) -> InputError { .notMeasurements(file: path, problem: "\(place): \(problem)") }

  func text(_ column: ObservationReader.Column) throws(InputError) -> String {
    let text = field(column)
    guard !text.isEmpty else { throw complaint("\(column.rawValue) is missing") }
    return text
  }

  func whole(
    _ column: ObservationReader.Column, from least: UInt64 = 1, default fallback: Count? = nil
  ) throws(InputError) -> Count {
    if let fallback, field(column).isEmpty { return fallback }
    let text = try text(column)
    guard let number = UInt64(text) ?? Double(text).flatMap({ UInt64(exactly: $0) }), number >= least,
      number <= Count.limit
    else {
      throw complaint(
        "\(column.rawValue) is \"\(ObservationFile.shortened(text))\"; expected a whole number of at least \(least)")
    }
    return Count(number)
  }

  func dtype(_ column: ObservationReader.Column) throws(InputError) -> DType {
    let text = try text(column)
    guard let dtype = DType(rawValue: text) else {
      throw complaint(
        "\(column.rawValue) is \"\(ObservationFile.shortened(text))\"; expected one of \(DType.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
    return dtype
  }

  /// New tokens of a sequence and keys that the last of them sees, itself included.
  func tokens() throws(InputError) -> (query: Count, context: Count) {
    let (query, context) = (try whole(.query), try whole(.context))
    guard query <= context else { throw complaint("query is more than context, which includes the new tokens") }
    return (query, context)
  }
}
