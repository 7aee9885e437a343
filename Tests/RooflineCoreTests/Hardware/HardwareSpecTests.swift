import Foundation
import RooflineCore
import TestSupport
import XCTest

final class HardwareSpecTests: XCTestCase {
  /// The catalog's GPUs, without slices and the virtual GPU of which only the memory is known.
  private func whole() throws -> [String] {
    let names = try Fixtures.catalog.hardwareNames.filter { name in
      let spec = try Fixtures.catalog.hardware(name)
      return spec.parent == nil && name != "orion-b1-gpu-small"
    }
    XCTAssertGreaterThanOrEqual(names.count, 31)
    return names
  }

  func testEveryFileReadsAndNamesItself() throws {
    for name in Fixtures.catalog.hardwareNames {
      XCTAssertEqual(try Fixtures.catalog.hardware(name).name, name)
    }
  }

  func testEveryWholeGPUIsComplete() throws {
    for name in try whole() {
      let spec = try Fixtures.catalog.hardware(name)
      let compute = try XCTUnwrap(spec.compute, name)
      let memory = try XCTUnwrap(spec.memory, name)
      XCTAssertNotNil(compute.tensor[.fp16], name)
      XCTAssertNotNil(compute.vector, name)
      XCTAssertNotNil(spec.specialRate, name)
      XCTAssertNotNil(memory.capacity, name)
      XCTAssertNotNil(memory.bandwidth, name)
      // No document prints this one's L2.
      XCTAssertEqual(memory.l2 == nil, name == "a30", name)
    }
  }

  func testAliasesAreUniqueAndLeadToTheirFile() throws {
    let catalog = Fixtures.catalog
    var seen = Set(catalog.hardwareNames.map(Spelling.normalized))
    for (alias, name) in catalog.hardwareAliases() {
      XCTAssertTrue(seen.insert(Spelling.normalized(alias)).inserted, "\(alias) is taken")
      XCTAssertEqual(try catalog.hardware(alias).name, name)
    }
  }

  /// The `gpu` column of the measurements.
  func testNamesOfMeasuredGPUs() throws {
    for (alias, name) in [
      ("a100_sxm", "a100-sxm4-80gb"), ("h100_sxm", "h100-sxm"), ("l40s", "l40s"), ("a100_pcie_40g", "a100-pcie-40gb"),
    ] {
      XCTAssertEqual(try Fixtures.catalog.hardware(alias).name, name)
    }
  }

  /// Datasheet figures, typed from NVIDIA's documents.
  func testPublishedFigures() throws {
    let figures: [(String, DType, Double, bandwidth: Double, sms: UInt64)] = [
      ("a100-sxm4-40gb", .fp16, 312e12, 1555e9, 108), ("a100-sxm4-80gb", .bf16, 312e12, 2039e9, 108),
      ("h100-sxm", .bf16, 989e12, 3350e9, 132), ("h200-sxm", .bf16, 989e12, 4800e9, 132),
      ("l40s", .bf16, 362.05e12, 864e9, 142), ("t4", .fp16, 65e12, 320e9, 40),
      ("v100-sxm2-16gb", .fp16, 125e12, 900e9, 80),
      ("l4", .fp8, 242.5e12, 300e9, 58), ("a10", .int8, 250e12, 600e9, 72), ("a40", .bf16, 149.7e12, 696e9, 84),
    ]
    for (name, dtype, rate, bandwidth, sms) in figures {
      let spec = try Fixtures.catalog.hardware(name)
      XCTAssertEqual(try XCTUnwrap(spec.compute?.tensor[dtype]), rate, accuracy: rate * 0.002, name)
      XCTAssertEqual(spec.memory?.bandwidth, bandwidth, name)
      XCTAssertEqual(spec.compute?.streamingMultiprocessors, sms, name)
    }
  }

  /// 16 per SM and clock: 108 × 1.41 GHz × 16 = 2436.48 G.
  func testSpecialFunctionRate() throws {
    XCTAssertEqual(try XCTUnwrap(Fixtures.catalog.hardware("a100-sxm4-80gb").specialRate), 2436.48e9, accuracy: 1)
  }

  func testVGPUKnowsItsMemoryAndNothingElse() throws {
    let spec = try Fixtures.catalog.hardware("orion-b1-gpu-small")
    XCTAssertEqual(spec.memory?.capacity, 6_356_467_712)  // 6062 MiB
    XCTAssertNil(spec.memory?.bandwidth)
    XCTAssertNil(spec.compute)
    XCTAssertNil(spec.link)
  }

  func testASliceWithoutItsParentIsAnError() throws {
    let json = """
      {"name": "s", "slice": {"of": "nowhere-gpu", "streamingMultiprocessors": 1, "capacityBytes": 5e9, "bandwidthFraction": 0.5,
       "l2Fraction": 0.5, "source": "x"}}
      """
    let value = try JSONValue.parse(Data(json.utf8), file: "s.json")
    XCTAssertThrowsError(try decode(value))
  }

