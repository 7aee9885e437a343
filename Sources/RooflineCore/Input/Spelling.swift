/// Suggestions for mistyped names.
package enum Spelling {
  /// Up to three candidates that differ from `word` by few edits, nearest first; case and `_`/`-` do not count.
  package static func nearest(to word: String, among candidates: [String]) -> [String] {
    let target = Array(normalized(word).unicodeScalars)
    guard !target.isEmpty else { return [] }
    // Fewer edits than letters: else every short name is near every other.
    let limit = min(max(2, target.count / 3), target.count - 1)
    var scored: [(distance: Int, name: String)] = []
    for candidate in candidates where !scored.contains(where: { $0.name == candidate }) {
      let name = Array(normalized(candidate).unicodeScalars)
      // The beginning of a name is near however long the name is.
      let isBeginning = target.count >= 3 && name.starts(with: target)
      // It takes as many edits as one word is longer: a word of 100,000 letters is not compared letter by letter.
      let isNear = abs(target.count - name.count) <= limit
      let distance = min(isNear ? editDistance(target, name) : .max, isBeginning ? 1 : .max)
      if distance <= limit { scored.append((distance, candidate)) }
    }
    return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }

  /// Whether a word is another one with one letter slipped, or two of a long one: near enough that nobody means something else.
  static func isSlip(_ word: String, of other: String) -> Bool {
    let (left, right) = (Array(normalized(word).unicodeScalars), Array(normalized(other).unicodeScalars))
    guard left != right else { return word != other }
    let allowed = min(left.count, right.count) < 8 ? 1 : 2
    return abs(left.count - right.count) <= allowed && editDistance(left, right) <= allowed
  }

  /// The form in which names are compared.
  package static func normalized(_ name: String) -> String {
    String(name.lowercased().map { $0 == "_" || $0 == " " ? "-" : $0 })
  }

  /// Insertions, deletions and substitutions between two words (Levenshtein), row by row.
  private static func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var previous = Array(0...right.count)
    for (row, scalar) in left.enumerated() {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for (column, other) in right.enumerated() {
        current.append(
          min(previous[column] + (scalar == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
      }
      previous = current
    }
    return previous[right.count]
  }
}
