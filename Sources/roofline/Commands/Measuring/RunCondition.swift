import RooflineCore
import RooflineMeasurement

/// Something that all observations of a file share: another GPU's, or another version's, must not stand beside them.
struct RunCondition {
  /// As a complaint calls it.
  let what: String
  /// Where the file has it.
  let group, key: String
  /// This run's.
  let now: String
  /// What a file without it says.
  let absent: String

  init(_ what: String, _ group: String, _ key: String, _ now: String, absent: String = "unknown") {
    self.what = what
    self.group = group
    self.key = key
    self.now = now
    self.absent = absent
  }

  /// What a file has of it.
  func before(in file: JSONObject) throws(InputError) -> String {
    guard let group = try file.object(group), let value = group[key] else { return absent }
    return switch value {
    case .string(let text): text
    case .integer(let number): String(number)
    case .null, .bool, .number, .array, .object: throw group.wrong(key, value, "a name or a whole number")
    }
  }

  /// Of a run with this program's own kernels.
  static func own(
    _ device: DeviceProperties, _ software: MeasurementSoftware, gemm: String, pageSize: Int?, tool: String
  ) -> [RunCondition] {
    [
      RunCondition("GPU", "device", "uuid", device.uuid),
      RunCondition("driver's CUDA", "software", "cudaDriver", software.driver.description),
      RunCondition("NVRTC", "software", "nvrtc", software.compiler.description),
      RunCondition("cuBLASLt", "software", "cublasLt", software.matrixLibrary ?? "none", absent: "none"),
      RunCondition("roofline", "software", "roofline", tool),
      RunCondition("--gemm", "settings", "gemm", gemm),
      RunCondition("--page-size", "settings", "pageSize", pageSize.map { "\($0)" } ?? "none", absent: "none"),
      RunCondition("--external", "settings", "external", "none", absent: "none"),
    ]
  }
}
