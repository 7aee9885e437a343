import RooflineCore

/// An operator to be timed, and the rows that it stands for.
package struct MeasurementTask: Hashable, Sendable {
  /// e.g. `prefill attn_norm`; empty where it was asked for by its columns.
  package var names: [String]
  /// Products of experts touch whole experts, since what is timed does.
  package let value: Operator<Count>
  package let formats: NumberFormats
  package let columns: KernelColumns
  /// Its place in a curve; nil where it is of none.
  package let curve: CurvePoint?

  package struct CurvePoint: Hashable, Sendable {
    package let name: String
    /// What `x` is.
    package let variable: String
    package let x: UInt64
  }

  /// - Returns: nil for an operator of a backward pass.
  package init?(
    names: [String], _ value: Operator<Count>, _ formats: NumberFormats, curve: CurvePoint? = nil
  ) {
    guard let columns = KernelColumns(value) else { return nil }
    self.names = names
    self.value = value.inWholeExperts
    self.formats = formats
    self.columns = columns
    self.curve = curve
  }

  /// Two rows whose operators look alike to a kernel are one task.
  package var key: Key { Key(columns: columns, formats: formats, output: output) }

  package struct Key: Hashable, Sendable {
    let columns: KernelColumns
    let formats: NumberFormats
    let output: DType
  }

  /// What a product is stored as: columns do not tell one that goes into the KV cache.
  package var output: DType {
    if case .gemm(let gemm) = value, gemm.destination == .keyValueCache {
      formats.keyValueCache
    } else {
      formats.residual
    }
  }

  /// Whether its kernel is a library's or this package's own, as `--gemm` has it.
  package var isProduct: Bool { columns.kind == .gemm || columns.kind == .linearGelu }

  /// The rows of the phases, each operator once, with the names of all rows that it stands for.
  package static func tasks(of steps: [DecoderStep], _ model: DecoderModel) -> [MeasurementTask] {
    merged(
      steps.flatMap { step in
        (step.rows(of: model) as [NamedOperator<Count>]).compactMap {
          MeasurementTask(names: ["\(step.name) \($0.name.rawValue)"], $0.operator, step.formats)
        }
      })
  }

  /// Each operator once, in the order of first appearance.
  package static func merged(_ tasks: [MeasurementTask]) -> [MeasurementTask] {
    var merged: [MeasurementTask] = []
    var places: [Key: Int] = [:]
    for task in tasks {
      if let place = places[task.key] {
        merged[place].names += task.names.filter { !merged[place].names.contains($0) }
      } else {
        places[task.key] = merged.count
        merged.append(task)
      }
    }
    return merged
  }
}

extension Operator where Scalar == Count {
  fileprivate var inWholeExperts: Self {
    if case .groupedGEMM(let product) = self { .groupedGEMM(product.inWholeExperts) } else { self }
  }
}
