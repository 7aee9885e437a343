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
    var defined: Set<String> = []
    for source in KernelSource.all where source.name.hasSuffix(".cu") {
      let instances = Self.instances(source.text)
      for match in source.text.matches(of: /KERNEL(?:\([^)]*\))? (\w+?)(_##T)?(##_d##d)?\(/) {
        let name = String(match.1)
        XCTAssertEqual(instances.isEmpty, match.2 == nil, name)
        if instances.isEmpty { defined.insert(name) }
        for (format, head) in instances {
          defined.insert("\(name)_\(format)" + (match.3 == nil ? "" : "_d\(head)"))
        }
      }
    }
    XCTAssertEqual(Set(try CPUKernels.open().names), defined)
  }

  /// The element types that a text's macro is expanded for, and the head dimension of each.
  private static func instances(_ text: String) -> [(format: KernelFormat, head: Substring)] {
    text.matches(of: /(?m)^(?:(FOR_EVERY_ELEMENT|FOR_BOTH_ELEMENTS)\()?INSTANTIATE(?:\((b?f16)\))?(?:, (\d+).*)?\)?$/)
      .flatMap {
        match -> [(format: KernelFormat, head: Substring)] in
        let formats: [KernelFormat] =
          switch match.1 {
          case "FOR_EVERY_ELEMENT": KernelFormat.floatingPoint
          case "FOR_BOTH_ELEMENTS": KernelFormat.tensorCores
          default: KernelFormat.tensorCores.filter { match.2 == Substring($0.rawValue) }
          }
        return formats.map { ($0, match.3 ?? "") }
      }
  }
}
