import RooflineCore

/// Finds the row of each kernel: by its name what it may be, by recorded shapes which product, by the order within a layer which of
/// several.
package struct KernelMatcher {
  private let table: KernelNameTable
  private let pass: ExpectedPass?
  private let products: ProductRows?

  /// - Parameters:
  ///   - rows: those of a pass that are looked for; none: names alone are read.
  ///   - model: of the same pass.
  ///   - separate: the pass's rows in the separate set of operators, of which engines run some apart.
  package init(
    _ table: KernelNameTable, rows: [NamedOperator<Count>] = [], model: DecoderModel? = nil,
    separate: [NamedOperator<Count>] = []
  ) {
    self.table = table
    pass = model.map { ExpectedPass(rows, $0) }
    products = pass.map { ProductRows($0.rows, separate: separate) }
  }

  /// What is known of kernels of one name and one shape.
  struct Kind {
    let rule: KernelRule?
    let shape: ProductShape?
    /// Whether it is one of PyTorch's own, which does a single operation.
    let isNative: Bool
  }

  /// - Parameter passes: the kernels of each pass in the order of time.
  package func match(_ trace: Trace, passes: [[TraceKernel]]) -> TraceMatch {
    let rules = trace.names.map { table.rule(for: $0) }
    let shapes = trace.shapes.map { ProductShape($0) }
    var places: [UInt64: Int] = [:]
    var kinds: [Kind] = []
    func kind(_ kernel: TraceKernel) -> Int {
      let key = UInt64(UInt32(bitPattern: kernel.name)) << 32 | UInt64(UInt32(bitPattern: kernel.shapes))
      if let place = places[key] { return place }
      places[key] = kinds.count
      let shape = kernel.shapes >= 0 ? shapes[Int(kernel.shapes)] : nil
      kinds.append(
        Kind(
          rule: rules[Int(kernel.name)], shape: shape,
          isNative: trace.name(of: kernel).range(of: "at::native", backwards: false) != nil))
      return kinds.count - 1
    }
    let numbered = passes.map { $0.map(kind) }
    let seating = pass.map { Seating($0, products, kinds) }
    var known: [[Int]: [TraceMatch.Verdict]] = [:]
    var all: [TraceKernel] = []
    var verdicts: [TraceMatch.Verdict] = []
    for (kernels, numbers) in zip(passes, numbered) {
      all += kernels
      if let same = known[numbers] {
        verdicts += same
        continue
      }
      var own = numbers.map { number -> TraceMatch.Verdict in
        kinds[number].rule.map { .known($0.group) } ?? .unknown
      }
      if trace.format.hasOrder {
        seating?.seat(numbers, into: &own)
      } else {
        seating?.seatUnordered(numbers, into: &own)
      }
      for index in kernels.indices where kernels[index].activity != .kernel {
        own[index] = .known(kernels[index].activity == .copy ? .copy : .fill)
      }
      known[numbers] = own
      verdicts += own
    }
    return TraceMatch(rows: pass?.rows.count ?? 0, trace, all, verdicts)
  }
}
