import RooflineCore
import RooflineDeployment

/// A JSON document whose decode steps are written while they are computed: ten million of them are never held at once.
package struct StepListing: Sequence, Sendable {
  /// What stands before the list, and behind it.
  package let head, tail: String
  private let steps: DecodeSteps

  /// - Parameter document: the document with `null` in place of the list.
  /// - Returns: nil where it has no such place.
  package init?(_ document: String, steps: DecodeSteps) {
    // Quotes inside of strings have a backslash before them, so that this stands for nothing but the key.
    let place = "\"steps\" : null"
    guard let range = document.firstRange(of: place) else { return nil }
    head = document[..<range.lowerBound] + "\"steps\" : ["
    tail = "\n    ]" + document[range.upperBound...]
    self.steps = steps
  }

  /// Some hundred steps at a time, then `tail`.
  package func makeIterator() -> AnyIterator<String> {
    var position = 0
    var isOver = false
    return AnyIterator {
      guard position < steps.count else {
        defer { isOver = true }
        return isOver ? nil : tail
      }
      var piece = ""
      for _ in 0..<Swift.min(1000, steps.count - position) {
        piece += (position == 0 ? "\n" : ",\n") + StepListing.entry(steps[position])
        position += 1
      }
      return piece
    }
  }

  /// How many steps there are.
  package var count: UInt64 { UInt64(steps.count) }

  /// As `JSONFormat` writes it, at this depth of the document.
  private static func entry(_ step: DecodeSteps.Step) -> String {
    """
          {
            "context" : \(step.context),
            "timeSeconds" : \(step.time.map { number($0.value) } ?? "null")
          }
    """
  }

  private static func number(_ value: Double) -> String {
    let digits = "\(value)"
    return digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
  }
}

extension StepListing: Hashable {
  /// The document says what the steps are computed from.
  package static func == (left: StepListing, right: StepListing) -> Bool {
    left.head == right.head && left.tail == right.tail
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(head)
    hasher.combine(tail)
  }
}
