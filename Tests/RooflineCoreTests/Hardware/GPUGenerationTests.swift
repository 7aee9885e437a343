import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class GPUGenerationTests: XCTestCase {
  func testEveryGenerationThatHasAFileIsKnown() throws {
    let folder = "\(Fixtures.packageRoot)/Sources/RooflineCore/Hardware/Generations"
    var stated: Set<ComputeCapability> = []
    var architectures: Set<GPUGeneration.Name> = []
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      for match in text.matches(of: /ComputeCapability\(major: (\d+), minor: (\d+)\)/) {
        let capability = try XCTUnwrap(ComputeCapability("\(match.1).\(match.2)"))
        XCTAssertTrue(stated.insert(capability).inserted, "\(name) states \(capability) a second time")
        XCTAssertNotNil(GPUGeneration(capability), "\(name) is not in GPUGeneration.all")
      }
      for match in text.matches(of: /\.architecture\("([^"]+)"\)/) {
        let architecture = GPUGeneration.Name.architecture(String(match.1))
        XCTAssertTrue(architectures.insert(architecture).inserted, "\(name) states \(architecture) a second time")
        XCTAssertNotNil(GPUGeneration(architecture), "\(name) is not in GPUGeneration.all")
      }
    }
    XCTAssertEqual(GPUGeneration.all.compactMap(\.capability), stated.sorted(), "oldest first")
    XCTAssertEqual(Set(GPUGeneration.all.filter { $0.capability == nil }.map(\.name)), architectures)
  }

  /// CUDA C++ Programming Guide, technical specifications: maximum number of resident threads per SM; and arithmetic instructions:
  /// 32-bit floating-point reciprocal, square root, base 2 exponential …
  func testThreadsAndSpecialFunctionsAreThoseOfTheProgrammingGuide() {
    let printed: [(String, threads: Double)] = [
      ("7.0", 2048), ("7.5", 1024), ("8.0", 2048), ("8.6", 1536), ("8.9", 1536), ("9.0", 2048), ("10.0", 2048),
      ("10.3", 2048), ("12.0", 1536),
    ]
    XCTAssertEqual(printed.count, GPUGeneration.all.compactMap(\.capability).count)
    for (text, threads) in printed {
      let generation = ComputeCapability(text).flatMap(GPUGeneration.init)
      XCTAssertEqual(generation?.threads, threads, text)
      // Blackwell Ultra's are NVIDIA's datasheet's.
      XCTAssertEqual(generation?.specialFunctions, text == "10.3" ? 32 : 16, text)
    }
  }

  func testCapabilitiesAreVersionsAndNotFractions() throws {
    let sorted = ["7.5", "8.0", "8.9", "8.10", "9.0", "10.0", "12.1"]
    let capabilities = try sorted.map { try XCTUnwrap(ComputeCapability($0), $0) }
    XCTAssertEqual(capabilities.shuffled().sorted(), capabilities)
    XCTAssertEqual(capabilities.map(\.description), sorted)
    for text in ["", "9", "9.", ".0", "9.0.1", "sm_90", "+9.0", "9.0 ", "09.0", "9.00", "9,0", "９.0"] {
      XCTAssertNil(ComputeCapability(text), text)
    }
  }

  private func spec(_ capability: String, rates: Bool) throws -> HardwareSpec {
    var compute: [String: JSONValue] = [
      "streamingMultiprocessors": .integer(100), "tensorClockHz": .number(1e9), "boostClockHz": .number(1e9),
      "source": .string("made up"),
    ]
    if rates { compute["tensorFLOPsPerSecond"] = .object(["bf16": .number(4e14)]) }
    let members: [String: JSONValue] = [
      "name": .string("new"), "computeCapability": .string(capability), "compute": .object(compute),
    ]
    return try HardwareSpec.decode(.object(members), file: "new.json") { name throws(InputError) in
      throw .unknownName(what: "hardware", name: name, nearest: [], available: [])
    }
  }

  func testAGenerationThatNobodyKnowsHasNoRatesAndSaysSo() throws {
    for (capability, rates) in [("13.0", true), ("nine", false)] {
      XCTAssertThrowsError(try spec(capability, rates: rates)) { error in
        XCTAssertTrue("\(error)".contains("computeCapability"), "\(error)")
      }
    }
    let unknown = try spec("13.0", rates: false)
    XCTAssertNil(unknown.specialRate, "what its units do in a clock is not known")
    var exponentials = OperatorCost()
    exponentials.flops.special = 1
    let facts = unknown.missingFacts(for: exponentials, rates: DeviceRates(unknown, RateOptions(), ranks: 1), ranks: 1)
    XCTAssertEqual(facts.map(\.reason), ["nothing is known of compute capability 13.0"])
    XCTAssertEqual(try spec("9.0", rates: false).specialRate, 1.6e12, "16 a clock of 100 SMs at 1 GHz")
  }

  func testNoCalibratedTimeIsMadeUpForAGenerationThatNobodyKnows() throws {
    var hardware = try Fixtures.catalog.hardware("h100-sxm")
    hardware.computeCapability = ComputeCapability(major: 13, minor: 0)
    XCTAssertThrowsError(try Fixtures.catalog.calibrations(for: hardware)) { error in
      XCTAssertTrue("\(error)".contains("13.0"), "\(error)")
    }
  }
}
