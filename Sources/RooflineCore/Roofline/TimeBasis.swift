/// What an operator's time stands on.
public enum TimeBasis: String, Hashable, Sendable, CaseIterable {
  /// Datasheet rates.
  case ideal
  /// Fitted constants.
  case calibrated
  /// Fitted constants, corrected by observations near it.
  case anchored
  /// The ideal time, because fitted constants say less, which is impossible in serving.
  case clamped
  /// The ideal time, because nobody has constants for such a kernel.
  case uncalibrated
}
