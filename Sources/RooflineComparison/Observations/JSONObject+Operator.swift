import RooflineCore

extension JSONObject {
  /// The operator that a row of an observation file names by `operator` and `formats`; nil where it has not both.
  ///
  /// - Throws: `InputError` naming the key of what cannot be.
  func namedOperator() throws(InputError) -> Operator<Count>? {
    guard let text = try string("operator"), let formats = try numberFormats(object("formats")) else { return nil }
    let words = text.split(separator: " ")
    var values: [String: String] = [:]
    for word in words.dropFirst() {
      let sides = word.split(separator: "=", maxSplits: 1).map(String.init)
      if sides.count == 2 { values[sides[0]] = sides[1] }
    }
    let value: Operator<Count>
    do throws(InputError) {
      value = try KernelArguments(kind: words.first.map(String.init) ?? "", values: values).definition(formats)
    } catch {
      throw wrong("operator", .string(text), "an operator as `roofline kernel` takes it")
    }
    guard !value.isBeyondCounts else { throw wrong("operator", .string(text), "counts below 2^63") }
    return value
  }

  private func numberFormats(_ object: JSONObject?) throws(InputError) -> NumberFormats? {
    guard let object else { return nil }
    func dtype(_ key: String) throws(InputError) -> DType {
      let text = try object.require(try object.string(key), key, "a number format, a string")
      guard let dtype = DType(rawValue: text) else {
        throw object.wrong(key, .string(text), "one of \(DType.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return dtype
    }
    return NumberFormats(
      weight: try dtype("weight"), activation: try dtype("activation"), keyValueCache: try dtype("keyValueCache"),
      model: try dtype("residual"))
  }
}
