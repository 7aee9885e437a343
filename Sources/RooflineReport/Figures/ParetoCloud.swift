import RooflineCore
import RooflineDeployment

/// What a picture keeps of a sweep of any length: for each kind of deployment what no other of it beats, and of all others
/// one in each small cell of the plane.
package struct ParetoCloud: Sendable {
  /// What one line of the picture is of.
  package struct Kind: Hashable, Sendable {
    package let model, hardware: String
    package let dtype: DType?
    package let time: String
    package let engine: String?

    init(_ deployment: SweepDeployment) {
      (model, hardware, dtype) = (deployment.model, deployment.hardware, deployment.dtype)
      (time, engine) = (deployment.time, deployment.engine)
    }
  }

  private struct Cell: Hashable, Sendable {
    let kind: Kind
    let user, device: Int
  }

  private var fronts: [Kind: ParetoFront] = [:]
  private var cells: [Cell: (number: UInt64, row: SweepRow)] = [:]
  /// Cells of a decade; fewer where there would be too many.
  private var fineness = 64.0
  /// Rows that fit and have both numbers.
  package private(set) var count: UInt64 = 0

  private static let most = 2500

  package init() {}

  /// - Parameter number: of the row in its grid.
  package mutating func add(_ row: SweepRow, _ number: UInt64) {
    guard row.fits, let user = row.tokensPerSecondPerUser, let device = row.tokensPerSecondPerGPU, user > 0,
      device > 0, user.isFinite, device.isFinite
    else { return }
    count += 1
    fronts[Kind(row.deployment), default: ParetoFront()].add(row)
    keep(row, number)
  }

  private func cell(_ row: SweepRow) -> Cell {
    func place(_ value: Double?) -> Int {
      Int((Mathematics.decimalLogarithm(value ?? 1) * fineness).rounded(.down))
    }
    return Cell(
      kind: Kind(row.deployment), user: place(row.tokensPerSecondPerUser), device: place(row.tokensPerSecondPerGPU))
  }

  /// The first of the grid stays.
  private mutating func keep(_ row: SweepRow, _ number: UInt64) {
    let own = cell(row)
    if let known = cells[own], known.number <= number { return }
    cells[own] = (number, row)
    while cells.count > Self.most {
      fineness /= 2
      let kept = cells.values.sorted { $0.number < $1.number }
      cells = [:]
      for entry in kept where cells[cell(entry.row)] == nil { cells[cell(entry.row)] = entry }
    }
  }

  package mutating func add(_ other: ParetoCloud) {
    count += other.count
    for (kind, front) in other.fronts { fronts[kind, default: ParetoFront()].add(front) }
    for entry in other.cells.values.sorted(by: { $0.number < $1.number }) { keep(entry.row, entry.number) }
  }

  /// What no other of the kind beats, the most tokens/s a user first.
  package func front(_ kind: Kind) -> [SweepRow] { fronts[kind]?.rows ?? [] }

  /// Of all rows of the kind some, in the grid's order.
  package func rows(_ kind: Kind) -> [SweepRow] {
    cells.filter { $0.key.kind == kind }.values.sorted { $0.number < $1.number }.map(\.row)
  }
}