  func testASliceLargerThanItsParentIsAnError() throws {
    let json = """
      {"name": "s", "slice": {"of": "t4", "streamingMultiprocessors": 41, "capacityBytes": 5e9, "bandwidthFraction": 0.5,
       "l2Fraction": 0.5, "source": "x"}}
      """
    let value = try JSONValue.parse(Data(json.utf8), file: "s.json")
    XCTAssertThrowsError(try decode(value))
  }

  private func decode(_ value: JSONValue) throws -> HardwareSpec {
    func parent(_ name: String) throws(InputError) -> HardwareSpec { try Fixtures.catalog.hardware(name) }
    return try HardwareSpec.decode(value, file: "s.json", parent: parent)
  }

  /// Every figure of every file, read as if its unit were a thousand times larger or smaller.
  func testFiguresOffByAThousandAreRefused() throws {
    for name in try whole() {
      let file = "\(Fixtures.catalog.root)/Hardware/\(name).json"
      guard case .object(let members) = try JSONValue.read(file: file) else { return XCTFail(name) }
      XCTAssertNoThrow(try decode(.object(members)), name)
      var figures = 0
      for (block, value) in members {
        guard case .object(let facts) = value else { continue }
        for (key, fact) in flattened(facts) {
          for factor in [1e3, 1e-3] {
            var changed = facts
            guard let number = number(fact), key != ["maximumPeers"] else { continue }
            // Whole numbers of SMs cannot be divided.
            let slip = key == ["streamingMultiprocessors"] && factor < 1 ? number * 1e3 : number * factor
            set(key, to: .number(slip), in: &changed)
            var slipped = members
            slipped[block] = .object(changed)
            XCTAssertThrowsError(try decode(.object(slipped)), "\(name) \(block).\(key) \(slip)") { error in
              guard let error = error as? InputError else { return XCTFail("\(error)") }
              XCTAssertTrue("\(error)".contains(key[0]) || "\(error)".contains(block), "\(error)")
            }
            figures += 1
          }
        }
      }
      XCTAssertGreaterThan(figures, 14, name)
    }
  }

  func testASliceKeepsToWhatChipsCanDo() throws {
    func slice(_ changes: [String: JSONValue], beside: [String: JSONValue] = [:]) -> JSONValue {
      let cut: [String: JSONValue] = [
        "of": .string("a100-sxm4-80gb"), "streamingMultiprocessors": .integer(14), "capacityBytes": .number(1e10),
        "bandwidthFraction": .number(0.125), "l2Fraction": .number(0.125), "source": .string("x"),
      ]
      return .object(
        ["name": .string("s"), "slice": .object(cut.merging(changes) { $1 })].merging(beside) { $1 })
    }
    XCTAssertNoThrow(try decode(slice([:])))
    for (key, value) in [
      ("bandwidthFraction", .leastNonzeroMagnitude), ("bandwidthFraction", 1e-300), ("bandwidthFraction", 1.5),
      ("l2Fraction", 1e-9),
      ("l2Fraction", 12.5), ("capacityBytes", 10), ("capacityBytes", 1e13), ("streamingMultiprocessors", 14000),
    ] {
      XCTAssertThrowsError(try decode(slice([key: .number(value)])), "\(key) \(value)") {
        XCTAssertTrue("\($0)".contains("slice.\(key)"), "\($0)")
      }
    }
    XCTAssertThrowsError(try decode(slice([:], beside: ["computeCapability": .string("9.0")]))) {
      XCTAssertTrue("\($0)".contains("computeCapability"), "\($0)")
    }
  }

  private func number(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .null, .bool, .string, .array, .object: nil
    }
  }

  private func flattened(_ members: [String: JSONValue]) -> [([String], JSONValue)] {
    members.flatMap { key, value -> [([String], JSONValue)] in
      guard case .object(let inner) = value else { return [([key], value)] }
      return inner.map { ([key, $0.key], $0.value) }
    }
  }

  private func set(_ path: [String], to value: JSONValue, in members: inout [String: JSONValue]) {
    if path.count == 2, case .object(var inner) = members[path[0]] {
      inner[path[1]] = value
      members[path[0]] = .object(inner)
    } else {
      members[path[0]] = value
    }
  }

  func testABridgeJoinsOnlyItsTwoGPUs() throws {
    let spec = try Fixtures.catalog.hardware("h100-pcie")
    XCTAssertFalse(DeviceRates(spec, RateOptions(), ranks: 2).link.isNaN)
    XCTAssertTrue(DeviceRates(spec, RateOptions(), ranks: 4).link.isNaN)
  }
}
