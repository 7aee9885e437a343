import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Prints how fast the engine and the whole program answer. Measures, never asserts.
let usage = "USAGE: roofline-benchmark [seconds per case, default 2] [part of a case's name]\n"
let arguments = CommandLine.arguments.dropFirst()
let seconds = arguments.first.map { Double($0) ?? .nan } ?? 2
let part = arguments.dropFirst().first
guard arguments.count <= 2, seconds > 0, seconds <= 600 else {
  print(usage, terminator: "")
  exit(arguments.contains("--help") ? 0 : 64)
}
let catalog = Catalog.locate(
  home: ProcessInfo.processInfo.environment["ROOFLINE_HOME"], executable: CommandLine.arguments.first)
let cases = Throughput.cases.filter { benchmark in part.map { benchmark.name.contains($0) } ?? true }
let sweeps = SweepThroughput.cases.filter { sweep in part.map { sweep.name.contains($0) } ?? true }
let loads = LoadThroughput.cases.filter { load in part.map { load.name.contains($0) } ?? true }
guard !cases.isEmpty || !sweeps.isEmpty || !loads.isEmpty else {
  print("roofline-benchmark: no case's name has \"\(part ?? "")\" in it; the cases are")
  let names = Throughput.cases.map(\.name) + SweepThroughput.cases.map(\.name) + LoadThroughput.cases.map(\.name)
  for name in names { print("  \(name)") }
  exit(64)
}
// First: Linux counts as a process's peak what its starter held when it was started.
if part == nil { print(ColdStart.report()) }
for benchmark in cases {
  do { print(try benchmark.run(seconds: seconds, catalog)) } catch { print("\(benchmark.name): skipped, \(error)") }
}
for sweep in sweeps {
  do { print(try sweep.run(catalog)) } catch { print("\(sweep.name): skipped, \(error)") }
}
for load in loads {
  do { print(try load.run(catalog)) } catch { print("\(load.name): skipped, \(error)") }
}
