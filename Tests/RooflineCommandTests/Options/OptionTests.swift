import RooflineCore
import XCTest
import roofline

/// Options are declared once, and read by what they mean.
final class OptionTests: CommandTestCase {
  private func parsed(_ command: CommandDescription, _ line: String = "") throws -> ParsedArguments {
    // What must be there: a word for each positional.
    let words = Array(repeating: "word", count: command.positionals.lowerBound)
    return try ParsedArguments(words + line.split(separator: " ").map(String.init), command)
  }

  private var declared: [any AnyOption] { Tool.commands.flatMap { $0.description.options } }

  private func read(_ option: some AnyOption, _ arguments: ParsedArguments) throws {
    _ = try arguments.value(of: option)
  }

  func testNoCommandDeclaresANameTwice() {
    for command in Tool.commands.map({ $0.description }) {
      let names = command.options.map(\.name)
      XCTAssertEqual(names.count, Set(names).count, "\(command.name): \(names)")
    }
  }

  /// Every option of the program, asked of every command.
  func testACommandReadsNoOptionThatItDoesNotDeclare() throws {
    for command in Tool.commands.map({ $0.description }) {
      let arguments = try parsed(command)
      for option in declared {
        XCTAssertFalse(arguments.isGiven(option), "\(command.name) --\(option.name)")
        if command.declares(option) {
          XCTAssertNoThrow(try read(option, arguments), "\(command.name) --\(option.name)")
        } else {
          XCTAssertThrowsError(try read(option, arguments), "\(command.name) --\(option.name)") { error in
            XCTAssertTrue("\(error)".contains("`\(command.name)` has no --\(option.name)"), "\(error)")
          }
        }
      }
    }
  }

  /// The readers that commands share ask each command for its own options alone.
  func testNoRunAsksForAnOptionThatItsCommandDoesNotHave() {
    let run = "--model llama-3.2-1b --hardware h100-sxm --prompt 9"
    let measured = "--observations Tests/none.csv --hardware h100-sxm"
    let lines = [
      "analyze \(run)", "analyze \(run) --generate 3", "analyze \(run) --convention notes-003",
      "analyze \(run) --convention llm-counts --generate 3",
      "analyze --model llama-3.2-1b --hardware h100-sxm --training --sequence 9", "footprint \(run)",
      "sensitivity \(run)", "diff \(run) --generate 3", "diff \(run) --conventions notes-003,exact",
      "explain \(run) --operator q_proj", "explain \(run) --operator footprint",
      "explain \(run) --operator generation --generate 3",
      "mfu --model llama-3.2-1b --hardware h100-sxm --step-time 9 --global-batch 8 --sequence 512 --devices 2",
      "kernel gemm m=1 n=8 k=8 --dtype fp16 --hardware h100-sxm",
      "kernel gemm m=1 n=8 k=8 --dtype fp16 --hardware h100-sxm --time calibrated",
      "shapes --model llama-3.2-1b --tp 2", "list models", "show llama-3.2-1b", "show h100-sxm", "devices",
      "plot \(run)", "plot \(run) --kind layer", "plot \(run) --kind memory",
      "plot \(run) --kind latency --over context",
      "plot \(run) --kind waterfall --time calibrated", "plot --kind kernels --hardware h100-sxm",
      "plot --kind accuracy \(measured)", "report \(run)", "report \(run) --generate 3",
      "compare \(measured) --model llama-3.2-1b --prompt 9", "validate \(measured)",
      "calibrate \(measured) --output none.json", "measure --model llama-3.2-1b --prompt 9",
      "measure --kernel gemm m=1 n=8 k=8 --dtype fp16", "measure --suite kernels",
      "sweep \(run)", "sweep \(run) --slo ttft=1", "sweep --stdin", "completion bash", "manual",
      "import Tests/RooflineTracesTests/Traces/decode.json",
      "import Tests/RooflineTracesTests/Traces/decode.json --model llama-3.2-1b --context 9 --time calibrated",
    ]
    XCTAssertEqual(
      Set(lines.map { String($0.prefix { $0 != " " }) }), Set(Tool.commands.map { $0.description.name }))
    for line in lines {
      let outcome = roofline(line)
      XCTAssertFalse(outcome.errors.contains("but asks for it"), "\(line): \(outcome.errors)")
    }
  }

  func testLimitsOfRatesAreWrittenAsAPersonWritesThem() {
    let run = "analyze --model llama-3.2-1b --hardware h100-sxm --prompt 9"
    for (option, limits) in [
      ("--bandwidth 5", "--bandwidth is 5; expected 10 GB/s to 100 TB/s"),
      ("--link 1e3", "--link is 1e3; expected 10 MB/s to 10 TB/s"),
      ("--peak 312", "--peak is 312; expected 10 GFLOP/s to 10 EFLOP/s"),
      ("--special-peak 1", "--special-peak is 1; expected 10 GOP/s to 10 EOP/s"),
    ] {
      let outcome = roofline("\(run) \(option)")
      XCTAssertEqual(outcome.exitCode, 64)
      XCTAssertEqual(outcome.errors, "roofline: \(limits)\n")
    }
  }
}
