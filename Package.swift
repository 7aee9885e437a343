// swift-tools-version: 6.1
import PackageDescription

// Warnings are errors only where the gate asks for them (ROOFLINE_STRICT), so that a newer compiler's new warning never stops a
// user's build.

/// From a configuration to rows and their counts; a kernel's real time; a model's passes; what is made of them. Each needs those before.
let engine = ["RooflineCore", "RooflineTimeModels", "RooflineAnalysis", "RooflineDeployment"]

func engineAnd(_ others: Target.Dependency...) -> [Target.Dependency] {
  engine.map { .target(name: $0) } + others
}

let package = Package(
  name: "roofline",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "roofline", targets: ["roofline"]),
    .executable(name: "roofline-benchmark", targets: ["roofline-benchmark"]),
    // The engine is for others, too; what stands on it is the tool's, and `package`.
    .library(name: "RooflineCore", targets: engine),
    // Stands in for the CUDA driver where there is none. Only tests open it; no target depends on it.
    .library(name: "FakeGPU", type: .dynamic, targets: ["FakeGPU"]),
  ],
  targets: [
    // What a model's rows count on a device, and how long they take at a datasheet's rates.
    .target(name: "RooflineCore"),
    // How long kernels really take: equations, fitted constants, their files.
    .target(name: "RooflineTimeModels", dependencies: ["RooflineCore"]),
    // A model's passes on a GPU, row by row.
    .target(name: "RooflineAnalysis", dependencies: ["RooflineCore", "RooflineTimeModels"]),
    // Passes one after another, and many configurations side by side.
    .target(name: "RooflineDeployment", dependencies: ["RooflineCore", "RooflineTimeModels", "RooflineAnalysis"]),
    .target(name: "KernelText", exclude: ["kernels"]),
    // The owner's notes' ways of counting; the engine knows none of them.
    .target(
      name: "RooflineConventions", dependencies: ["RooflineCore", "RooflineAnalysis", "RooflineDeployment"]),
    // What is measured, on which device, and how sure it is; how to drive a GPU stands in CUDAMeasurement.
    .target(name: "RooflineMeasurement", dependencies: ["RooflineCore"]),
    .target(
      name: "RooflineComparison",
      dependencies: ["RooflineCore", "RooflineTimeModels", "RooflineAnalysis", "RooflineMeasurement"]),
    // What engines add to kernels: their time per pass, their schedulers, requests over time.
    .target(name: "RooflineServing", dependencies: engineAnd("RooflineComparison")),
    // Recordings of engines that others made: their files, and which kernel is which row.
    .target(name: "RooflineTraces", dependencies: ["RooflineCore"]),
    .target(
      name: "RooflineReport",
      dependencies: engineAnd(
        "RooflineConventions", "RooflineMeasurement", "RooflineComparison", "RooflineServing", "RooflineTraces")),
    .target(name: "CGPUABI"),
    .target(
      name: "CUDAMeasurement",
      dependencies: ["CGPUABI", "KernelText", "RooflineCore", "RooflineTimeModels", "RooflineMeasurement"]),
    .executableTarget(
      name: "roofline",
      dependencies: engineAnd(
        "RooflineConventions", "RooflineMeasurement", "RooflineComparison", "RooflineServing", "RooflineTraces",
        "RooflineReport", "CUDAMeasurement")),
    .executableTarget(name: "roofline-benchmark", dependencies: engineAnd("RooflineServing")),
    .target(
      name: "FakeGPU", path: "Tests/FakeGPU",
      sources: [
        "Collectives.cpp", "Compiler.cpp", "DriverDevices.cpp", "DriverWork.cpp", "Emulator.cpp", "Kernels.cpp",
        "Management.cpp", "MatrixProducts.cpp", "State.cpp",
      ]),
    .target(name: "TestSupport", dependencies: ["RooflineCore", "RooflineTimeModels"], path: "Tests/Support"),
    .testTarget(
      name: "KernelTextTests", dependencies: ["KernelText", "RooflineCore", "TestSupport"],
      exclude: ["delete_synchronisation.py"]),
    .testTarget(name: "RooflineCoreTests", dependencies: engineAnd("RooflineMeasurement", "TestSupport")),
    .testTarget(name: "RooflineTimeModelsTests", dependencies: engineAnd("TestSupport")),
    .testTarget(name: "RooflineAnalysisTests", dependencies: engineAnd("TestSupport")),
    .testTarget(name: "RooflineDeploymentTests", dependencies: engineAnd("TestSupport")),
    .testTarget(
      name: "RooflineConventionsTests",
      dependencies: ["RooflineCore", "RooflineAnalysis", "RooflineConventions", "TestSupport"],
      exclude: ["Reference/llama2_70b_a100_tp8.tsv"]),
    .testTarget(
      name: "RooflineMeasurementTests", dependencies: ["RooflineCore", "RooflineMeasurement", "TestSupport"]),
    .testTarget(
      name: "RooflineComparisonTests",
      dependencies: ["RooflineCore", "RooflineTimeModels", "RooflineAnalysis", "RooflineComparison", "TestSupport"]),
    .testTarget(
      name: "RooflineServingTests", dependencies: engineAnd("RooflineServing", "TestSupport")),
    .testTarget(
      name: "RooflineTracesTests", dependencies: ["RooflineCore", "RooflineTraces", "TestSupport"],
      exclude: ["Traces"]),
    .testTarget(
      name: "RooflineReportTests",
      dependencies: engineAnd("RooflineMeasurement", "RooflineReport", "RooflineServing", "TestSupport")),
    .testTarget(
      name: "CUDAMeasurementTests",
      dependencies: ["CUDAMeasurement", "RooflineCore", "RooflineMeasurement", "TestSupport"]),
    .testTarget(
      name: "RooflineCommandTests",
      dependencies: engineAnd("roofline", "RooflineConventions", "RooflineReport", "TestSupport"),
      exclude: ["Snapshots", "Runners"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x,
  cxxLanguageStandard: .cxx20
)

// The CUDA kernels compiled for the CPU, one fiber a thread. Only tests load it; where there is no Linux they skip.
#if os(Linux)
  package.products.append(.library(name: "CPUKernels", type: .dynamic, targets: ["CPUKernels"]))
  package.targets.append(
    .target(
      name: "CPUKernels", path: "Tests/FakeGPU",
      sources: ["cpu_cuda_block.cpp", "cpu_cuda_kernels.cpp", "cpu_cuda_library.cpp", "cpu_cuda_memory.cpp"],
      publicHeadersPath: ".",
      cxxSettings: [
        .headerSearchPath("../../Sources/KernelText/kernels"),
        // Optimised in every build: tests run millions of fibers.
        .unsafeFlags(["-O2", "-fvisibility=hidden"]),
      ]))
#endif

// What is tested is optimised where that was asked for; tests are built in half the time if they are not. Those that follow a
// kernel's numbers element by element are better optimised, too.
for target in package.targets where target.isTest && target.name != "KernelTextTests" {
  target.swiftSettings = [.unsafeFlags(["-Onone"], .when(configuration: .release))]
}

// What the gate asks for: see the first lines.
if Context.environment["ROOFLINE_STRICT"] != nil {
  for target in package.targets where target.path?.hasPrefix("Tests/FakeGPU") != true {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-warnings-as-errors"])]
  }
}
