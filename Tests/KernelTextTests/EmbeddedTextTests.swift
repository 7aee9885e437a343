import Foundation
import KernelText
import XCTest

final class EmbeddedTextTests: XCTestCase {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/KernelText/kernels").standardized

  func testEveryFileOfTheFolderIsEmbeddedAsItIs() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    let embedded = KernelSource.all
    XCTAssertEqual(Set(embedded.map(\.name)), Set(files))
    XCTAssertEqual(embedded.count, files.count)
    for source in embedded {
      let file = try String(contentsOf: Self.folder.appendingPathComponent(source.name), encoding: .utf8)
      XCTAssertEqual(source.text, file, source.name)
      XCTAssertEqual(source.length, file.utf8.count, source.name)
    }
  }

  /// NVRTC has no headers but these.
  func testKernelsIncludeOnlyEachOther() {
    let names = Set(KernelSource.all.map(\.name))
    for source in KernelSource.all {
      // What the CPU's reader gets.
      let twins = ["device.cuh": "cpu_cuda.h", "tensor.cuh": "cpu_cuda_tensor.h"]
      for file in source.includes where file != twins[source.name] {
        XCTAssertTrue(names.contains(file), "\(source.name) includes \(file)")
      }
      XCTAssertEqual(source.includes.count, source.text.components(separatedBy: "#include").count - 1, source.name)
    }
  }

  /// Every kernel that the text defines runs on the CPU in these tests, in each element type.
  func testTheEmulatorHasEveryKernel() throws {
    let defined = KernelSource.all.filter { $0.name.hasSuffix(".cu") }.flatMap(\.kernelNames)
    XCTAssertEqual(Set(try CPUKernels.open().names), Set(defined))
  }
}
