import RooflineCore

extension Count {
  /// Dimensions of tests are whole numbers that index arrays too.
  init(_ value: Int) { self.init(UInt64(value)) }
}
