import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ObservationFile {
  init(json data: Data, path: String) throws(InputError) {
    throw .notMeasurements(file: path, problem: "no JSON yet")
  }
}
