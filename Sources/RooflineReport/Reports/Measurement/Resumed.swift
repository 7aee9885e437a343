import RooflineCore

/// What a run has found, or what an earlier one left in the file that is continued, as it was.
enum Resumed<New: Encodable>: Encodable {
  case new(New)
  case earlier(JSONValue)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .new(let value): try value.encode(to: encoder)
    case .earlier(let value): try value.encode(to: encoder)
    }
  }
}
