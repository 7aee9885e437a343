import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// `devices` on the stand-in of the driver, and where there is none.
final class DevicesCommandTests: CommandTestCase {
  private static let nowhere = Surroundings(environment: [
    "ROOFLINE_CUDA_DRIVER": "/nowhere/libcuda.so.1", "ROOFLINE_NVML": "/nowhere/libnvidia-ml.so.1",
    "ROOFLINE_NVRTC": "/nowhere/libnvrtc.so.13", "ROOFLINE_CUBLASLT": "/nowhere/libcublasLt.so.13",
  ])

  func testWithoutADriverEverythingIsFine() throws {
    let listed = roofline("devices", Self.nowhere)
    XCTAssertEqual(listed.exitCode, 0)
    XCTAssertEqual(listed.errors, "")
    XCTAssertTrue(listed.output.hasPrefix("No GPU here: no CUDA driver was found. Predictions need none.\n"))
    for library in ["CUDA driver", "NVRTC", "cuBLASLt", "NVML"] {
      XCTAssertTrue(listed.output.contains(library), listed.output)
    }
    XCTAssertTrue(listed.output.contains("/nowhere/libnvrtc.so.13"), listed.output)
    let tested = roofline("devices --self-test", Self.nowhere)
    XCTAssertEqual(
      tested, Outcome(output: "No GPU here: no CUDA driver was found. Predictions need none.\n"))
    let untested = roofline("devices --self-test --format json", Self.nowhere)
    XCTAssertEqual(untested.exitCode, 0, untested.errors)
    let nothing = try object(untested.output)
    XCTAssertEqual(nothing["absence"] as? String, "No GPU here: no CUDA driver was found. Predictions need none.")
    XCTAssertEqual(nothing["hasPassed"] as? NSNull, NSNull())
    XCTAssertEqual(nothing["readings"] as? [Int], [])
    let document = try object(roofline("devices --format json", Self.nowhere).output)
    XCTAssertEqual(document["devices"] as? [Int], [])
    let driver = try XCTUnwrap(document["driver"] as? [String: Any])
    XCTAssertEqual(driver["isUsable"] as? Bool, false)
    XCTAssertEqual((driver["searched"] as? [[String: String]])?.map { $0["path"] }, ["/nowhere/libcuda.so.1"])
  }

  func testWithoutADeviceEverythingIsFine() throws {
    let fake = try FakeGPU()
    try fake.setDevices(0)
    for command in ["devices", "devices --self-test"] {
      let outcome = roofline(command, Surroundings(environment: fake.environment))
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      XCTAssertTrue(
        outcome.output.hasPrefix("No GPU here: the CUDA driver knows no device. Predictions need none.\n"),
        outcome.output)
    }
  }

  func testADeviceIsListedWithItsFacts() throws {
    let fake = try FakeGPU()
    try fake.setProcesses(2)
    let text = roofline("devices", Surroundings(environment: fake.environment)).output
    for fact in [
      "GPU 0: Fake GPU", "nothing here is a measurement", "compute capability    9.0", "SMs                   4",
      "1,073,741,824 bytes", "1000 (1,073,741,824 bytes), 1001", "40 °C", "70 W of 100", "ECC                   on",
      "none fits; `roofline devices --device 0 --stub FILE`", "for CUDA 13.0",
    ] {
      XCTAssertTrue(text.contains(fact), "\(fact) is not in\n\(text)")
    }
    try fake.assertNothingIsLeft()
    XCTAssertEqual(try fake.calls("cuDevicePrimaryCtxRetain"), 0, "listing makes no context")
  }

  /// A driver that calls itself a known GPU gets its file; a slice of it is told apart.
  func testTheFileThatFitsIsNamed() throws {
    let fake = try FakeGPU()
    try fake.setName("NVIDIA H200")
    try fake.setAttribute(16, 132)
    try fake.setMemory(150_110_011_392)
    let surroundings = Surroundings(environment: fake.environment)
    XCTAssertTrue(roofline("devices", surroundings).output.contains("hardware file         Hardware/h200-sxm.json\n"))
    try fake.setAttribute(16, 66)
    let text = roofline("devices", surroundings).output
    XCTAssertTrue(text.contains("Hardware/h200-sxm.json, by name, but SMs: 66 here, 132 there"), text)
    try fake.setName("Cloud GPU")
    try fake.setAttribute(16, 132)
    let document = try object(roofline("devices --format json", surroundings).output)
    let device = try XCTUnwrap((document["devices"] as? [[String: Any]])?.first)
    let match = try XCTUnwrap((device["hardware"] as? [[String: Any]])?.first)
    XCTAssertEqual(match["name"] as? String, "h200-sxm")
    XCTAssertEqual(match["basis"] as? String, "facts")
    XCTAssertTrue(device["stub"] is NSNull)
  }

