import Foundation
import RooflineCore

/// Files and places that tests need.
package enum Fixtures {
  /// The package's own folder.
  package static let packageRoot: String = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    return folder.path
  }()

  package static var catalog: Catalog { Catalog(root: packageRoot) }

  /// The data that lies beside the package for tests and calibration; nil where there is none.
  package static let shared: String? = {
    let folder = URL(fileURLWithPath: packageRoot).deletingLastPathComponent().appendingPathComponent("shared").path
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
  }()

  /// CI has everything that a test may ask for; there, missing data fails instead of skipping.
  package static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"
}
