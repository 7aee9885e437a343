/// Which matrices of a checkpoint are quantised, and how: what a `quantization_config` or a `hf_quant_config.json` says.
struct QuantizationScheme: Hashable, Sendable {
  /// Formats of modules by their names: they stand before everything else.
  var table = ModuleTable()
  /// Modules that are not quantised.
  var ignored = ModuleNames()
  /// Formats of the others; the first that reaches a matrix is its format.
  var rules: [Rule] = []
  /// The format of the KV cache; nil: the model's.
  var cache: DType?
  /// Where it stands, for messages.
  let object: JSONObject
  /// The key of the table.
  var tableKey = ""

  /// A format and what it is for.
  struct Rule: Hashable, Sendable {
    let reach: Reach
    let format: TensorFormat
  }

  enum Reach: Hashable, Sendable {
    /// Every linear layer, the head as well where the code quantises it.
    case linears(head: Bool)
    case routedExperts
    case modules(ModuleNames)
  }

  init(_ object: JSONObject) { self.object = object }

  /// Whether layers that are equal otherwise may differ in their formats.
  var mayTellLayersApart: Bool {
    table.mayNameLayers || ignored.mayNameLayers
      || rules.contains { if case .modules(let names) = $0.reach { names.mayNameLayers } else { false } }
  }

  static func == (left: Self, right: Self) -> Bool {
    left.table == right.table && left.ignored == right.ignored && left.rules == right.rules && left.cache == right.cache
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(table)
    hasher.combine(ignored)
    hasher.combine(rules)
    hasher.combine(cache)
  }
}

/// A matrix of the model, as a scheme asks for it.
struct QuantizableMatrix {
  /// Names that rows give its parts: gate and up are often one row.
  let tensors: [StaticText]
  /// How many experts have one each; nil of a matrix that stands by itself.
  let experts: UInt64?
  let isHead: Bool
  /// Whether the code leaves it as it is where no table names it: routers, indexers' weights, scores of snapshots.
  let staysWhole: Bool
}

extension QuantizationScheme {
  /// The format of a matrix; nil where it is not quantised.
  ///
  /// - Parameter prefix: what the names of the layer's tensors begin with, its number in place.
  func format(
    of matrix: QuantizableMatrix, prefix: String, used: inout Set<String>
  ) throws(InputError) -> TensorFormat? {
    var formats: [TensorFormat?] = []
    for tensor in matrix.tensors {
      let name = "\(prefix)\(tensor)"
      let path = ModulePath(name)
      // A tensor of all experts is in other checkpoints one of each.
      var known: [TensorFormat?] = []
      for part in [path] + path.expertParts {
        if let format = try entry(part, matrix, used: &used) { known.append(format) }
      }
      guard let first = known.first else {
        formats.append(ruled(matrix, name, path))
        continue
      }
      guard known.allSatisfy({ $0 == first }) else { throw mixed(name) }
      formats.append(first)
    }
    guard let first = formats.first, formats.allSatisfy({ $0 == first }) else {
      throw mixed("\(prefix)\(matrix.tensors[0])")
    }
    return first
  }

  /// Throws where the table names a module of a layer that no row has.
  func requireUsed(_ used: Set<String>, layers: UInt64) throws(InputError) {
    guard let name = table.unused(used, layers: layers) else { return }
    throw .wrongValue(
      file: object.file, key: object.keyPath(tableKey), found: "about \(name)",
      expected: "names of modules that are counted; --dtype states one format for all tensors instead")
  }

  private func entry(
    _ path: ModulePath, _ matrix: QuantizableMatrix, used: inout Set<String>
  ) throws(InputError) -> TensorFormat?? {
    do throws(ModuleTable.IncompleteExperts) {
      return try table.format(of: path, experts: matrix.experts ?? 1, used: &used)
    } catch {
      throw .wrongValue(
        file: object.file, key: object.keyPath(tableKey), found: "of \(error.listed) experts beside \(error.name)",
        expected: "an entry for each of the layer's \(error.experts) experts")
    }
  }

  private func mixed(_ name: String) -> InputError {
    .wrongValue(
      file: object.file, key: object.keyPath(tableKey.isEmpty ? "ignore" : tableKey),
      found: "different for parts of \(name)",
      expected: "one format for gate and up of an MLP")
  }

  private func ruled(_ matrix: QuantizableMatrix, _ name: String, _ path: ModulePath) -> TensorFormat? {
    guard !matrix.staysWhole else { return nil }
    // One expert stands for all of them in names that patterns are tried on.
    let example = name.replacing(".M.", with: ".0.")
    guard !ignored.contains(example, path) else { return nil }
    return rules.first { rule in
      switch rule.reach {
      case .linears(let head): head || !matrix.isHead
      case .routedExperts: matrix.experts != nil
      case .modules(let names): names.contains(example, path)
      }
    }?.format
  }
}