  func testAStubIsAHardwareFile() throws {
    let fake = try FakeGPU()
    try fake.setName("NVIDIA RTX 6000 Ada Generation")
    try fake.setAttribute(75, 8)
    try fake.setAttribute(76, 9)
    try fake.setAttribute(16, 142)
    try fake.setMemory(51_527_024_640)
    let file = try temporaryFolder().appendingPathComponent("stub.json").path
    let surroundings = Surroundings(environment: fake.environment)
    let outcome = Tool.run(["devices", "--stub", file], surroundings)
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let spec = try Fixtures.catalog.hardware(file)
    XCTAssertEqual(spec.name, "rtx-6000-ada-generation")
    XCTAssertEqual(spec.computeCapability?.description, "8.9")
    XCTAssertEqual(spec.compute?.streamingMultiprocessors, 142)
    XCTAssertEqual(spec.compute?.tensor, [:])
    XCTAssertNil(spec.memory?.bandwidth)
    XCTAssertEqual(spec.memory?.capacity, 51_527_024_640)
    let source = try XCTUnwrap(spec.compute?.source)
    XCTAssertTrue(source.hasPrefix("Read from the device by its driver for CUDA 13.0"), source)
    // A file that may have been filled in already is not overwritten.
    let again = Tool.run(["devices", "--stub", file], surroundings)
    XCTAssertEqual(again.exitCode, 1)
    XCTAssertTrue(again.errors.contains("it exists and is not overwritten"), again.errors)
    let unwritable = Tool.run(["devices", "--stub", "/nowhere/stub.json"], surroundings)
    XCTAssertEqual(unwritable.exitCode, 1)
    XCTAssertTrue(unwritable.errors.contains("cannot be written"), unwritable.errors)
  }

  func testWrongArguments() throws {
    let cases: [(String, Int32, String)] = [
      ("devices --format yaml", 64, "one of text, markdown, csv, json"),
      ("devices --self-test --stub a.json", 64, "contradict"),
      ("devices --device -1", 64, "counted from 0"),
      ("devices h100", 64, "unexpected argument"),
      ("devices --ceilings a.json --device 0", 64, "--device says nothing to --ceilings"),
      ("devices --stub a.json --format json", 64, "--format says nothing to --stub"),
      ("devices --stub never.json", 1, "no GPU here"),
    ]
    for (command, exitCode, words) in cases {
      let outcome = roofline(command, Self.nowhere)
      XCTAssertEqual(outcome.exitCode, exitCode, command)
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertTrue(outcome.errors.contains(words), "\(command): \(outcome.errors)")
    }
    let fake = try FakeGPU()
    let outcome = roofline("devices --self-test --device 7", Surroundings(environment: fake.environment))
    XCTAssertEqual(outcome.errors, "roofline: there is no GPU 7; the only one is --device 0\n")
    XCTAssertEqual(outcome.exitCode, 1)
  }

  /// A GPU that is asked for is the one that is shown, and one that is not there is no silence.
  func testADeviceIsChosenByItsNumber() throws {
    let fake = try FakeGPU()
    try fake.setDevices(3)
    let surroundings = Surroundings(environment: fake.environment)
    let text = roofline("devices --device 1", surroundings).output
    XCTAssertTrue(text.contains("GPU 1: Fake GPU"), text)
    XCTAssertFalse(text.contains("GPU 0: ") || text.contains("GPU 2: "), text)
    let document = try object(roofline("devices --device 2 --format json", surroundings).output)
    XCTAssertEqual((document["devices"] as? [[String: Any]])?.map { $0["ordinal"] as? Int }, [2])
    for command in ["devices", "devices --self-test", "devices --stub \(NSTemporaryDirectory())/never.json"] {
      XCTAssertEqual(
        roofline("\(command) --device 5", surroundings),
        Outcome(errors: "roofline: there is no GPU 5; give --device 0 to 2\n", exitCode: 1), command)
      XCTAssertEqual(
        roofline("\(command) --device 0", Self.nowhere),
        Outcome(errors: "roofline: there is no GPU here; run this on a machine that has one\n", exitCode: 1), command)
    }
  }

  /// The libraries of an environment that is on the path and nowhere else are found and used; where there is none, the way to
  /// name them is told.
  func testLibrariesBesideThePythonOnThePathAreUsed() throws {
    let fake = try FakeGPU()
    let folder = try temporaryFolder()
    let (programs, packages) = ("\(folder.path)/bin", "\(folder.path)/lib/python3.12/site-packages/nvidia/cu13/lib")
    for path in [programs, packages] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    try FileManager.default.createSymbolicLink(atPath: "\(programs)/python3", withDestinationPath: "/bin/sh")
    for name in ["libnvrtc.so.13", "libcublasLt.so.13"] {
      try FileManager.default.createSymbolicLink(atPath: "\(packages)/\(name)", withDestinationPath: fake.path)
    }
    var environment = ["ROOFLINE_CUDA_DRIVER": fake.path, "ROOFLINE_NVML": fake.path, "PATH": programs]
    environment["ROOFLINE_HOME"] = Fixtures.packageRoot
    let document = try object(roofline("devices --format json", Surroundings(environment: environment)).output)
    let libraries = try XCTUnwrap(document["libraries"] as? [[String: Any]])
    let paths = Dictionary(
      uniqueKeysWithValues: libraries.map { ($0["name"] as? String ?? "", $0["path"] as? String) })
    XCTAssertEqual(paths["NVRTC"], "\(packages)/libnvrtc.so.13")
    XCTAssertEqual(paths["cuBLASLt"], "\(packages)/libcublasLt.so.13")
    let measured = roofline(
      "measure --kernel gemm m=4 n=64 k=64 --dtype bf16 --format csv --output \(folder.path)/o.json",
      Surroundings(environment: environment))
    XCTAssertEqual(measured.exitCode, 0, measured.errors)
    XCTAssertTrue(
      try String(contentsOfFile: "\(folder.path)/o.json", encoding: .utf8).contains("\"family\" : \"cublaslt\""))
    let text = roofline("devices", Self.nowhere).output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(text.contains("or name the folder of libnvrtc in ROOFLINE_CUDA_LIBRARIES"), text)
    XCTAssertTrue(text.contains("or name the folder of libcublasLt in ROOFLINE_CUDA_LIBRARIES"), text)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}
