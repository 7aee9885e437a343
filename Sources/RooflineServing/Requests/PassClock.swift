/// Says how long passes take.
package protocol PassClock {
  /// s; NaN where it is unknown.
  func seconds(_ pass: MixedPass) -> Double
}

extension PassTimes: PassClock {}
