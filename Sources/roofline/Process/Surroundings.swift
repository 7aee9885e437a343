import RooflineCore
import RooflineReport

/// What surrounds a run: everything a command may look at beside its arguments.
package struct Surroundings: Sendable {
  package var environment: [String: String] = [:]
  var executable: String?
  var isTerminal = false
  /// Takes what shall be seen before the run is over; nil where nobody looks.
  var progress: (@Sendable (String) -> Void)?
  /// What the run is at, for whoever looks; nil where nobody does.
  var line: ProgressLine?
  /// Takes output before the run is over, in whole lines, and says whether there is room for more; nil: output is collected.
  var write: (@Sendable (String) -> Bool)?
  /// The next bytes of standard input, as soon as there are some; none at its end.
  var read: (@Sendable () -> [UInt8])?

  package init(
    environment: [String: String] = [:], executable: String? = nil, isTerminal: Bool = false,
    progress: (@Sendable (String) -> Void)? = nil, write: (@Sendable (String) -> Bool)? = nil,
    read: (@Sendable () -> [UInt8])? = nil
  ) {
    self.environment = environment
    self.executable = executable
    self.isTerminal = isTerminal
    self.progress = progress
    self.write = write
    self.read = read
  }
}

extension Surroundings {
  func catalog() -> Catalog {
    Catalog.locate(home: environment["ROOFLINE_HOME"], executable: executable)
  }

  /// Colour only for a person at a terminal that did not refuse it (no-color.org).
  func textFormat(isWide: Bool) -> TextFormat {
    let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    return TextFormat(usesColor: isTerminal && !refused && environment["TERM"] != "dumb", isWide: isWide)
  }
}
