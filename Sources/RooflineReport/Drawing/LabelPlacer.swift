import RooflineCore

/// Finds places for labels where they cover no other label.
///
/// A label is tried at places around its mark, nearest first; of those that are free, the one wins that covers the fewest marks and lies
/// nearest. Where none is free, the whole area is searched. The first label to come has the first choice.
struct LabelPlacer {
  let area: Box
  /// Never covered.
  private(set) var taken: [Box]
  /// Marks and lines, better not covered.
  let avoided: [Obstacle]

  /// What a label may cover, and what that costs, in pixels that it would rather lie farther away.
  struct Obstacle {
    let box: Box
    let cost: Double
  }

  init(_ area: Box, taken: [Box] = [], avoiding avoided: [Obstacle] = []) {
    self.area = area
    self.taken = taken
    self.avoided = avoided
  }

  /// Pixels between two labels.
  private static let gap = 2.0
  private static let directions = 16
  /// Pixels between a mark's edge and its label.
  private static let distances: [Double] = [4, 10, 18, 28, 40, 56, 76, 100, 130, 170, 220]

  /// The label's box, now taken; nil where the area is full.
  mutating func place(width: Double, height: Double, around anchor: Point, radius: Double) -> Box? {
    guard
      let box = best(width: width, height: height, around: anchor, radius: radius)
        ?? anywhere(width: width, height: height, near: anchor)
    else { return nil }
    taken.append(box)
    return box
  }

  private func isFree(_ box: Box) -> Bool {
    let grown = box.grown(by: Self.gap)
    return area.contains(box) && !taken.contains { $0.overlaps(grown) }
  }

  private func best(width: Double, height: Double, around anchor: Point, radius: Double) -> Box? {
    var best: (box: Box, cost: Double)?
    for distance in Self.distances {
      // A far place costs more than covering marks nearby.
      if let best, best.cost <= distance { break }
      for direction in 0..<Self.directions {
        let (x, y) = Self.unit(direction)
        let reach = radius + distance
        let box = Box(
          left: anchor.x + x * reach + (x - 1) / 2 * width, top: anchor.y + y * reach + (y - 1) / 2 * height,
          width: width, height: height)
        guard isFree(box) else { continue }
        let covered = avoided.reduce(0) { $0 + ($1.box.overlaps(box) ? $1.cost : 0) }
        let crossing = 30 * Double(crossed(from: anchor, to: box))
        // To the right is best, then straight up, down or left.
        let turn = direction == 0 ? 0 : direction.isMultiple(of: Self.directions / 4) ? 1 : 1.5
        let cost = distance + covered + crossing + turn
        if best.map({ cost < $0.cost }) ?? true { best = (box, cost) }
      }
    }
    return best?.box
  }

  /// Labels that a line from a mark to its label would run through.
  private func crossed(from anchor: Point, to box: Box) -> Int {
    let end = box.nearest(to: anchor)
    let points = (1..<10).map { step in
      let share = Double(step) / 10
      return Box(
        left: anchor.x + share * (end.x - anchor.x), top: anchor.y + share * (end.y - anchor.y), width: 1, height: 1)
    }
    return taken.count { label in points.contains { $0.overlaps(label) } }
  }

  private func anywhere(width: Double, height: Double, near anchor: Point) -> Box? {
    var best: (box: Box, distance: Double)?
    for top in stride(from: area.top, through: area.bottom - height, by: height / 2) {
      for left in stride(from: area.left, through: area.right - width, by: 8) {
        let box = Box(left: left, top: top, width: width, height: height)
        let (x, y) = (box.center.x - anchor.x, box.center.y - anchor.y)
        let distance = x * x + y * y
        if best.map({ distance < $0.distance }) ?? true, isFree(box) { best = (box, distance) }
      }
    }
    return best?.box
  }

  /// Points of a circle, to the right first, then clockwise.
  private static let circle: [(x: Double, y: Double)] = (0..<directions).map { direction in
    let angle = 2 * Double.pi * Double(direction) / Double(directions)
    return (Mathematics.cosine(angle), Mathematics.sine(angle))
  }

  private static func unit(_ direction: Int) -> (x: Double, y: Double) { circle[direction] }
}
