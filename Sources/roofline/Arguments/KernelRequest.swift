import RooflineCore

/// One operator named by its kind and columns, with its formats.
struct KernelRequest: Sendable {
  let kernel: KernelArguments
  let formats: NumberFormats

  /// - Parameters:
  ///   - columns: its shape, and `dtype` and `kv_dtype` where they are given so.
  ///   - given: the formats of the command line.
  /// - Throws: `InputError.usage` where columns and options name two formats for one thing, or a column one that nothing has.
  init(_ kind: String, _ columns: [String: String], _ given: DTypeOptions) throws(InputError) {
    var columns = columns
    let dtype = try KernelRequest.dtype("dtype", &columns)
    let keyValue = try KernelRequest.dtype("kv_dtype", &columns)
    try KernelRequest.requireOne("dtype", dtype, or: WorkloadOptions.dtype, given.all)
    try KernelRequest.requireOne("kv_dtype", keyValue, or: WorkloadOptions.keyValueDType, given.keyValueCache)
    kernel = try KernelArguments(kind: kind, values: columns)
    guard let base = given.all ?? dtype ?? (kernel.kind.isCollective ? .bf16 : nil) else {
      throw .usage("--dtype is missing; one of \(DType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    formats = NumberFormats(
      weight: given.weight ?? base, activation: given.activation ?? base,
      keyValueCache: given.keyValueCache ?? keyValue ?? base, model: base)
    if let keyValue, keyValue != base, try !isCounted(with: { formats.with(keyValueCache: $0) }) {
      throw .usage("kv_dtype=\(keyValue.rawValue) changes nothing of kernel \(kernel.kind.rawValue); leave it out")
    }
  }

  /// Throws where an option names a format that no tensor of the operator has.
  func requireCounted(_ given: DTypeOptions) throws(InputError) {
    let options: [(option: Option<DType>, value: DType?, formats: (DType) -> NumberFormats)] = [
      (WorkloadOptions.weightDType, given.weight, { formats.with(weight: $0) }),
      (WorkloadOptions.activationDType, given.activation, { formats.with(activation: $0) }),
      (WorkloadOptions.keyValueDType, given.keyValueCache, { formats.with(keyValueCache: $0) }),
    ]
    for (option, value, formats) in options where value != nil {
      guard try isCounted(with: formats) else {
        throw .usage("--\(option.name) changes nothing of kernel \(kernel.kind.rawValue); leave it out")
      }
    }
  }

  /// Whether a format changes what the operator costs; yes where its counts overflow, which is another complaint.
  private func isCounted(with formats: (DType) -> NumberFormats) throws(InputError) -> Bool {
    let wide: Operator<Count> = try kernel.definition(formats(.fp32))
    let narrow: Operator<Count> = try kernel.definition(formats(.int4))
    return wide.cost != narrow.cost || wide.cost.isOverflow
  }

  private static func requireOne(
    _ column: String, _ value: DType?, or option: Option<DType>, _ other: DType?
  ) throws(InputError) {
    guard let value, let other, value != other else { return }
    throw .usage("\(column)=\(value.rawValue) and --\(option.name) \(other.rawValue) contradict each other; give one")
  }

  /// Words like `m=16`.
  static func columns(_ arguments: some Sequence<String>) throws(InputError) -> [String: String] {
    var columns: [String: String] = [:]
    for argument in arguments {
      guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
        throw .usage("\"\(argument)\" is not column=value, e.g. m=16")
      }
      let name = String(argument[..<equals])
      guard columns[name] == nil else { throw .usage("\(name)= is given twice") }
      columns[name] = String(argument[argument.index(after: equals)...])
    }
    return columns
  }

  private static func dtype(_ name: String, _ columns: inout [String: String]) throws(InputError) -> DType? {
    guard let text = columns.removeValue(forKey: name) else { return nil }
    return try ParsedArguments.choice(text, for: name, DType.self)
  }
}

extension NumberFormats {
  /// The same but for what is named.
  fileprivate func with(
    weight: DType? = nil, activation: DType? = nil, keyValueCache: DType? = nil
  ) -> NumberFormats {
    NumberFormats(
      weight: weight ?? self.weight, activation: activation ?? self.activation,
      keyValueCache: keyValueCache ?? self.keyValueCache, model: residual)
  }
}

extension OperatorKind {
  fileprivate var isCollective: Bool {
    self == .allReduce || self == .allGather || self == .reduceScatter || self == .send
  }
}
