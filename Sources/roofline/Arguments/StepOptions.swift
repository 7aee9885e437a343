import RooflineCore
import RooflineServing

/// The options of commands that read published steps and requests.
enum StepOptions {
  static let steps = Option.text(
    "steps", "FILE …", "whole steps and requests in place of kernels: CSV, or JSON of benchmarks (may repeat)",
    mayRepeat: true)
  static let given = Option(
    "given", "COLUMN=VALUE,…", "with --steps: what a benchmark's JSON does not say, e.g. gpu=h100-sxm,dtype=bf16",
    mayRepeat: true
  ) { text throws(InputError) in
    var columns: [(column: String, value: String)] = []
    for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw .usage("--given is \"\(text)\"; expected columns and their values, e.g. gpu=h100-sxm,dtype=bf16")
      }
      columns.append((parts[0], parts[1]))
    }
    return columns
  }
}

extension ParsedArguments {
  /// The files after --steps, and the positionals.
  func stepFiles() throws(InputError) -> [StepFile] {
    let paths = try values(of: StepOptions.steps) + positionals
    if let twice = paths.indices.first(where: { paths[..<$0].contains(paths[$0]) }) {
      throw .usage("\(paths[twice]) is given twice")
    }
    let given = try values(of: StepOptions.given).flatMap(\.self)
    if let twice = given.indices.first(where: { index in given[..<index].contains { $0.column == given[index].column } }
    ) {
      throw .usage("--given \(given[twice].column) is given twice")
    }
    var files: [StepFile] = []
    for path in paths { files.append(try StepFile.read(path, given: given)) }
    return files
  }

  /// Throws where an option of kernels stands beside --steps.
  ///
  /// - Parameter options: the command's.
  func refuseKernelOptions(_ options: [any AnyOption], keeping kept: [any AnyOption] = []) throws(InputError) {
    let kept = Set((WorkloadOptions.output + kept).map(\.name) + [StepOptions.steps.name, StepOptions.given.name])
    for option in options where !kept.contains(option.name) && isGiven(option) {
      throw .usage("--\(option.name) is of kernels, not of --steps; leave it out")
    }
  }

  /// Throws where what a benchmark does not say is said without one.
  func refuseGivenWithoutSteps() throws(InputError) {
    guard !isGiven(StepOptions.given) else { throw .usage("--given needs --steps") }
  }
}
