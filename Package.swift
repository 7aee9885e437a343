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
    .library(name: "CUDAMeasurement", targets: ["CUDAMeasurement"]),
    // Stands in for the CUDA driver where there is none. Only tests open it; no target depends on it.
    .library(name: "FakeGPU", type: .dynamic, targets: ["FakeGPU"]),
  ],
  targets: [
    .target(name: "RooflineCore"),
    .target(name: "RooflineComparison", dependencies: ["RooflineCore"]),
    .target(name: "RooflineReport", dependencies: ["RooflineCore", "RooflineComparison"]),
    .target(name: "CGPUABI"),
    .target(name: "CUDAMeasurement", dependencies: ["CGPUABI", "RooflineCore"]),
    .executableTarget(
      name: "roofline", dependencies: ["RooflineCore", "RooflineComparison", "RooflineReport", "CUDAMeasurement"]),
    .executableTarget(name: "roofline-benchmark", dependencies: ["RooflineCore"]),
    .target(name: "FakeGPU", path: "Tests/FakeGPU"),
    .target(name: "TestSupport", dependencies: ["RooflineCore"], path: "Tests/Support"),
    .testTarget(
      name: "RooflineCoreTests", dependencies: ["RooflineCore", "TestSupport"],
      exclude: ["Reference/llama2_70b_a100_tp8.tsv"]),
    .testTarget(
      name: "RooflineComparisonTests", dependencies: ["RooflineCore", "RooflineComparison", "TestSupport"]),
    .testTarget(name: "RooflineReportTests", dependencies: ["RooflineCore", "RooflineReport", "TestSupport"]),
    .testTarget(name: "CUDAMeasurementTests", dependencies: ["CUDAMeasurement", "RooflineCore", "TestSupport"]),
    .testTarget(
      name: "RooflineCommandTests", dependencies: ["roofline", "RooflineCore", "RooflineReport", "TestSupport"],
      exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
