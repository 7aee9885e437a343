import RooflineCore

/// One operator named by its kind and columns, with its formats.
struct KernelRequest: Sendable {
  let kernel: KernelArguments
  let formats: NumberFormats

  /// - Parameters:
  ///   - columns: its shape, and `dtype` and `kv_dtype` where they are given so.
  ///   - given: the formats of the command line, which come first.
  init(_ kind: String, _ columns: [String: String], _ given: DTypeOptions) throws(InputError) {
    var columns = columns
    let dtype = try KernelRequest.dtype("dtype", &columns)
    let keyValue = try KernelRequest.dtype("kv_dtype", &columns)
    kernel = try KernelArguments(kind: kind, values: columns)
    guard let base = given.all ?? dtype ?? (kernel.kind.isCollective ? .bf16 : nil) else {
      throw .usage("--dtype is missing; one of \(DType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    formats = NumberFormats(
      weight: given.weight ?? base, activation: given.activation ?? base,
      keyValueCache: given.keyValueCache ?? keyValue ?? base, model: base)
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

extension OperatorKind {
  fileprivate var isCollective: Bool {
    self == .allReduce || self == .allGather || self == .reduceScatter || self == .send
  }
}
