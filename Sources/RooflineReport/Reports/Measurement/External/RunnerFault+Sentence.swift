import RooflineCore
import RooflineMeasurement

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension RunnerFault {
  /// One sentence: what the command of `--external` did, and the way out.
  package var sentence: String {
    switch self {
    case .notStarted(let code): "the command of --external could not be started (error \(code) of the system)"
    case .noAnswer(let line, let text):
      "the command of --external printed no answer in line \(line): \"\(text)\" is no JSON object; let it print answers alone on its standard output"
    case .tooLong(let line, let limit):
      "the command of --external printed more than \(limit) bytes in line \(line); an answer is one short line of JSON"
    case .wrongHeader(let error): error.sentence
    case .lateHeader(let line):
      "the command of --external speaks of its device again in line \(line); that belongs into its first line, once"
    case .unknownTask(let line, let found, let tasks):
      "the command of --external answered task \(found) in line \(line), and was asked tasks 1 to \(tasks)"
    case .answeredTwice(let line, let id):
      "the command of --external answered task \(id) a second time in line \(line); give all results of a task in one line"
    case .noDevice:
      "the command of --external does not say which GPU it measures on; let its first line be {\"device\": {\"name\": …}}, or give --hardware"
    case .otherDevice(let file, let before, let now):
      "\(file) is of \(before.quoted), and the command of --external measures on \(now.quoted); measure into another file"
    case .silent(let seconds, let lastWords):
      "the command of --external answered nothing for \(Numbers.short(seconds))s and was ended\(Self.saying(lastWords)); --timeout gives it longer"
    case .ended(let exit, let unanswered, let hasClosedInput, let lastWords):
      Self.ended(exit, unanswered, hasClosedInput) + Self.saying(lastWords)
    }
  }

  private static func ended(_ exit: Exit, _ unanswered: Int, _ hasClosedInput: Bool) -> String {
    let end =
      switch exit {
      case .code(0): hasClosedInput ? "closed its input before it had read every task" : "came to its end"
      case .code(let code): "ended with exit code \(code)"
      case .signal(let number): "was ended by signal \(number)"
      }
    return "the command of --external \(end)"
      + (unanswered > 0
        ? " with \(unanswered) task\(unanswered == 1 ? "" : "s") unanswered" : " behind its last answer")
  }

  /// What it wrote to standard error last.
  private static func saying(_ words: String) -> String { words.isEmpty ? "" : ", saying \"\(words)\"" }
}

extension ExternalRun.Failure.Fault {
  package var sentence: String {
    switch self {
    case .told(let sentence): sentence
    case .answer(let error): error.sentence
    }
  }
}
