import RooflineCore

/// An operator to be timed, and the rows that it stands for.
public struct MeasurementTask: Hashable, Sendable {
  /// e.g. `prefill attn_norm`; empty where it was asked for by its columns.
  public var names: [String]
  public let value: Operator<Count>
  public let formats: NumberFormats
  public let columns: KernelColumns
  /// Its place in a curve; nil where it is of none.
  public let curve: CurvePoint?

  public struct CurvePoint: Hashable, Sendable {
    public let name: String
    /// What `x` is.
    public let variable: String
    public let x: UInt64
  }

  /// - Returns: nil for an operator of a backward pass.
  public init?(
    names: [String], _ value: Operator<Count>, _ formats: NumberFormats, curve: CurvePoint? = nil
  ) {
    guard let columns = KernelColumns(value) else { return nil }
    self.names = names
    self.value = value
    self.formats = formats
    self.columns = columns
    self.curve = curve
  }

  /// Two rows whose operators look alike to a kernel are one task.
  public var key: Key { Key(columns: columns, formats: formats, output: output) }

  public struct Key: Hashable, Sendable {
    let columns: KernelColumns
    let formats: NumberFormats
    let output: DType
  }

  /// What a product is stored as: columns do not tell one that goes into the KV cache.
  private var output: DType {
    if case .gemm(let gemm) = value, gemm.destination == .keyValueCache {
      formats.keyValueCache
    } else {
      formats.residual
    }
  }

  /// The rows of the phases, each operator once, with the names of all rows that it stands for.
  public static func tasks(of steps: [DecoderStep], _ model: DecoderModel) -> [MeasurementTask] {
    merged(
      steps.flatMap { step in
        (step.rows(of: model) as [NamedOperator<Count>]).compactMap {
          MeasurementTask(names: ["\(step.name) \($0.name.rawValue)"], $0.operator, step.formats)
        }
      })
  }

  /// Each operator once, in the order of first appearance.
  public static func merged(_ tasks: [MeasurementTask]) -> [MeasurementTask] {
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
