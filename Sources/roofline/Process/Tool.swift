/// The command line as a function: arguments in, text and exit code out.
package enum Tool {
  package static let version = "0.1.0"
  /// When the version was made, for the manual.
  static let day = "2026-11-22"

  static let summary =
    "Roofline calculator for LLM inference: FLOPs, bytes, intensity, bound and time of every operator."
}
