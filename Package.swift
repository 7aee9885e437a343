// swift-tools-version: 6.1
import PackageDescription

// Warnings are errors only where the gate asks for them, so that a newer compiler's new warning never stops a user's build.
let package = Package(
  name: "roofline",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "roofline", targets: ["roofline"]),
    .executable(name: "roofline-benchmark", targets: ["roofline-benchmark"]),
    .library(name: "RooflineCore", targets: ["RooflineCore"]),
    .library(name: "RooflineComparison", targets: ["RooflineComparison"]),
    .library(name: "RooflineReport", targets: ["RooflineReport"]),
  ],
  targets: [
    .target(name: "RooflineCore"),
    .target(name: "RooflineComparison", dependencies: ["RooflineCore"]),
    .target(name: "RooflineReport", dependencies: ["RooflineCore", "RooflineComparison"]),
    .executableTarget(name: "roofline", dependencies: ["RooflineCore", "RooflineComparison", "RooflineReport"]),
    .executableTarget(name: "roofline-benchmark", dependencies: ["RooflineCore"]),
    .target(name: "TestSupport", dependencies: ["RooflineCore"], path: "Tests/Support"),
    .testTarget(
      name: "RooflineCoreTests", dependencies: ["RooflineCore", "TestSupport"],
      exclude: ["Reference/llama2_70b_a100_tp8.tsv"]),
    .testTarget(
      name: "RooflineComparisonTests", dependencies: ["RooflineCore", "RooflineComparison", "TestSupport"]),
    .testTarget(name: "RooflineReportTests", dependencies: ["RooflineCore", "RooflineReport", "TestSupport"]),
    .testTarget(
      name: "RooflineCommandTests", dependencies: ["roofline", "RooflineCore", "RooflineReport", "TestSupport"],
      exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6]
)
