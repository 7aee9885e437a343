import RooflineComparison
import TestSupport
import XCTest

/// The tree answers as a look at every point does: the same points, in the same order, to the last bit.
final class NearestPointsTests: XCTestCase {
  /// All points by distance, then by index.
  private func brute(
    _ points: [SIMD4<Double>], _ groups: [Int], to point: SIMD4<Double>, count: Int, group: Int?, index: Int?
  ) -> [(index: Int, distance: Double)] {
    points.indices.filter { groups[$0] != group && $0 != index }
      .map { place -> (index: Int, square: Double) in
        let away = points[place] - point
        return (place, (away * away).sum())
      }
      .sorted { ($0.square, $0.index) < ($1.square, $1.index) }
      .prefix(count).map { ($0.index, $0.square.squareRoot()) }
  }

  private func check(_ points: [SIMD4<Double>], _ groups: [Int], _ generator: inout SeededGenerator, _ what: String) {
    let tree = NearestPoints(points, groups: groups)
    for _ in 0..<60 {
      let isOwn = !points.isEmpty && Bool.random(using: &generator)
      let place = points.isEmpty ? 0 : Int.random(in: points.indices, using: &generator)
      let point = isOwn ? points[place] : SIMD4<Double>.random(in: -3...20, using: &generator)
      for (group, index) in [(nil, nil), (groups.isEmpty ? 0 : groups[place], nil), (nil, place), (99_999, nil)] {
        for count in [1, 8] {
          let expected = brute(points, groups, to: point, count: count, group: group, index: index)
          let found = tree.nearest(to: point, count: count, withoutGroup: group, withoutIndex: index)
          XCTAssertEqual(found.map(\.index), expected.map(\.index), what)
          XCTAssertEqual(found.map(\.distance), expected.map(\.distance), what)
        }
      }
    }
  }

  func testTheTreeFindsWhatALookAtEveryPointFinds() {
    var generator = SeededGenerator(seed: 301)
    for count in [0, 1, 7, 8, 9, 40, 400] {
      let spread = (0..<count).map { _ in SIMD4<Double>.random(in: 0...17, using: &generator) }
      check(spread, spread.indices.map { $0 / 5 }, &generator, "\(count) spread out")
      // On a grid of few places many distances are equal, and points lie on one another.
      let places = (0..<count).map { _ in Int.random(in: 0..<12, using: &generator) }
      check(places.map { [Double($0 % 3), Double($0 / 3), 0, 0] }, places, &generator, "\(count) on a grid")
      check(
        places.map { [Double($0 % 3), Double($0 / 3), 0, 0] }, places.map { $0 % 3 }, &generator, "\(count) in lines")
    }
  }

  func testOneGroupOfTenThousandPointsIsPassedOverAtOnce() {
    let points = (0..<10_000).map { SIMD4<Double>(Double($0), 0, 0, 0) }
    let tree = NearestPoints(points, groups: points.map { _ in 0 })
    for index in points.indices {
      XCTAssertTrue(tree.nearest(to: points[index], count: 8, withoutGroup: 0).isEmpty)
    }
    let same = NearestPoints(points.map { _ in .zero }, groups: points.map { _ in 0 })
    for _ in points { XCTAssertEqual(same.nearest(to: .zero, count: 3).map(\.index), [0, 1, 2]) }
  }
}
