import RooflineCore
import RooflineMeasurement

/// A hardware file for a GPU that has none: what the driver says, no rates.
///
/// The driver knows no rates of tensor cores and no bandwidth; they come from a datasheet, with a source of their own.
package struct HardwareStub: Encodable {
  let name: String
  let aliases: [String]
  let product: String
  let computeCapability: String
  let compute: Compute
  let memory: Memory

  struct Compute: Encodable {
    let streamingMultiprocessors: UInt64
    let boostClockHz: Double?
    let source: String
  }

  struct Memory: Encodable {
    let capacityBytes: UInt64
    let l2Bytes: UInt64?
    let source: String
  }

  /// - Parameter driver: the driver's version.
  package init(_ device: DeviceProperties, driver: String?) {
    let source =
      device.isStandIn
      ? "Made up by the stand-in of the tests"
      : "Read from the device by its driver\(driver.map { " for CUDA \($0)" } ?? "")"
    name = HardwareStub.name(device.name)
    aliases = [device.name]
    product = device.name
    computeCapability = device.computeCapability.description
    compute = Compute(
      streamingMultiprocessors: device.streamingMultiprocessors, boostClockHz: device.clock,
      source: "\(source) (cuDeviceGetAttribute); rates are not known to it")
    memory = Memory(
      capacityBytes: device.memory, l2Bytes: device.l2,
      source: "\(source) (cuDeviceTotalMem, cuDeviceGetAttribute); the bandwidth is not known to it")
  }

  /// In the style of the catalog: lower case, words joined by `-`, without the maker's name.
  static func name(_ product: String) -> String {
    let words = product.lowercased().split { !($0.isLetter || $0.isNumber || $0 == ".") }
    let name = words.filter { $0 != "nvidia" }.joined(separator: "-")
    return name.isEmpty ? "gpu" : name
  }

  /// The file's text.
  package func render() throws -> String { try JSONFormat().render(self) }
}
