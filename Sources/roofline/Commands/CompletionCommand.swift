import RooflineCore

package enum CompletionCommand: Command {
  package static let printsLines = true
  package static let description = CommandDescription(
    name: "completion",
    summary: "A script that completes this program's commands, options and names in bash, zsh or fish.",
    usage: "completion bash|zsh|fish",
    options: [WorkloadOptions.help],
    positionals: 1...1,
    example: "roofline completion bash > ~/.local/share/bash-completion/completions/roofline",
    notes: [
      "zsh: save it as _roofline in a folder of $fpath. fish: as ~/.config/fish/completions/roofline.fish."
    ], words: CompletionScript.Shell.allCases.map(\.rawValue))

  package static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let shell = try ParsedArguments.choice(arguments.positionals[0], for: "the shell", CompletionScript.Shell.self)
    return Outcome(output: CompletionScript(Tool.commands.map { $0.description }).text(shell))
  }
}
