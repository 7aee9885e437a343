import RooflineCore

/// What came of a list of tasks that a command was asked to time.
package struct ExternalRun: Sendable {
  package var measurements: [ExternalMeasurement] = []
  /// What the command did not measure, by its own word.
  package var skipped: [Refusal] = []
  /// What it met an error in, by its own word, and answers that make no sense.
  package var failed: [Failure] = []
  /// Tasks without an answer.
  package var left: Int
  package var end = End.finished

  package struct Refusal: Hashable, Sendable {
    package let task: MeasurementTask
    /// The library; nil where the whole task was left out.
    package let family: String?
    package let reason: String
  }

  package struct Failure: Sendable {
    package let task: MeasurementTask
    package let family: String?
    package let fault: Fault

    package enum Fault: Sendable {
      /// A sentence of the command's.
      case told(String)
      /// What is wrong with its answer.
      case answer(InputError)
    }
  }

  package enum End: Sendable {
    case finished
    case interrupted
    case fault(RunnerFault)
  }

  package init(tasks: Int) { left = tasks }
}

/// Why a command's answers come to an end before their time. Values only; `RooflineReport` turns them into sentences.
package enum RunnerFault: Error, Sendable {
  /// It could not be started: the system's number of the error.
  case notStarted(code: Int32)
  /// A line that is no JSON object.
  case noAnswer(line: Int, text: String)
  /// A line beyond what any answer takes, bytes.
  case tooLong(line: Int, limit: Int)
  /// A first line about the device that makes no sense.
  case wrongHeader(InputError)
  /// A line about the device behind the first one.
  case lateHeader(line: Int)
  /// An answer to a task that was not asked for, or without a number.
  case unknownTask(line: Int, found: String, tasks: Int)
  case answeredTwice(line: Int, id: Int)
  /// Neither the command nor the arguments say which GPU it is.
  case noDevice
  /// The file that is gone on with is of another GPU.
  case otherDevice(file: String, before: String, now: String)
  /// No answer for so long, s.
  case silent(seconds: Double, lastWords: String)
  /// It came to an end with tasks unanswered, or not with success.
  case ended(Exit, unanswered: Int, hasClosedInput: Bool, lastWords: String)

  package enum Exit: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
  }
}
