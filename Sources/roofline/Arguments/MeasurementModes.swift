import RooflineCore
import RooflineMeasurement

/// What `--modes` asks for: ways to time each kernel, and whole layers.
struct MeasurementModes {
  private(set) var kernels: [TimingMode]
  /// Whether layers are timed as one graph each.
  private(set) var hasLayers = false

  /// What `--modes` calls a whole layer.
  static let layer = "layer"

  init(kernels: [TimingMode]) { self.kernels = kernels }

  /// - Parameter text: names, between commas.
  init(_ text: String) throws(InputError) {
    kernels = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      if word == MeasurementModes.layer {
        guard !hasLayers else { throw .usage("--modes names layer twice") }
        hasLayers = true
        continue
      }
      guard let mode = TimingMode(rawValue: String(word)) else {
        let known = TimingMode.allCases.map(\.rawValue) + [MeasurementModes.layer]
        throw .usage(
          "--modes is \"\(word)\"; expected one of \(known.joined(separator: ", "))")
      }
      guard !kernels.contains(mode) else { throw .usage("--modes names \(mode.rawValue) twice") }
      kernels.append(mode)
    }
  }
}
