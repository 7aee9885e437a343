/// Points in space, to be asked for those nearest to another: a k-d tree.
///
/// The answers are those of a look at every point, in the order of distance and, at the same distance, of index. Points at one place
/// are taken to be of one group.
struct NearestPoints: Sendable {
  typealias Point = SIMD4<Double>

  private let points: [Point]
  private let groups: [Int]
  /// Indices of points; a node's are neighbours here, those of a leaf in rising order.
  private var order: [Int]
  private var nodes: [Node] = []

  private struct Node: Sendable {
    let range: Range<Int>
    /// The box around its points.
    let low, high: Point
    /// The lowest index among them.
    let first: Int
    /// The group of all of them; nil where there are several.
    let group: Int?
    /// The two halves; nil in a leaf.
    var halves: (Int, Int)?
  }

  private static let leafSize = 12

  /// - Parameter groups: which points belong together, point by point.
  init(_ points: [Point], groups: [Int]) {
    self.points = points
    self.groups = groups
    order = Array(points.indices)
    if !points.isEmpty { _ = build(0..<points.count) }
  }

  private mutating func build(_ range: Range<Int>) -> Int {
    var (low, high) = (points[order[range.lowerBound]], points[order[range.lowerBound]])
    var first = Int.max
    var group: Int? = groups[order[range.lowerBound]]
    for index in order[range] {
      low = pointwiseMin(low, points[index])
      high = pointwiseMax(high, points[index])
      first = min(first, index)
      if groups[index] != group { group = nil }
    }
    let node = nodes.count
    nodes.append(Node(range: range, low: low, high: high, first: first, group: group))
    let spread = high - low
    guard range.count > NearestPoints.leafSize, spread.max() > 0 else {
      order[range].sort()
      return node
    }
    let axis = (0..<4).max { spread[$0] < spread[$1] } ?? 0
    var keys = order[range].map { (position: points[$0][axis], index: $0) }
    keys.sort { $0.position < $1.position || ($0.position == $1.position && $0.index < $1.index) }
    for (place, key) in zip(range, keys) { order[place] = key.index }
    let middle = range.lowerBound + range.count / 2
    let left = build(range.lowerBound..<middle)
    let right = build(middle..<range.upperBound)
    nodes[node].halves = (left, right)
    return node
  }

  /// The nearest points, and how far away each is.
  ///
  /// - Parameters:
  ///   - count: how many at most.
  ///   - excluded: points that are passed over: those of a group, and one by itself.
  func nearest(
    to point: Point, count: Int, withoutGroup group: Int? = nil, withoutIndex index: Int? = nil
  ) -> [(index: Int, distance: Double)] {
    guard !nodes.isEmpty, count > 0 else { return [] }
    var search = Search(point: point, count: count, group: group, index: index)
    look(into: 0, &search)
    return search.found.map { ($0.index, $0.square.squareRoot()) }
  }

  private struct Search {
    let point: Point
    let count: Int
    let group, index: Int?
    /// Nearest first.
    var found: [(index: Int, square: Double)] = []

    /// Whether a point so far away would be among the nearest.
    func wants(_ index: Int, _ square: Double) -> Bool {
      guard found.count == count, let last = found.last else { return true }
      return (square, index) < (last.square, last.index)
    }

    mutating func take(_ index: Int, _ square: Double) {
      let place = found.firstIndex { (square, index) < ($0.square, $0.index) } ?? found.count
      found.insert((index, square), at: place)
      if found.count > count { found.removeLast() }
    }
  }

  /// The square of the distance to the nearest place in a node's box.
  private func square(to node: Node, from point: Point) -> Double {
    let outside = pointwiseMax(pointwiseMax(node.low - point, point - node.high), .zero)
    return (outside * outside).sum()
  }

  private func look(into place: Int, _ search: inout Search) {
    let node = nodes[place]
    if let group = node.group, group == search.group { return }
    guard let (left, right) = node.halves else {
      for index in order[node.range] where groups[index] != search.group && index != search.index {
        let away = points[index] - search.point
        let square = (away * away).sum()
        // At one place, whoever comes later is not nearer.
        guard search.wants(index, square) else {
          if node.low == node.high { break } else { continue }
        }
        search.take(index, square)
      }
      return
    }
    let (leftSquare, rightSquare) = (
      square(to: nodes[left], from: search.point), square(to: nodes[right], from: search.point)
    )
    if (leftSquare, nodes[left].first) < (rightSquare, nodes[right].first) {
      if search.wants(nodes[left].first, leftSquare) { look(into: left, &search) }
      if search.wants(nodes[right].first, rightSquare) { look(into: right, &search) }
    } else {
      if search.wants(nodes[right].first, rightSquare) { look(into: right, &search) }
      if search.wants(nodes[left].first, leftSquare) { look(into: left, &search) }
    }
  }
}
