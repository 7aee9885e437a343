import RooflineCore

/// The constants fitted for one GPU: one entry a kernel family, phase and format.
package struct Calibration: Sendable {
  /// The GPU on which they were fitted.
  package var hardware: String
  package var path: String
  /// The day of the fit, ISO 8601.
  package var date: String
  /// Compute capability of that GPU, which says who may borrow its constants.
  package var computeCapability: ComputeCapability
  package var entries: [Entry]

  package init(hardware: String, path: String, date: String, computeCapability: ComputeCapability, entries: [Entry]) {
    self.hardware = hardware
    self.path = path
    self.date = date
    self.computeCapability = computeCapability
    self.entries = entries
  }

  /// What an entry's constants are about.
  package typealias Key = KernelKey

  package struct Entry: Sendable {
    package var key: Key
    package var constants: Constants
    package var fit: Fit
    /// Errors on shapes kept aside while fitting, from which intervals come.
    package var heldOut: HeldOutErrors?

    package init(_ key: Key, _ constants: Constants, fit: Fit, heldOut: HeldOutErrors?) {
      self.key = key
      self.constants = constants
      self.fit = fit
      self.heldOut = heldOut
    }
  }

  /// What an entry was fitted on.
  package struct Fit: Hashable, Sendable {
    /// The measurements, in words.
    package var data: String
    package var rows: Int
    package var groups: Int

    package init(data: String, rows: Int, groups: Int) {
      self.data = data
      self.rows = rows
      self.groups = groups
    }
  }
}
