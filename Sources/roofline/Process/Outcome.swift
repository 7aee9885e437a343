import RooflineReport

/// What a run leaves behind.
package struct Outcome: Hashable, Sendable {
  package var output = ""
  /// What follows `output` and is too long to be held.
  package var rest: StepListing?
  package var errors = ""
  package var exitCode: Int32 = 0

  package init(output: String = "", rest: StepListing? = nil, errors: String = "", exitCode: Int32 = 0) {
    self.output = output
    self.rest = rest
    self.errors = errors
    self.exitCode = exitCode
  }
}
