import RooflineCore

/// How a kernel is called, and where it stands among others of its kind: what comparisons, corrections and fits ask of its shape.
package struct KernelPlace: Sendable {
  /// The kernel, in the words of measured files: `attention decode`.
  package let name: String
  /// Its sizes, likewise.
  package let sizes: [(name: String, value: Double)]
  /// The sizes by which rows are sorted, the group's first.
  package let order: [Double]
  /// The sizes that tell two kernels apart.
  package let identity: [Double]
  /// Base-2 logarithms of its sizes, weighted by how much a model's error changes with them.
  package let point: SIMD4<Double>
  /// The sizes that are equal in kernels which resemble one another.
  let groupSizes: [Double]
  /// Their operator, where a kind has several.
  let operation: OperatorKind?

  /// - Parameter identity: as the order when nil.
  init(
    _ name: String, sizes: [(name: String, value: Double)], order: [Double], identity: [Double]? = nil,
    point: SIMD4<Double>, group: [Double], of operation: OperatorKind? = nil
  ) {
    self.name = name
    self.sizes = sizes
    self.order = order
    self.identity = identity ?? order
    self.point = point
    groupSizes = group
    self.operation = operation
  }

  /// `gemm m=16 n=8192 k=1024`.
  package var title: String {
    func whole(_ x: Double) -> String { x < 1e15 ? "\(Int(x))" : "\(x)" }
    return ([name] + sizes.map { "\($0.name)=\(whole($0.value))" }).joined(separator: " ")
  }

  /// Kernels that are left out of a fit together, since they resemble one another.
  package var group: String {
    ([operation?.rawValue].compactMap { $0 } + groupSizes.map { "\($0)" }).joined(separator: " ")
  }

  /// log₂ of a size, 0 below 1.
  static func log(_ x: Double) -> Double { Mathematics.naturalLogarithm(max(x, 1)) / Mathematics.naturalLogarithm(2) }
}

extension Double {
  /// A count, exact up to 2⁵³.
  init(_ count: Count) { self.init(count.value) }
}
