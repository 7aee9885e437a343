import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Devices as their drivers describe them (names and memory sizes from published `deviceQuery` and `nvidia-smi` logs).
final class HardwareMatchTests: XCTestCase {
  private func device(_ name: String, _ capability: (Int, Int), sms: UInt64, memory: UInt64) -> DeviceProperties {
    DeviceProperties(
      ordinal: 0, name: name, uuid: "", pciBusIdentifier: "",
      computeCapability: .init(major: capability.0, minor: capability.1), streamingMultiprocessors: sms,
      memory: memory)
  }

  func testKnownNamesFitTheirFiles() {
    let cases: [(DeviceProperties, String)] = [
      (device("NVIDIA H100 80GB HBM3", (9, 0), sms: 132, memory: 84_929_347_584), "h100-sxm"),
      (device("NVIDIA H200", (9, 0), sms: 132, memory: 150_110_011_392), "h200-sxm"),
      (device("NVIDIA A100-SXM4-40GB", (8, 0), sms: 108, memory: 42_297_786_368), "a100-sxm4-40gb"),
      (device("NVIDIA A100-SXM4-80GB", (8, 0), sms: 108, memory: 84_987_740_160), "a100-sxm4-80gb"),
      (device("Tesla T4", (7, 5), sms: 40, memory: 15_655_829_504), "t4"),
      (device("NVIDIA L4", (8, 9), sms: 58, memory: 23_580_639_232), "l4"),
      (device("Tesla V100-SXM2-16GB", (7, 0), sms: 80, memory: 16_935_682_048), "v100-sxm2-16gb"),
    ]
    for (device, name) in cases {
      let matches = Fixtures.catalog.matches(device)
      XCTAssertEqual(matches.map(\.name), [name], device.name)
      XCTAssertEqual(matches.map(\.basis), [.name], device.name)
      XCTAssertEqual(matches.flatMap(\.differences), [], device.name)
    }
  }

  func testUnknownNamesFitByFacts() {
    let renamed = device("Cloud GPU 3", (9, 0), sms: 132, memory: 150_110_011_392)
    XCTAssertEqual(Fixtures.catalog.matches(renamed).map(\.name), ["h200-sxm"])
    XCTAssertEqual(Fixtures.catalog.matches(renamed).map(\.basis), [.facts])
    // Two products with the same facts: both are named, neither is chosen.
    let either = device("Cloud GPU 4", (8, 0), sms: 108, memory: 42_297_786_368)
    XCTAssertEqual(Fixtures.catalog.matches(either).map(\.name), ["a100-pcie-40gb", "a100-sxm4-40gb"])
  }

  func testOthersFitNone() {
    XCTAssertEqual(Fixtures.catalog.matches(device("New", (9, 0), sms: 140, memory: 84_929_347_584)), [])
    XCTAssertEqual(Fixtures.catalog.matches(device("New", (9, 0), sms: 132, memory: 48_000_000_000)), [])
    XCTAssertEqual(Fixtures.catalog.matches(device("New", (12, 0), sms: 132, memory: 84_929_347_584)), [])
  }

  /// A virtual GPU keeps the name and has fewer SMs.
  func testASliceOfAKnownGPUSaysWhatDiffers() throws {
    let half = device("NVIDIA H100 80GB HBM3", (9, 0), sms: 66, memory: 42_000_000_000)
    let match = try XCTUnwrap(Fixtures.catalog.matches(half).first)
    XCTAssertEqual(match.basis, .name)
    XCTAssertEqual(match.differences.map(\.fact), ["SMs", "bytes of memory"])
    XCTAssertEqual(match.differences.map(\.file), ["132", "80000000000"])
  }

  /// Whatever facts the stand-in is given, no file is its own.
  func testTheStandInIsNoGPU() {
    let fake = device("Fake GPU (no device, its times are made up)", (9, 0), sms: 132, memory: 84_929_347_584)
    XCTAssertTrue(fake.isStandIn)
    XCTAssertEqual(Fixtures.catalog.matches(fake), [])
  }
}
