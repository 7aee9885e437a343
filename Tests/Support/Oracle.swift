import Foundation

/// Runs the scripts of `Tests/Oracle`.
package enum Oracle {
  /// The interpreter; nil where none is installed.
  package static var python: String? {
    let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return paths.map { "\($0)/python3" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Input and output go through files in `folder`: a pipe would fill up while nobody reads it.
  package static func run(
    _ python: String, _ arguments: [String], input: String = "", folder: URL
  ) throws -> (status: Int32, output: String) {
    let inputFile = folder.appendingPathComponent("oracle-input")
    let outputFile = folder.appendingPathComponent("oracle-output")
    try input.write(to: inputFile, atomically: true, encoding: .utf8)
    try Data().write(to: outputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-B", "\(Fixtures.packageRoot)/Tests/Oracle/\(arguments[0])"] + arguments.dropFirst()
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, try String(contentsOf: outputFile, encoding: .utf8))
  }
}
