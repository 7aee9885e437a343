/// What completes a command line, from the declarations that the parser reads.
package struct CompletionScript {
  /// Shells that a script is made for.
  package enum Shell: String, CaseIterable { case bash, zsh, fish }

  private let commands: [CommandDescription]

  init(_ commands: [CommandDescription]) { self.commands = commands }

  func text(_ shell: Shell) -> String {
    switch shell {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  /// What asks the program itself for the names of its catalog, which may change after the script is made.
  private static func list(_ kind: CatalogKind) -> String {
    "roofline list \(kind.rawValue) --format csv 2>/dev/null | tail -n +2 | cut -d, -f2"
  }

  private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }

  // MARK: bash

  private var bash: String {
    var lines = [
      "# bash completion for roofline; made by `roofline completion bash`.",
      "_roofline() {",
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}",
      // Behind an equals sign bash begins a new word.
      "  if [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi",
      "  if [ \"$word\" = = ]; then before=${COMP_WORDS[COMP_CWORD-1]}; word=; fi",
      "  COMPREPLY=()", "  if [ \"$COMP_CWORD\" -eq 1 ]; then",
      "    COMPREPLY=($(compgen -W \(Self.quoted((commands.map(\.name) + ["--help", "--version", "help"]).joined(separator: " "))) -- \"$word\"))",
      "    return", "  fi", "  case $command:$before in",
    ]
    for command in commands {
      for option in command.options.map(\.declaration) where option.value != nil {
        lines.append("    \(command.name):--\(option.name)) \(bash(option.suggestions)); return ;;")
      }
    }
    lines += ["  esac", "  case $command in"]
    for command in commands {
      let words = command.options.map { "--\($0.name)" } + command.words
      let files = command.positionals.upperBound > 0 && command.words.isEmpty ? " -f" : ""
      lines.append(
        "    \(command.name)) COMPREPLY=($(compgen\(files) -W \(Self.quoted(words.joined(separator: " "))) -- \"$word\")) ;;"
      )
    }
    lines += [
      "    help) COMPREPLY=($(compgen -W \(Self.quoted(commands.map(\.name).joined(separator: " "))) -- \"$word\")) ;;",
      "  esac", "}",
      "complete -o default -F _roofline roofline",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A list with commas is completed at its last name.
  private func bash(_ suggestions: Suggestions) -> String {
    func words(_ list: String) -> String {
      "local list=; case $word in *,*) list=${word%,*},; word=${word##*,} ;; esac; COMPREPLY=($(compgen -P \"$list\" -W \(list) -- \"$word\"))"
    }
    return switch suggestions {
    case .none: "return"
    case .files: "COMPREPLY=($(compgen -f -- \"$word\"))"
    case .words(let choices): words(Self.quoted(choices().joined(separator: " ")))
    case .catalog(let kind): words("\"$(\(Self.list(kind)))\"") + "; COMPREPLY+=($(compgen -f -- \"$word\"))"
    }
  }

  // MARK: zsh

  private var zsh: String {
    var lines = [
      "#compdef roofline", "# zsh completion for roofline; made by `roofline completion zsh`.", "_roofline() {",
      "  local -a commands", "  commands=(",
    ]
    for command in commands { lines.append("    \(Self.quoted("\(command.name):\(command.summary)"))") }
    lines += [
      "  )", "  if (( CURRENT == 2 )); then", "    _describe command commands", "    return", "  fi",
      "  local command=$words[2]", "  shift words", "  (( CURRENT-- ))", "  case $command in",
    ]
    for command in commands {
      lines.append("    \(command.name))")
      lines.append("      _arguments \\")
      for option in command.options.map(\.declaration) {
        let help = option.help.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
          .replacing(":", with: "\\:")
        let value = option.value.map { ":\($0.replacing(":", with: "\\:")):\(zsh(option.suggestions))" } ?? ""
        let star = option.mayRepeat ? "*" : ""
        lines.append("        \(Self.quoted("\(star)--\(option.name)[\(help)]\(value)")) \\")
      }
      lines.append(
        command.words.isEmpty
          ? (command.positionals.upperBound > 0 ? "        '*:argument:_files'" : "        && return")
          : "        \(Self.quoted("*:argument:(\(command.words.joined(separator: " ")))"))")
      lines.append("      ;;")
    }
    lines += ["    help) _describe command commands ;;", "  esac", "}", "_roofline \"$@\""]
    return lines.joined(separator: "\n") + "\n"
  }

  private func zsh(_ suggestions: Suggestions) -> String {
    switch suggestions {
    case .none: " "
    case .files: "_files"
    case .words(let choices): "_values -s , choice \(choices().joined(separator: " "))"
    case .catalog(let kind): "_alternative \"names:name:($(\(Self.list(kind))))\" \"files:file:_files\""
    }
  }

  // MARK: fish

  private var fish: String {
    var lines = [
      "# fish completion for roofline; made by `roofline completion fish`.", "complete -c roofline -f",
    ]
    for command in commands {
      lines.append(
        "complete -c roofline -n __fish_use_subcommand -a \(command.name) -d \(fishQuoted(command.summary))")
    }
    for command in commands {
      let condition = "-n '__fish_seen_subcommand_from \(command.name)'"
      for option in command.options.map(\.declaration) {
        let value = option.value == nil ? "" : fish(option.suggestions)
        lines.append("complete -c roofline \(condition) -l \(option.name)\(value) -d \(fishQuoted(option.help))")
      }
      if !command.words.isEmpty {
        lines.append("complete -c roofline \(condition) -a \(fishQuoted(command.words.joined(separator: " ")))")
      } else if command.positionals.upperBound > 0 {
        lines.append("complete -c roofline \(condition) -F")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func fish(_ suggestions: Suggestions) -> String {
    switch suggestions {
    case .none: " -x"
    case .files: " -r -F"
    case .words(let choices): " -x -a \(fishQuoted(choices().joined(separator: " ")))"
    case .catalog(let kind): " -r -F -a \(fishQuoted("(\(Self.list(kind)))"))"
    }
  }

  private func fishQuoted(_ text: String) -> String {
    "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
  }
}
