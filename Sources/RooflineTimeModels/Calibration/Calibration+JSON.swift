import RooflineCore

extension Calibration {
  /// Reads a calibration file; strict, as hardware files are.
  ///
  /// - Throws: `InputError` naming file and key.
  package static func decode(_ value: JSONValue, file: String) throws(InputError) -> Calibration {
    let root = try JSONObject(value, file: file)
    try root.requireOnly(["schemaVersion", "hardware", "computeCapability", "date", "entries"])
    guard try root.positiveInteger("schemaVersion") == 1 else {
      throw root.wrong("schemaVersion", root["schemaVersion"] ?? .null, "1")
    }
    guard case .array(let list) = root["entries"] else {
      throw .missingKey(file: file, key: "entries", expected: "a list of entries, one a kernel family")
    }
    var entries: [Entry] = []
    for (index, value) in list.enumerated() {
      let entry = try Entry(try JSONObject(value, file: file, path: "entries[\(index)]"))
      guard !entries.contains(where: { $0.key == entry.key }) else {
        throw .wrongValue(file: file, key: "entries[\(index)]", found: "a second entry of its kind", expected: "one")
      }
      entries.append(entry)
    }
    return Calibration(
      hardware: try root.require(try root.string("hardware"), "hardware", "the GPU's name, a string"), path: file,
      date: try root.require(try root.string("date"), "date", "the day of the fit, e.g. 2026-11-21"),
      computeCapability: try root.require(
        try root.computeCapability("computeCapability"), "computeCapability", "that of the GPU, e.g. \"9.0\""),
      entries: entries)
  }
}

extension JSONObject {
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Choice.Type
  ) throws(InputError) -> Choice? where Choice.RawValue == String {
    guard let text = try string(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw wrong(key, .string(text), "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  package func number(_ key: String, in range: ClosedRange<Double>) throws(InputError) -> Double {
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    let value = try require(self[key], key, expected)
    guard let number = value.number, range.contains(number) else { throw wrong(key, value, expected) }
    return number
  }

  /// The same, or what stands where the file says nothing.
  package func number(
    _ key: String, in range: ClosedRange<Double>, else standard: Double
  ) throws(InputError) -> Double { self[key] == nil ? standard : try number(key, in: range) }
}

extension Calibration.Entry {
  init(_ object: JSONObject) throws(InputError) {
    try object.requireOnly([
      "kind", "family", "phase", "op", "dtype", "kvDtype", "headDim", "variant", "windowed", "form", "cut", "launch",
      "constants", "fittedOn",
      "heldOut", "format",
    ])
    let kind = try object.require(
      try object.choice("kind", KernelKind.self), "kind",
      "one of \(KernelKind.allCases.map(\.rawValue).joined(separator: ", "))")
    let phase = try object.choice("phase", Phase.self)
    guard let model = kind.model(of: phase) else {
      throw .missingKey(
        file: object.file, key: object.keyPath("phase"),
        expected: kind.models.compactMap { $0.phase?.rawValue }.joined(separator: " or "))
    }
    let key = Calibration.Key(
      kind: kind,
      family: KernelLibrary(try object.require(try object.string("family"), "family", "the kernel library's name")),
      phase: phase, operation: try object.choice("op", OperatorKind.self),
      dtype: try object.require(
        try object.choice("dtype", DType.self), "dtype",
        "one of \(DType.allCases.map(\.rawValue).joined(separator: ", "))"),
      keyValueDType: try object.choice("kvDtype", DType.self),
      headDim: try object.positiveInteger("headDim").map { Int(clamping: $0) },
      variant: try object.choice("variant", AttentionVariant.self), isWindowed: try object.bool("windowed"),
      launch: try object.choice("launch", Launch.self) ?? .graph,
      format: try object.choice("format", ProductFormat.self),
      form: try object.choice("form", KernelForm.self))
    let block = try object.require(try object.object("constants"), "constants", "an object of constants")
    let constants = try model.constants(block, entry: object)
    let fit = try object.require(try object.object("fittedOn"), "fittedOn", "what it was fitted on: data, rows, groups")
    try fit.requireOnly(["data", "rows", "groups"])
    self.init(
      key, constants,
      fit: .init(
        data: try fit.require(try fit.string("data"), "data", "the measurements, in words"),
        rows: Int(clamping: try fit.require(try fit.positiveInteger("rows"), "rows", "a number")),
        groups: Int(clamping: try fit.require(try fit.positiveInteger("groups"), "groups", "a number"))),
      heldOut: try object.object("heldOut").map { block throws(InputError) in try HeldOutErrors(block) })
  }
}

extension HeldOutErrors {
  package init(_ object: JSONObject) throws(InputError) {
    try object.requireOnly(["mape", "bias", "bins"])
    guard case .array(let list) = object["bins"], !list.isEmpty else {
      throw .missingKey(file: object.file, key: object.keyPath("bins"), expected: "a list of at least one bin")
    }
    var bins: [Bin] = []
    for (index, value) in list.enumerated() {
      let bin = try JSONObject(value, file: object.file, path: object.keyPath("bins[\(index)]"))
      try bin.requireOnly(["upToMicroseconds", "rows", "logQuantiles"])
      guard case .array(let values) = bin["logQuantiles"] else {
        throw .missingKey(file: bin.file, key: bin.keyPath("logQuantiles"), expected: "a list of numbers")
      }
      let quantiles = values.compactMap(\.number)
      guard quantiles.count == HeldOutErrors.levels.count, values.count == quantiles.count,
        HeldOutErrors.isRising(quantiles)
      else {
        throw .wrongValue(
          file: bin.file, key: bin.keyPath("logQuantiles"), found: "\(values.count) values",
          expected: "\(HeldOutErrors.levels.count) numbers that do not fall")
      }
      if let (place, value) = quantiles.enumerated().first(where: { !HeldOutErrors.logarithms.contains($0.element) }) {
        throw bin.wrong(
          "logQuantiles[\(place)]", .number(value),
          "ln(measured/predicted), from \(HeldOutErrors.logarithms.lowerBound) to \(HeldOutErrors.logarithms.upperBound)"
        )
      }
      let limit = try bin.positiveNumber("upToMicroseconds")
      guard limit != nil || index == list.count - 1, (limit ?? .infinity) * 1e-6 >= bins.last?.upTo ?? 0 else {
        throw bin.wrong(
          "upToMicroseconds", bin["upToMicroseconds"] ?? .null,
          "more than that of the bin before; only the last bin may leave it out")
      }
      bins.append(
        Bin(
          upTo: (limit ?? .infinity) * 1e-6,
          rows: Int(clamping: try bin.require(try bin.positiveInteger("rows"), "rows", "a number")),
          quantiles: quantiles))
    }
    self.init(
      mape: try object.number("mape", in: HeldOutErrors.errors),
      bias: try object.number("bias", in: HeldOutErrors.biases), bins: bins)
  }
}
