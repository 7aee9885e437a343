/// Points in space, to be asked for those nearest to another: a k-d tree.
///
/// The answers are those of a look at every point, in the order of distance and, at the same distance, of index. Points at one place
/// are taken to be of one group.
package struct NearestPoints: Sendable {
  package typealias Point = SIMD4<Double>

  /// Points with their groups and indices; a node's are neighbours here, those of a leaf in rising order of index.
  private var entries: [Entry] = []
  private var nodes: [Node] = []

  private struct Entry: Sendable {
    let point: Point
    let group, index: Int
  }

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
  package init(_ points: [Point], groups: [Int]) {
    var order = Array(points.indices)
    if !points.isEmpty { _ = build(0..<points.count, points, groups, &order) }
    entries = order.map { Entry(point: points[$0], group: groups[$0], index: $0) }
  }

  private mutating func build(_ range: Range<Int>, _ points: [Point], _ groups: [Int], _ order: inout [Int]) -> Int {
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
    let left = build(range.lowerBound..<middle, points, groups, &order)
    let right = build(middle..<range.upperBound, points, groups, &order)
    nodes[node].halves = (left, right)
    return node
  }

  /// The nearest points, and how far away each is.
  ///
  /// - Parameters:
  ///   - count: how many at most.
  ///   - excluded: points that are passed over: those of a group, and one by itself.
  package func nearest(
    to point: Point, count: Int, withoutGroup group: Int? = nil, withoutIndex index: Int? = nil
  ) -> [(index: Int, distance: Double)] {
    guard !nodes.isEmpty, count > 0 else { return [] }
    var search = Search(point: point, count: count, group: group, index: index)
    search.found.reserveCapacity(count + 1)
    nodes.withUnsafeBufferPointer { nodes in
      entries.withUnsafeBufferPointer { entries in NearestPoints.look(into: 0, nodes, entries, &search) }
    }
    return search.found.map { ($0.index, $0.square.squareRoot()) }
  }

  private struct Search {
    let point: Point
    let count: Int
    let group, index: Int?
    /// Nearest first.
    var found: [(index: Int, square: Double)] = []
    /// The farthest of them, once there are enough.
    var last = (index: Int.max, square: Double.infinity)

    /// Whether a point so far away would be among the nearest.
    func wants(_ index: Int, _ square: Double) -> Bool {
      square < last.square || (square == last.square && index < last.index)
    }

    mutating func take(_ index: Int, _ square: Double) {
      let place = found.firstIndex { (square, index) < ($0.square, $0.index) } ?? found.count
      found.insert((index, square), at: place)
      if found.count > count { found.removeLast() }
      if found.count == count { last = found[count - 1] }
    }
  }

  /// The square of the distance to the nearest place in a node's box.
  @inline(__always)
  private static func square(to node: Node, from point: Point) -> Double {
    let below = (node.low - point).clamped(lowerBound: .zero, upperBound: .init(repeating: .infinity))
    let above = (point - node.high).clamped(lowerBound: .zero, upperBound: .init(repeating: .infinity))
    // A coordinate is on one side at most.
    let outside = below + above
    return (outside * outside).sum()
  }

  private static func look(
    into place: Int, _ nodes: UnsafeBufferPointer<Node>, _ entries: UnsafeBufferPointer<Entry>, _ search: inout Search
  ) {
    if let group = nodes[place].group, group == search.group { return }
    guard let (left, right) = nodes[place].halves else {
      let isOnePlace = nodes[place].low == nodes[place].high
      for place in nodes[place].range {
        let away = entries[place].point - search.point
        let square = (away * away).sum()
        guard square <= search.last.square, entries[place].group != search.group, entries[place].index != search.index
        else { continue }
        if search.wants(entries[place].index, square) {
          search.take(entries[place].index, square)
        } else if isOnePlace {
          // Whoever comes later is not nearer.
          break
        }
      }
      return
    }
    let (leftSquare, rightSquare) = (
      square(to: nodes[left], from: search.point), square(to: nodes[right], from: search.point)
    )
    let isLeftFirst =
      leftSquare < rightSquare || (leftSquare == rightSquare && nodes[left].first < nodes[right].first)
    let (near, far) = isLeftFirst ? (left, right) : (right, left)
    if search.wants(nodes[near].first, min(leftSquare, rightSquare)) { look(into: near, nodes, entries, &search) }
    if search.wants(nodes[far].first, max(leftSquare, rightSquare)) { look(into: far, nodes, entries, &search) }
  }
}
