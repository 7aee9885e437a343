#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// What shall be seen before the run is over goes to standard error, where a person watches it.
var progress: (@Sendable (String) -> Void)?
if isatty(2) == 1 {
  progress = { text in _ = RunningProgram.write(text, to: 2) }
}
let outcome = Tool.run(
  Array(CommandLine.arguments.dropFirst()),
  Surroundings(
    environment: RunningProgram.environment, executable: RunningProgram.executablePath,
    isTerminal: isatty(1) == 1,
    progress: progress, write: { RunningProgram.writeLines($0) }, read: { RunningProgram.readInput() }))
_ = RunningProgram.write(outcome.errors, to: 2)
guard RunningProgram.write(outcome.output, to: 1), RunningProgram.write(outcome.rest, progress) else {
  _ = RunningProgram.write("roofline: the output could not be written in full\n", to: 2)
  exit(1)
}
exit(outcome.exitCode)
