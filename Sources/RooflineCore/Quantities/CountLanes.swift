/// Eight counts side by side: those of one formula for eight workloads.
///
/// The fourth reading of a formula. A search asks for the same rows at thousands of batches and lengths; stating the rows costs
/// more than the arithmetic, so eight workloads share one statement. Each lane is a `Double`, which holds every natural number
/// up to 2⁵³: sums and products of natural numbers are exact below it, and what could make a larger one small again
/// (a difference, a quotient) answers NaN instead. So a lane below 2⁵³ is exact, and everything else says so: `isExact`.
struct CountLanes: Hashable, Sendable {
  typealias Lanes = SIMD8<Double>

  let lanes: Lanes

  @inline(__always) init(_ lanes: Lanes) { self.lanes = lanes }

  /// How many workloads share a statement.
  static var width: Int { Lanes.scalarCount }

  /// The first number that not all of its neighbours can be told from.
  private static var limit: Lanes { Lanes(repeating: 0x1p53) }

  /// Lanes that are exact; a NaN is not.
  var isExact: SIMDMask<SIMD8<Int64>> { @inline(__always) get { lanes .< CountLanes.limit } }

  /// Whether any lane is other than 0, as a NaN is. Natural numbers are all 0 where their sum is, and to add halves is quicker than to
  /// compare one by one.
  var isAnything: Bool {
    @inline(__always) get {
      let four = lanes.lowHalf + lanes.highHalf
      let two = four.lowHalf + four.highHalf
      return two[0] + two[1] != 0
    }
  }

  /// `lanes` where both numbers they are of are exact, NaN elsewhere.
  ///
  /// - Parameter lanes: NaN where `right` is.
  @inline(__always)
  private static func ifExact(_ left: CountLanes, _ right: CountLanes, _ lanes: Lanes) -> CountLanes {
    let larger = CountLanes(left.lanes.orLarger(right.lanes))
    return CountLanes(Lanes(repeating: .nan).replacing(with: lanes, where: larger.isExact))
  }
}

extension CountLanes: Term {
  @inline(__always) init(integerLiteral value: UInt64) { self.init(Lanes(repeating: Double(value))) }

  @inline(__always) static func input(_ letter: Letter, _ value: UInt64) -> CountLanes {
    CountLanes(Lanes(repeating: Double(value)))
  }

  @inline(__always) static func + (left: Self, right: Self) -> Self { CountLanes(left.lanes + right.lanes) }

  @inline(__always) static func * (left: Self, right: Self) -> Self { CountLanes(left.lanes * right.lanes) }

  @inline(__always) func excess(over other: Self) -> Self {
    .ifExact(self, other, (lanes - other.lanes).orLarger(Lanes(repeating: 0)))
  }

  @inline(__always) func minimum(_ other: Self) -> Self {
    // A number too large to be exact is above every exact one; NaN may be any number, and stays.
    let smaller = lanes.orSmaller(other.lanes)
    return CountLanes(smaller.replacing(with: other.lanes, where: other.lanes .!= other.lanes))
  }

  @inline(__always) func divided(exactlyBy divisor: Self) -> Self {
    .ifExact(self, divisor, lanes / divisor.lanes)
  }

  @inline(__always) func divided(roundingUpBy divisor: Self) -> Self {
    // A quotient of numbers below 2⁵³ that is no whole number is further than its rounding from the next one.
    let quotient = lanes / divisor.lanes
    return .ifExact(
      self, divisor, Lanes(lowHalf: quotient.lowHalf.ceiling, highHalf: quotient.highHalf.ceiling))
  }

  func times(expected number: some ExpectedNumber, of count: Self, _ letter: Letter) -> Self {
    var numbers = Lanes()
    for lane in 0..<CountLanes.width { numbers[lane] = number.value(at: count.lanes[lane]) }
    let product = (lanes * numbers).rounded(.toNearestOrAwayFromZero)
    return .ifExact(self, count, product.replacing(with: .nan, where: count.lanes .!= count.lanes))
  }

  @inline(__always) func bytes(_ format: ElementFormat) -> Self {
    let bits = Double(format.storage.bits)
    return format.storage.isWholeBytes
      ? CountLanes(lanes * (bits / 8)) : CountLanes(lanes * bits).divided(roundingUpBy: 8)
  }

  func named(_ letter: Letter) -> Self { self }

  var spelledOut: Self { self }

  /// Of the first lane; no formula of a row asks it.
  func isAbove(_ other: Self) -> Bool { lanes[0] > other.lanes[0] }
}
