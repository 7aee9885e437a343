extension ExpertLoad {
  /// The loads of a file: a JSON list of numbers, one for each expert of a layer, in any unit.
  ///
  /// - Throws: `InputError` where the file cannot be read, is no such list, or has no load above 0.
  package static func loads(file: String) throws(InputError) -> [Double] {
    let value = try JSONValue.parse(try JSONValue.contents(of: file, kind: "list of loads"), file: file)
    guard case .array(let elements) = value else {
      throw .unreadable(file: file, reason: "it is no JSON list of a load for each expert")
    }
    var loads: [Double] = []
    for (index, element) in elements.enumerated() {
      guard let load = element.number, load >= 0, load.isFinite else {
        throw .wrongValue(
          file: file, key: "[\(index)]", found: element.summary, expected: "a load, a number of at least 0")
      }
      loads.append(load)
    }
    guard loads.contains(where: { $0 > 0 }) else {
      throw .unreadable(file: file, reason: "it has no load above 0")
    }
    return loads
  }
}
